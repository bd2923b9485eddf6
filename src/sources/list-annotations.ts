/** Source: the inputs of an app that have annotations, with those annotations. */

import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inputItem, listedInput } from "../clarifai/listing/input-item.js";
import { defaultPerPage } from "../clarifai/listing/numbered-pages.js";
import { annotationsOf, Memberships } from "../clarifai/listing/records.js";
import { streamedPages } from "../clarifai/listing/streamed-pages.js";
import { inParts } from "../clarifai/requests.js";
import { annotationStatus } from "../clarifai/wire/annotation-status.js";
import type { ListedAnnotation } from "../clarifai/wire/annotations.js";
import type { WireInput } from "../clarifai/wire/decode-answers.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { otherShard, type SourceItem } from "../core/plugin/source.js";

const ids = z.array(z.string().min(1)).min(1);
const optionFields = {
  /** Only annotations of inputs with these ids, in this order. An input that does not exist, or that has no such annotation, is skipped with the reason. An empty list selects none. */
  inputs: z.array(z.string().min(1)).optional(),
  /** Only annotations in one of these states: their codes, or "success", "pending", "failed", "awaiting review", "awaiting consensus review" and "review denied". */
  statuses: z.array(annotationStatus).min(1).optional(),
  /** Only annotations of these users. With `models` or `workflows`, annotations of any of them. */
  workers: ids.optional(),
  /** Only annotations of these versions of models. */
  models: ids.optional(),
  /** Only annotations of these versions of workflows. */
  workflows: ids.optional(),
  /** Only annotations of this task. */
  task: z.string().min(1).optional(),
  /** Also annotations that are not trusted, such as those of models. Default: false; the API includes them if workers, models or workflows are named. */
  untrusted: z.boolean().default(false),
};
const Options = z.strictObject(optionFields);
/** Options of `listAnnotations`. */
export type ListAnnotationsOptions = OptionsOf<typeof optionFields>;

const filters = ["inputs", "statuses", "workers", "models", "workflows", "task"] as const;

/**
 * Lists the annotations of an app: each input that has some, oldest first, with the annotations that pass the filters. So `addAnnotations` copies them to
 * another app, `patchAnnotations` and `patch` change them, and `removeAnnotations` deletes them.
 *
 * Every annotation that exists during the whole listing is yielded once, even while this flow or another process deletes, adds or patches annotations: the
 * annotations of 128 inputs are read to their end before the first of these inputs is yielded. The annotation that the platform adds to every input, which
 * has its concepts and metadata, is not among them.
 *
 * Filters that are undefined are refused. The source itself filters by status. An early stop reads no further page.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {ApiError} (the run rejects) when a page cannot be read
 * @throws {SourceError} (the run rejects) ERR_LISTING when the server does not continue after a page
 * @example const waiting = await flow(listAnnotations(app, { statuses: ["awaiting review"] })).toArray();
 */
export const listAnnotations = defineSource({
  name: "listAnnotations",
  parse(app: App, options: ListAnnotationsOptions = {}) {
    checkApp("listAnnotations", app);
    return { app, ...parseOptions("listAnnotations", Options, options, filters) };
  },
  from: ({ app }) => app.address,
  async *read({ app, ...options }, { signal, wholeRecords = false, trust, pace, isOtherShard }) {
    trust?.((url) => app.authorize(url));
    pace?.(app.transport);
    const memberships = wholeRecords ? await Memberships.read(app, signal) : undefined;
    for await (const { asked, inputs } of pagesOf(app, options, signal)) {
      const own = isOtherShard ? inputs.filter(({ id }) => !isOtherShard(id)) : inputs;
      const found = await annotationsIn(app, own, options, signal);
      const byId = new Map(inputs.map((wire) => [wire.id, wire]));
      for (const id of asked ?? byId.keys()) {
        if (isOtherShard?.(id)) {
          yield { origin: id, skipped: otherShard };
          continue;
        }
        const wire = byId.get(id);
        const annotations = found.get(id) ?? [];
        if (wire && annotations.length > 0)
          yield inputItem(app, wire, listedInput(wire, memberships?.of(id) ?? [], annotations), annotations);
        else if (asked)
          yield skipped(id, wire ? "it has no annotation that passes the filters" : "no input has this id");
      }
    }
  },
});

type Checked = z.output<typeof Options>;

/** A page of inputs; `asked` are the ids that a page of ids was to have. */
interface Page {
  inputs: readonly WireInput[];
  asked?: readonly string[];
}

async function* pagesOf(app: App, { inputs: wanted }: Checked, signal: AbortSignal): AsyncGenerator<Page, void> {
  if (!wanted) {
    for await (const inputs of streamedPages(app, defaultPerPage, signal)) yield { inputs };
    return;
  }
  for (const asked of inParts([...new Set(wanted)], limits.maxIdsPerRequest)) {
    yield { inputs: await app.listInputs({ ids: asked, signal }), asked };
  }
}

/** Reads the annotations of a page that pass the filters. */
async function annotationsIn(
  app: App,
  inputs: readonly WireInput[],
  { statuses, workers, models, workflows, task, untrusted }: Checked,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ListedAnnotation[]>> {
  if (inputs.length === 0) return new Map();
  const authors = { userIds: workers, modelVersionIds: models, workflowVersionIds: workflows };
  const found = await annotationsOf(
    app,
    inputs.map(({ id }) => id),
    signal,
    { ...authors, all: untrusted, taskId: task },
  );
  if (!statuses) return found;
  const passes = ({ status }: ListedAnnotation) => status !== undefined && statuses.includes(status.code);
  return new Map([...found].map(([id, annotations]) => [id, annotations.filter(passes)]));
}

function skipped(id: string, reason: string): SourceItem {
  return { origin: id, skipped: reason };
}

/** Source: the inputs that an app has. */

import * as z from "zod";
import type { App } from "../client/app.js";
import { checkApp } from "../client/check-app.js";
import { listedOf } from "../client/listed.js";
import { inputFromWire, type WireInput } from "../client/wire.js";
import { type ListedAnnotation, plainAnnotation } from "../client/wire-annotation.js";
import type { InputDraft } from "../core/input.js";
import { kinds, mediaKinds } from "../core/kinds.js";
import { limits } from "../core/limits.js";
import { type OptionsOf, parseOptions, type Source, type SourceItem } from "../core/plugin.js";

const Options = z.strictObject({
  /** Kinds to yield; an image with a text counts as image. Default: all. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Only inputs of this dataset. */
  dataset: z.string().min(1).optional(),
  /** Only these inputs; ids that do not exist are passed by. */
  ids: z.array(z.string().min(1)).optional(),
  /** Only inputs with this status code, such as 30000 (processed) or 30002 (failed). */
  status: z.number().int().optional(),
  /** Yields one page only, from 1. Without it, all pages. */
  page: z.number().int().min(1).optional(),
  /** Inputs on a page, 1 to 1000. Default: 128. */
  perPage: z.number().int().min(1).max(limits.maxPerPage).default(128),
  /** Also reads the annotations (boxes, polygons, concepts) of each input. Default: false. */
  annotations: z.boolean().default(false),
});
/** Options of `listInputs`. */
export type ListInputsOptions = OptionsOf<typeof Options>;

/**
 * Lists the inputs of an app, oldest first; with `page`, one page in the order of the server.
 *
 * All pages are read through the API's stream, which neither skips nor repeats an input while others add some; the next page is
 * asked for when the one before it is about to be handed out, so that deleting what is listed is safe. Contents are URLs: `download` fetches
 * them. Kinds are filtered here, after the page was read.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {ApiError} (the run rejects) when a page cannot be read
 * @example const firstFive = await flow(listInputs(app, { kinds: ["image"] })).pipe(take(5)).toArray();
 */
export function listInputs(app: App, options: ListInputsOptions = {}): Source {
  checkApp("listInputs", app);
  const checked = parseOptions("listInputs", Options, options);
  return {
    name: "listInputs",
    total: isWhole(checked) ? () => countInputs(app) : undefined,
    async *read({ signal }) {
      let next: Promise<WireInput[]> | undefined;
      const pages = pagesOf(app, checked, signal);
      try {
        next = nextPage(pages);
        for (;;) {
          const page = await next;
          if (page.length === 0) return;
          next = nextPage(pages);
          next.catch(() => undefined); // it is awaited above, unless the flow stops first
          yield* itemsOf(app, page, checked, signal);
        }
      } finally {
        await pages.return(undefined);
      }
    },
  };
}

type Checked = z.output<typeof Options>;

/** Whether all inputs of the app are listed: only their number is known beforehand. */
function isWhole({ kinds, dataset, ids, status, page }: Checked): boolean {
  return [kinds, dataset, ids, status, page].every((option) => option === undefined);
}

async function countInputs(app: App): Promise<number> {
  const { processed, toProcess, errors, processing } = await app.countInputs();
  return processed + toProcess + errors + processing;
}

/** The next page that has inputs; an empty list is the end. */
async function nextPage(pages: AsyncGenerator<WireInput[], void>): Promise<WireInput[]> {
  const { value } = await pages.next();
  return value ?? [];
}

async function* pagesOf(app: App, options: Checked, signal: AbortSignal): AsyncGenerator<WireInput[], void> {
  const { ids, dataset, page, perPage, status } = options;
  if (ids) {
    for (let at = 0; at < ids.length; at += limits.maxIdsPerRequest) {
      yield app.listInputs({ ids: ids.slice(at, at + limits.maxIdsPerRequest), signal });
    }
  } else if (dataset !== undefined) {
    for (let number = page ?? 1; ; number += 1) {
      const inputs = await app.listDatasetInputs(dataset, { page: number, perPage, signal });
      yield inputs;
      if (page !== undefined || inputs.length < perPage) return;
    }
  } else if (page !== undefined) {
    yield app.listInputs({ page, perPage, statusCode: status, signal });
  } else {
    for (let lastId: string | undefined; ; ) {
      const inputs: WireInput[] = await app.streamInputs({ perPage, lastId, signal });
      yield inputs;
      lastId = inputs.at(-1)?.id;
      if (inputs.length < perPage) return;
    }
  }
}

async function* itemsOf(
  app: App,
  page: readonly WireInput[],
  { kinds: wanted, annotations, status }: Checked,
  signal: AbortSignal,
): AsyncGenerator<SourceItem> {
  const found = page
    .filter((wire) => status === undefined || wire.status?.code === status)
    .map((wire) => ({ wire, input: inputFromWire(wire) }))
    .filter(({ input }) => !wanted || wanted.some((kind) => hasKind(input as InputDraft, kind)));
  const byInput = annotations
    ? await annotationsOf(
        app,
        found.map(({ input }) => input.id),
        signal,
      )
    : undefined;
  for (const { wire, input } of found) {
    const drawn = byInput?.get(input.id) ?? [];
    // What a flow changes of an input does not make it another one: a journal knows it by its id and its making.
    const key = input.createdAt === undefined ? undefined : `${input.id}\n${input.createdAt}`;
    const listed = listedOf(app, wire, byInput && drawn);
    yield { origin: input.id, input: { ...input, annotations: drawn.map(plainAnnotation) } as InputDraft, key, listed };
  }
}

function hasKind(input: InputDraft, kind: string): boolean {
  if (kind !== "text") return input[kind as "image"] !== undefined;
  const hasMedia = mediaKinds.some((other) => input[other] !== undefined);
  return !hasMedia && (input.text !== undefined || input.textUrl !== undefined);
}

/** The posted annotations of some inputs, without the one that every input has by itself. */
async function annotationsOf(
  app: App,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, ListedAnnotation[]>> {
  const byInput = new Map<string, ListedAnnotation[]>();
  for (let at = 0; at < ids.length; at += limits.maxIdsPerRequest) {
    const inputIds = ids.slice(at, at + limits.maxIdsPerRequest);
    for (let page = 1; ; page += 1) {
      const found = await app.listAnnotations({ inputIds, page, perPage: limits.maxPerPage, signal });
      for (const annotation of found) {
        if (annotation.inputLevel) continue;
        const list = byInput.get(annotation.inputId) ?? [];
        list.push(annotation);
        byInput.set(annotation.inputId, list);
      }
      if (found.length < limits.maxPerPage) break;
    }
  }
  return byInput;
}

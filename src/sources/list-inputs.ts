/** Source: the inputs of an app. */

import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inputItem } from "../clarifai/listing/input-item.js";
import { defaultPerPage, numberedPages } from "../clarifai/listing/numbered-pages.js";
import { annotationsOf, Memberships } from "../clarifai/listing/records.js";
import { streamedPages } from "../clarifai/listing/streamed-pages.js";
import { inParts } from "../clarifai/requests.js";
import { inputFromWire, type WireInput } from "../clarifai/wire/decode-answers.js";
import { OptionsError } from "../core/errors.js";
import type { InputDraft } from "../core/input/input.js";
import { kinds, mediaKinds } from "../core/input/kinds.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { SourceItem } from "../core/plugin/source.js";

const optionFields = {
  /** Kinds to yield. An image with a text counts as an image. Default: all. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Only inputs of this dataset. */
  dataset: z.string().min(1).optional(),
  /** Only inputs with these ids, in this order, each once. An id that does not exist, or that another filter excludes, is skipped with the reason. An empty list selects none. */
  ids: z.array(z.string().min(1)).optional(),
  /** Only inputs with this status code, such as 30000 (processed) or 30002 (failed). */
  status: z.number().int().optional(),
  /** Number of the one page to yield, from 1. Cannot be combined with `ids`. Default: all pages. */
  page: z.number().int().min(1).optional(),
  /** Inputs per page, 1 to 1000. Default: 128; 1000 when a dataset is read again. */
  perPage: z.number().int().min(1).max(limits.maxPerPage).optional(),
  /** Also reads the annotations (boxes, polygons, concepts) of each input. Default: false; true if the flow has a `download`. */
  annotations: z.boolean().default(false),
  /**
   * Also reads the datasets of each input. The API does not return them with an input, so the members of all datasets of the app are listed first, 1000
   * per request. Default: false; true if the flow has a `download`.
   */
  datasets: z.boolean().default(false),
};
const Options = z.strictObject(optionFields);
/** Options of `listInputs`. */
export type ListInputsOptions = OptionsOf<typeof optionFields>;

/** Options that narrow the listing. */
const filters = ["kinds", "dataset", "ids", "status", "page"] as const;

/**
 * Lists the inputs of an app, oldest first; with `dataset` or `page`, in the order of the server.
 *
 * Every input that exists during the whole listing is yielded once, even while this flow or another process deletes or adds inputs. So the same flow
 * can remove or patch the listed inputs. A dataset has numbered pages, which shift when inputs are deleted; it is read again until a pass finds no new
 * input. A dataset of more than one page therefore takes at least two passes. Inputs that are added meanwhile may be yielded too.
 *
 * An input must pass all filters. A filter whose value is undefined is refused. Contents are URLs, which `download` fetches. The source itself filters
 * by kind, after it has read a page, and by status, except with `page` alone. An early stop reads no further page.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {ApiError} (the run rejects) when a page cannot be read
 * @throws {SourceError} (the run rejects) ERR_LISTING when the server does not continue after a page
 * @example const firstFive = await flow(listInputs(app, { kinds: ["image"] })).pipe(take(5)).toArray();
 */
export const listInputs = defineSource({
  name: "listInputs",
  parse(app: App, options: ListInputsOptions = {}) {
    checkApp("listInputs", app);
    const checked = parseOptions("listInputs", Options, options, filters);
    if (checked.ids && checked.page !== undefined) {
      throw new OptionsError("ERR_OPTIONS", "listInputs: page and ids do not go together; leave one of them out");
    }
    return { app, ...checked };
  },
  total: ({ app, ...options }) => (isWhole(options) ? countInputs(app) : undefined),
  async *read({ app, ...options }, { signal, wholeRecords = false, trust }) {
    trust?.((url) => app.authorize(url));
    const annotations = options.annotations || wholeRecords;
    const memberships = options.datasets || wholeRecords ? await Memberships.read(app, signal) : undefined;
    let next: Promise<Page | undefined> | undefined;
    const pages = pagesOf(app, options, signal);
    try {
      next = nextPage(pages);
      for (;;) {
        const page = await next;
        if (!page) return;
        next = nextPage(pages);
        next.catch(() => undefined); // awaited above, unless the flow stops first
        const found = page.inputs.length > 0 && annotations ? await annotationsOf(app, idsOf(page), signal) : undefined;
        for (const wire of page.inputs) {
          yield inputItem(app, wire, found && (found.get(wire.id) ?? []), memberships?.of(wire.id) ?? []);
        }
        yield page.missing;
      }
    } finally {
      await pages.return(undefined);
    }
  },
});

type Checked = z.output<typeof Options>;

/** Inputs that pass the filters, and requested ids that have no such input. */
interface Page {
  inputs: readonly WireInput[];
  missing: readonly SourceItem[];
}

/** Whether all inputs of the app are listed. Only then is their number known before the listing. */
function isWhole(options: Checked): boolean {
  return filters.every((name) => options[name] === undefined);
}

async function countInputs(app: App): Promise<number> {
  const { processed, toProcess, errors, processing } = await app.countInputs();
  return processed + toProcess + errors + processing;
}

async function nextPage(pages: AsyncGenerator<Page, void>): Promise<Page | undefined> {
  const { value, done } = await pages.next();
  return done ? undefined : value;
}

function idsOf({ inputs }: Page): string[] {
  return inputs.map(({ id }) => id);
}

async function* pagesOf(app: App, options: Checked, signal: AbortSignal): AsyncGenerator<Page, void> {
  const passes = (wire: WireInput) => refusalOf(wire, options) === undefined;
  if (options.ids) {
    yield* pagesOfIds(app, new Set(options.ids), options, signal);
    return;
  }
  for await (const inputs of unfilteredPages(app, options, signal))
    yield { inputs: inputs.filter(passes), missing: [] };
}

async function* unfilteredPages(app: App, options: Checked, signal: AbortSignal): AsyncGenerator<WireInput[], void> {
  const { dataset, page, perPage = defaultPerPage, status } = options;
  if (dataset !== undefined) {
    if (page === undefined) yield* membersOf(app, dataset, options, signal);
    else yield await app.listDatasetInputs(dataset, { page, perPage, signal });
  } else if (page !== undefined) yield await app.listInputs({ page, perPage, statusCode: status, signal });
  else yield* streamedPages(app, perPage, signal);
}

function membersOf(
  app: App,
  dataset: string,
  { perPage }: Checked,
  signal: AbortSignal,
): AsyncGenerator<WireInput[], void> {
  return numberedPages({
    perPage,
    read: (page, size) => app.listDatasetInputs(dataset, { page, perPage: size, signal }),
    keyOf: ({ id }) => id,
  });
}

/** Lists the inputs of some ids, 128 per request; with a dataset, its members that have one of the ids. */
async function* pagesOfIds(
  app: App,
  ids: ReadonlySet<string>,
  options: Checked,
  signal: AbortSignal,
): AsyncGenerator<Page, void> {
  const { dataset } = options;
  if (dataset === undefined) {
    for (const part of inParts([...ids], limits.maxIdsPerRequest)) {
      const listed = new Map((await app.listInputs({ ids: part, signal })).map((wire) => [wire.id, wire]));
      yield pageOf(part, listed, options, "no input has this id");
    }
    return;
  }
  const members = new Map<string, WireInput>();
  for await (const page of membersOf(app, dataset, options, signal)) {
    for (const wire of page) if (ids.has(wire.id)) members.set(wire.id, wire);
  }
  yield pageOf([...ids], members, options, `the dataset "${dataset}" has no input with this id`);
}

function pageOf(
  ids: readonly string[],
  listed: ReadonlyMap<string, WireInput>,
  options: Checked,
  absent: string,
): Page {
  const inputs: WireInput[] = [];
  const missing: SourceItem[] = [];
  for (const id of ids) {
    const wire = listed.get(id);
    const reason = wire ? refusalOf(wire, options) : absent;
    if (wire && reason === undefined) inputs.push(wire);
    else missing.push({ origin: id, skipped: reason ?? absent });
  }
  return { inputs, missing };
}

/** Returns why a filter excludes an input; undefined if it passes. */
function refusalOf(wire: WireInput, { kinds: accepted, status }: Checked): string | undefined {
  if (status !== undefined && wire.status?.code !== status) return `its status is not ${status}`;
  if (!accepted) return undefined;
  const input = inputFromWire(wire) as InputDraft;
  return accepted.some((kind) => hasKind(input, kind)) ? undefined : `its kind is not ${accepted.join(" or ")}`;
}

function hasKind(input: InputDraft, kind: string): boolean {
  if (kind !== "text") return input[kind as "image"] !== undefined;
  const hasMedia = mediaKinds.some((other) => input[other] !== undefined);
  return !hasMedia && (input.text !== undefined || input.textUrl !== undefined);
}

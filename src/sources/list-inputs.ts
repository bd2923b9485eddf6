/** Source: the inputs of an app. */

import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { itemsOf, type Page, partsToRead } from "../clarifai/listing/items.js";
import { defaultPerPage, numberedPages } from "../clarifai/listing/numbered-pages.js";
import { streamedPages } from "../clarifai/listing/streamed-pages.js";
import { inParts } from "../clarifai/requests.js";
import { readableItems } from "../clarifai/stored-content/readable-items.js";
import type { WireInput } from "../clarifai/wire/decode-answers.js";
import { OptionsError } from "../core/errors.js";
import { type Filters, filterFields, filterNames, setFilters } from "../core/input/filter/filters.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { InputFilters } from "../core/plugin/filter-options.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { SourceItem } from "../core/plugin/source.js";
import { IdSet } from "../core/util/id-set.js";

const optionFields = {
  /** Only inputs of this dataset, or of any of these datasets, one after the other. An input in several of them is yielded once. In the order of the server. */
  dataset: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  /** Only inputs with these ids, in this order, each once. An id that does not exist, or that another filter excludes, is skipped with the reason. An empty list selects none. */
  ids: z.array(z.string().min(1)).optional(),
  /** Order: `oldest` or `newest` first, by the time of adding, or by `id`. Cannot be combined with `dataset`, `ids` and `page`. Default: oldest. */
  order: z.enum(["oldest", "newest", "id"]).optional(),
  /** Number of the one page to yield, from 1. Cannot be combined with `ids`. Default: all pages. */
  page: z.number().int().min(1).optional(),
  /** Inputs per page, 1 to 1000. Default: 128; 1000 when a dataset is read again. */
  perPage: z.number().int().min(1).max(limits.maxPerPage).optional(),
  /**
   * Also reads the annotations (boxes, polygons, concepts) of each input. Default: false; true if the filters `concepts` and `has` need them, and if the flow has
   * a `download`.
   */
  annotations: z.boolean().default(false),
  /**
   * A list of ids: only inputs that are in at least one of these datasets. With true, the source also reads the datasets of each input. The API does not
   * return them with an input, so for both, the members of all datasets of the app are listed first, 1000 per request. Default: false; true if the flow has a
   * `download`.
   */
  datasets: z
    .union([z.boolean(), z.array(z.string().min(1)).min(1)], "expected a boolean or ids of datasets")
    .default(false),
};
const Options = z.strictObject({ ...filterFields, ...optionFields });
/** Options of `listInputs`. */
export type ListInputsOptions = Omit<InputFilters, "datasets"> & OptionsOf<typeof optionFields>;

/** Options that narrow the listing. */
const selecting = [...filterNames, "dataset", "ids", "page"] as const;

/** Returns the filters among the options. */
function filtersOf({ datasets, ...options }: Checked): Filters {
  return setFilters({ ...options, ...(Array.isArray(datasets) ? { datasets } : {}) });
}

/**
 * Lists the inputs of an app in the `order` of adding or of ids; with `dataset` or `page`, in the order of the server.
 *
 * Every input that exists during the whole listing is yielded once, even while this flow or another process deletes or adds inputs. So the same flow
 * can remove or patch the listed inputs. A dataset has numbered pages, which shift when inputs are deleted; it is read again until a pass finds no new
 * input. A dataset of more than one page therefore takes at least two passes. Inputs that are added meanwhile may be yielded too.
 *
 * An input must pass all filters. A filter whose value is undefined is refused. The filters are those of `searchInputs`: there the server applies them, while
 * this source reads every input and applies them itself. Contents are URLs, which `download` fetches. An early stop reads no further page.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {ApiError} (the run rejects) when a page cannot be read
 * @throws {SourceError} (the run rejects) ERR_LISTING when the server does not continue after a page
 * @example
 * import { take } from "rxjs";
 * const firstFive = await flow(listInputs(app, { kinds: ["image"] })).pipe(take(5)).toArray();
 */
export const listInputs = defineSource({
  name: "listInputs",
  parse(app: App, options: ListInputsOptions = {}) {
    checkApp("listInputs", app);
    const checked = parseOptions("listInputs", Options, options, selecting);
    const fixed = (["dataset", "ids", "page"] as const).find((name) => checked[name] !== undefined);
    if (checked.order && fixed) {
      const text = `listInputs: order and ${fixed} do not go together; leave one of them out`;
      throw new OptionsError("ERR_OPTIONS", text);
    }
    if (checked.ids && checked.page !== undefined) {
      throw new OptionsError("ERR_OPTIONS", "listInputs: page and ids do not go together; leave one of them out");
    }
    if (Array.isArray(checked.dataset) && checked.page !== undefined) {
      throw new OptionsError("ERR_OPTIONS", "listInputs: page needs one dataset by its name, not a list of datasets");
    }
    return { app, ...checked };
  },
  total: ({ app, ...options }) => (isWhole(options) ? countInputs(app) : undefined),
  async *read({ app, ...options }, context) {
    context.trust?.((url) => app.authorize(url));
    context.pace?.(app.transport);
    const filters = filtersOf(options);
    const parts = partsToRead({ ...options, datasets: options.datasets === true }, filters, context);
    const { isOtherShard } = context;
    const selection = { filters, parts, reportsExcluded: options.ids !== undefined, isOtherShard };
    const items = itemsOf(app, pagesOf(app, options, context.signal), selection, context.signal);
    yield* context.readsContents ? readableItems(app, items, context) : items;
  },
});

type Checked = z.output<typeof Options>;

/** Whether all inputs of the app are listed. Only then is their number known before the listing. */
function isWhole(options: Checked): boolean {
  return selecting.every((name) => options[name] === undefined || options[name] === true || options[name] === false);
}

async function countInputs(app: App): Promise<number> {
  const { processed, toProcess, errors, processing } = await app.countInputs();
  return processed + toProcess + errors + processing;
}

async function* pagesOf(app: App, options: Checked, signal: AbortSignal): AsyncGenerator<Page, void> {
  if (options.ids) yield* pagesOfIds(app, new Set(options.ids), options, signal);
  else for await (const inputs of unfilteredPages(app, options, signal)) yield { inputs };
}

async function* unfilteredPages(app: App, options: Checked, signal: AbortSignal): AsyncGenerator<WireInput[], void> {
  const { dataset, page, perPage = defaultPerPage, status, order } = options;
  if (dataset !== undefined) {
    const [first = ""] = [dataset].flat();
    if (page === undefined) yield* membersOf(app, dataset, options, signal);
    else yield await app.listDatasetInputs(first, { page, perPage, signal });
  } else if (page !== undefined) yield await app.listInputs({ page, perPage, statusCode: status, signal });
  else yield* streamedPages(app, perPage, signal, order);
}

/** Lists the members of datasets, each input once. */
async function* membersOf(
  app: App,
  datasets: string | readonly string[],
  { perPage }: Checked,
  signal: AbortSignal,
): AsyncGenerator<WireInput[], void> {
  const seen = new IdSet();
  for (const dataset of new Set([datasets].flat())) {
    const pages = numberedPages({
      perPage,
      read: (page, size) => app.listDatasetInputs(dataset, { page, perPage: size, signal }),
      keyOf: ({ id }) => id,
    });
    if (typeof datasets === "string") yield* pages;
    else for await (const page of pages) yield page.filter(({ id }) => seen.add(id));
  }
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
      yield pageOf(part, listed, "no input has this id");
    }
    return;
  }
  const members = new Map<string, WireInput>();
  for await (const page of membersOf(app, dataset, options, signal)) {
    for (const wire of page) if (ids.has(wire.id)) members.set(wire.id, wire);
  }
  const absent = typeof dataset === "string" ? `the dataset "${dataset}" has` : "the datasets have";
  yield pageOf([...ids], members, `${absent} no input with this id`);
}

function pageOf(ids: readonly string[], listed: ReadonlyMap<string, WireInput>, absent: string): Page {
  const inputs: WireInput[] = [];
  const missing: SourceItem[] = [];
  for (const id of ids) {
    const wire = listed.get(id);
    if (wire) inputs.push(wire);
    else missing.push({ origin: id, skipped: absent });
  }
  return { inputs, missing };
}

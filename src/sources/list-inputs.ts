/** Source: the inputs that an app has. */

import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { listedOf } from "../clarifai/listing/listed.js";
import { defaultPerPage, numberedPages } from "../clarifai/listing/numbered-pages.js";
import { annotationsOf, Memberships } from "../clarifai/listing/records.js";
import { streamedPages } from "../clarifai/listing/streamed-pages.js";
import { plainAnnotation } from "../clarifai/wire/annotations.js";
import { inputFromWire, type WireInput } from "../clarifai/wire/inputs.js";
import { OptionsError } from "../core/errors.js";
import type { InputDraft } from "../core/input/input.js";
import { kinds, mediaKinds } from "../core/input/kinds.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { SourceItem } from "../core/plugin/source.js";

const Options = z.strictObject({
  /** Kinds to yield; an image with a text counts as image. Default: all. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Only inputs of this dataset. */
  dataset: z.string().min(1).optional(),
  /** Only these inputs, in this order, each once. One that does not exist, or that another filter leaves out, is skipped with the reason. An empty list selects none. */
  ids: z.array(z.string().min(1)).optional(),
  /** Only inputs with this status code, such as 30000 (processed) or 30002 (failed). */
  status: z.number().int().optional(),
  /** Yields one page only, from 1; not together with `ids`. Without it, all pages. */
  page: z.number().int().min(1).optional(),
  /** Inputs on a page, 1 to 1000. Default: 128; 1000 when a dataset is read again. */
  perPage: z.number().int().min(1).max(limits.maxPerPage).optional(),
  /** Also reads the annotations (boxes, polygons, concepts) of each input. Default: false; true when a `download` stands behind. */
  annotations: z.boolean().default(false),
  /**
   * Also finds out which datasets each input is in. The API does not tell it of an input, so the members of all datasets of the app are listed first, 1000
   * to a request. Default: false; true when a `download` stands behind.
   */
  datasets: z.boolean().default(false),
});
/** Options of `listInputs`. */
export type ListInputsOptions = OptionsOf<typeof Options>;

/** Options that narrow the listing. */
const filters = ["kinds", "dataset", "ids", "status", "page"] as const;

/**
 * Lists the inputs of an app, oldest first; with `dataset` or `page`, in the order of the server.
 *
 * Every input that is there from the beginning to the end of the listing is yielded once, also while this flow or another process deletes or adds
 * inputs: what is listed may be removed or patched at once. A dataset has numbered pages that shift when inputs are deleted, so it is read again until
 * a pass finds nothing new; a dataset of more than one page costs at least a second pass. Inputs that are added meanwhile may be yielded too.
 *
 * Filters add up: an input has to pass all of them. A filter that is given as undefined is refused. Contents are URLs: `download` fetches them. Kinds are
 * filtered here, after the page was read; so is the status, except with `page` alone.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {ApiError} (the run rejects) when a page cannot be read
 * @throws {SourceError} (the run rejects) ERR_LISTING when the server does not go on behind a page
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
        next.catch(() => undefined); // it is awaited above, unless the flow stops first
        const found = page.inputs.length > 0 && annotations ? await annotationsOf(app, idsOf(page), signal) : undefined;
        for (const wire of page.inputs) yield itemOf(app, wire, found, memberships);
        yield page.missing;
      }
    } finally {
      await pages.return(undefined);
    }
  },
});

type Checked = z.output<typeof Options>;

/** Inputs that pass the filters, and ids that were asked for and have none. */
interface Page {
  inputs: readonly WireInput[];
  missing: readonly SourceItem[];
}

/** Whether all inputs of the app are listed: only their number is known beforehand. */
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

/** The inputs of some ids, 128 to a request; of a dataset, those of its members that are among them. */
async function* pagesOfIds(
  app: App,
  ids: ReadonlySet<string>,
  options: Checked,
  signal: AbortSignal,
): AsyncGenerator<Page, void> {
  const { dataset } = options;
  if (dataset === undefined) {
    for (let at = 0, all = [...ids]; at < all.length; at += limits.maxIdsPerRequest) {
      const part = all.slice(at, at + limits.maxIdsPerRequest);
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

/** Why an input is left out by the filters that are applied here; undefined if it passes. */
function refusalOf(wire: WireInput, { kinds: wanted, status }: Checked): string | undefined {
  if (status !== undefined && wire.status?.code !== status) return `its status is not ${status}`;
  if (!wanted) return undefined;
  const input = inputFromWire(wire) as InputDraft;
  return wanted.some((kind) => hasKind(input, kind)) ? undefined : `its kind is not ${wanted.join(" or ")}`;
}

function itemOf(
  app: App,
  wire: WireInput,
  annotations: Awaited<ReturnType<typeof annotationsOf>> | undefined,
  memberships: Memberships | undefined,
): SourceItem {
  const input = inputFromWire(wire);
  const drawn = annotations && (annotations.get(input.id) ?? []);
  const record = {
    annotations: (drawn ?? []).map(plainAnnotation),
    datasets: memberships?.of(input.id) ?? [],
  };
  // What a flow changes of an input does not make it another one: a journal knows it by its id and its making.
  const key = input.createdAt === undefined ? undefined : `${input.id}\n${input.createdAt}`;
  return { origin: input.id, input: { ...input, ...record } as InputDraft, key, listed: listedOf(app, wire, drawn) };
}

function hasKind(input: InputDraft, kind: string): boolean {
  if (kind !== "text") return input[kind as "image"] !== undefined;
  const hasMedia = mediaKinds.some((other) => input[other] !== undefined);
  return !hasMedia && (input.text !== undefined || input.textUrl !== undefined);
}

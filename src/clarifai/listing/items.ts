/** Turns pages of listed inputs into items of a source: reads further parts of their records, and applies filters. */

import { InputError } from "../../core/errors.js";
import { type Filters, partsFor, type RecordPart } from "../../core/input/filter/filters.js";
import { exclusionOf } from "../../core/input/filter/passes.js";
import { type Input, mediaOf } from "../../core/input/input.js";
import { otherShard, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import type { App } from "../client/app.js";
import { type ListedAnnotation, plainAnnotation } from "../wire/annotations.js";
import type { WireInput } from "../wire/decode-answers.js";
import { inputItem, listedInput } from "./input-item.js";
import { annotationsOf, Memberships } from "./records.js";
import { sizesOf } from "./sizes.js";

/** Inputs of one page, and requested ids that have no such input. */
export interface Page {
  inputs: readonly WireInput[];
  missing?: readonly SourceItem[] | undefined;
}

/** What is read of each input, and which inputs become items. */
export interface Selection {
  filters: Filters;
  /** Parts of each record that are read. */
  parts: ReadonlySet<RecordPart>;
  /** Whether an input that the filters exclude becomes a skipped item with the reason. */
  reportsExcluded?: boolean | undefined;
  /** Whether an input belongs to another shard; nothing more is read of it. */
  isOtherShard?: ReadContext["isOtherShard"];
  /** Maximum number of inputs that become items. The next page is then requested only if it is needed. */
  maxItems?: number | undefined;
}

/** Returns the parts of records that options, filters and the stages of the flow ask for. */
export function partsToRead(
  options: { annotations?: boolean | undefined; datasets?: boolean | undefined },
  filters: Filters,
  { wholeRecords, parts = new Set() }: ReadContext,
): Set<RecordPart> {
  const all = new Set([...parts, ...partsFor(filters)]);
  if (options.annotations || wholeRecords) all.add("annotations");
  if (options.datasets || wholeRecords) all.add("datasets");
  return all;
}

/** Yields the items of pages. The next page is requested while the items of a page are taken. */
export async function* itemsOf(
  app: App,
  pages: AsyncGenerator<Page, void>,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<SourceItem, void> {
  const { parts, maxItems, isOtherShard } = selection;
  const memberships = parts.has("datasets") ? await Memberships.read(app, signal) : undefined;
  let next: Promise<Page | undefined> | undefined;
  let left = maxItems ?? Number.POSITIVE_INFINITY;
  try {
    for (;;) {
      const page = await (next ?? nextPage(pages));
      if (!page) return;
      if (maxItems === undefined) next = nextPage(pages);
      next?.catch(() => undefined); // awaited above, unless the flow stops first
      const listed: ListedRecord[] = page.inputs.map((wire) => ({
        wire,
        input: listedInput(wire, memberships?.of(wire.id) ?? []),
      }));
      const records = isOtherShard ? listed.filter(({ wire }) => !isOtherShard(wire.id)) : listed;
      if (records.length < listed.length) {
        const known = new Set<RecordPart>(memberships ? ["datasets"] : []);
        for (const record of listed) {
          if (isOtherShard?.(record.wire.id) && excludes(record, selection.filters, known) === undefined)
            yield { origin: record.wire.id, skipped: otherShard };
        }
      }
      for (const item of await selected(app, records, selection, signal)) {
        if ("input" in item && left-- === 0) return;
        yield item;
      }
      yield* page.missing ?? [];
      if (left === 0) return;
    }
  } finally {
    await pages.return(undefined);
  }
}

/** A listed input. `outcome`: why the filters exclude it, or the error of a part that cannot be read. */
interface ListedRecord {
  wire: WireInput;
  input: Input;
  annotations?: readonly ListedAnnotation[] | undefined;
  sizeBytes?: number | undefined;
  outcome?: string | InputError | undefined;
}

/** Applies the filters, and reads further parts only for inputs that pass the filters so far. */
async function selected(
  app: App,
  records: ListedRecord[],
  { filters, parts, reportsExcluded }: Selection,
  signal: AbortSignal,
): Promise<SourceItem[]> {
  const known = new Set<RecordPart>(parts.has("datasets") ? ["datasets"] : []);
  const passing = () => {
    for (const record of records) record.outcome ??= excludes(record, filters, known);
    return records.filter(({ outcome }) => outcome === undefined);
  };
  let left = passing();
  if (parts.has("annotations") && left.length > 0) {
    const found = await annotationsOf(
      app,
      left.map(({ input }) => input.id),
      signal,
    );
    for (const record of left) {
      record.annotations = found.get(record.input.id) ?? [];
      record.input = { ...record.input, annotations: record.annotations.map(plainAnnotation) };
    }
    known.add("annotations");
    left = passing();
  }
  if (parts.has("sizes") && left.length > 0) {
    const sizes = await sizesOf(
      left.map(({ input }) => input),
      (url) => app.authorize(url),
      signal,
    );
    for (const [index, size] of sizes.entries()) {
      const record = left[index] as ListedRecord;
      if (size instanceof InputError) record.outcome = size;
      else {
        record.sizeBytes = size;
        record.input = withSize(record.input, size);
      }
    }
    known.add("sizes");
    left = passing();
  }
  return records.flatMap((record) => itemOf(app, record, reportsExcluded));
}

/** Returns why filters exclude an input, or the error of a filter that needs a field which the input does not have. */
function excludes(
  { input, sizeBytes }: ListedRecord,
  filters: Filters,
  parts: ReadonlySet<RecordPart>,
): string | InputError | undefined {
  try {
    return exclusionOf(input, filters, parts, sizeBytes);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** Adds the size of its media to an input. */
function withSize(input: Input, storedBytes: number | undefined): Input {
  const media = mediaOf(input);
  if (!media || !("url" in media.content) || storedBytes === undefined) return input;
  return { ...input, [media.kind]: { ...media.content, storedBytes } };
}

function itemOf(app: App, { wire, input, annotations, outcome }: ListedRecord, reportsExcluded = false): SourceItem[] {
  const origin = input.id;
  if (outcome instanceof InputError) return [{ origin, error: outcome }];
  if (outcome !== undefined) return reportsExcluded ? [{ origin, skipped: outcome }] : [];
  return [inputItem(app, wire, input, annotations)];
}

async function nextPage(pages: AsyncGenerator<Page, void>): Promise<Page | undefined> {
  const { value, done } = await pages.next();
  return done ? undefined : value;
}

/** Turns pages of listed inputs into items of a source: reads further parts of their records, and applies filters. */

import { InputError } from "../../core/errors.js";
import { type Filters, partsFor, type RecordPart } from "../../core/input/filter/filters.js";
import { exclusionOf } from "../../core/input/filter/passes.js";
import type { Input, InputDraft } from "../../core/input/input.js";
import type { ReadContext, SourceItem } from "../../core/plugin/source.js";
import type { App } from "../client/app.js";
import { type ListedAnnotation, plainAnnotation } from "../wire/annotations.js";
import { inputFromWire, type WireInput } from "../wire/decode-answers.js";
import { listedOf } from "./listed.js";
import { annotationsOf, Memberships } from "./records.js";

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
  { filters, parts, reportsExcluded = false, maxItems }: Selection,
  signal: AbortSignal,
): AsyncGenerator<SourceItem | readonly SourceItem[], void> {
  const withAnnotations = parts.has("annotations");
  const memberships = parts.has("datasets") ? await Memberships.read(app, signal) : undefined;
  const early = new Set<RecordPart>(memberships ? ["datasets"] : []);
  let next: Promise<Page | undefined> | undefined;
  let left = maxItems ?? Number.POSITIVE_INFINITY;
  try {
    while (left > 0) {
      const page = await (next ?? nextPage(pages));
      if (!page) return;
      if (maxItems === undefined) next = nextPage(pages);
      next?.catch(() => undefined); // awaited above, unless the flow stops first
      const inputs = page.inputs.map((wire) => ({ wire, input: inputOf(wire, memberships) }));
      const first = inputs.map((one) => ({ ...one, reason: excludes(one.input, filters, early) }));
      const ids = first.flatMap(({ input, reason }) => (reason === undefined ? [input.id] : []));
      const found = withAnnotations && ids.length > 0 ? await annotationsOf(app, ids, signal) : undefined;
      for (const { wire, input, reason } of first) {
        const item = itemOf(app, wire, input, found && (found.get(input.id) ?? []));
        const excluded = reason ?? excludes(item.input as Input, filters, parts);
        if (excluded === undefined) {
          if (left === 0) return;
          left -= 1;
          yield item;
        } else if (excluded instanceof InputError) yield { origin: input.id, error: excluded };
        else if (reportsExcluded) yield { origin: input.id, skipped: excluded };
      }
      if (page.missing) yield page.missing;
    }
  } finally {
    await pages.return(undefined);
  }
}

/** Returns why filters exclude an input, or the error of a filter that needs a field which the input does not have. */
function excludes(input: Input, filters: Filters, parts: ReadonlySet<RecordPart>): string | InputError | undefined {
  try {
    return exclusionOf(input, filters, parts);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function inputOf(wire: WireInput, memberships: Memberships | undefined): Input {
  return { ...inputFromWire(wire), datasets: memberships?.of(wire.id) ?? [] };
}

function itemOf(app: App, wire: WireInput, input: Input, annotations: readonly ListedAnnotation[] | undefined) {
  // The journal key consists of id and creation time, so that a change by a flow does not make it another input.
  const key = input.createdAt === undefined ? undefined : `${input.id}\n${input.createdAt}`;
  return {
    origin: input.id,
    input: { ...input, annotations: (annotations ?? []).map(plainAnnotation) } as InputDraft,
    key,
    listed: listedOf(app, wire, annotations),
  };
}

async function nextPage(pages: AsyncGenerator<Page, void>): Promise<Page | undefined> {
  const { value, done } = await pages.next();
  return done ? undefined : value;
}

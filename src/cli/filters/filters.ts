/** Translates the options that select inputs to the filters of the library. */

import type { Area, inputParts } from "../../core/input/filter/filters.js";
import type { Kind } from "../../core/input/input.js";
import type { InputFilters } from "../../core/plugin/filter-options.js";
import { bytesText } from "../../core/util/format/format.js";

export type Part = (typeof inputParts)[number];

/** The options, as the command line parses them. */
export interface FilterOptions {
  kind?: Kind[] | undefined;
  status?: number | undefined;
  concept?: string[] | undefined;
  withoutConcept?: string[] | undefined;
  metadata?: Record<string, string> | undefined;
  since?: Date | undefined;
  before?: Date | undefined;
  minSize?: number | undefined;
  maxSize?: number | undefined;
  with?: Part[] | undefined;
  without?: Part[] | undefined;
  near?: Area | undefined;
  box?: Area | undefined;
}

/** Returns the filters of the library that the options name. */
export function filtersOf(options: FilterOptions): InputFilters {
  const not = defined({ concepts: options.withoutConcept, has: options.without });
  return defined({
    kinds: options.kind,
    status: options.status,
    concepts: options.concept,
    metadataText: options.metadata,
    createdSince: options.since,
    createdBefore: options.before,
    minBytes: options.minSize,
    maxBytes: options.maxSize,
    has: options.with,
    location: options.near ?? options.box,
    not: Object.keys(not).length > 0 ? not : undefined,
  }) as InputFilters;
}

/** Filters that are present and undefined are refused by the library. */
function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Formats the filters for a question: `kind image, the concept "cat", added before 2026-01-01T00:00:00.000Z`. */
export function filterTexts(options: FilterOptions): string[] {
  const { kind, status, concept = [], withoutConcept = [], metadata = {}, since, before, minSize, maxSize } = options;
  const { with: having = [], without = [], near, box } = options;
  return [
    ...(kind ? [`kind ${kind.join(" or ")}`] : []),
    ...(status === undefined ? [] : [`status ${status}`]),
    ...concept.map((name) => `the concept ${JSON.stringify(name)}`),
    ...withoutConcept.map((name) => `no concept ${JSON.stringify(name)}`),
    ...Object.entries(metadata).map(([key, text]) => `${key}=${text}`),
    ...having.map((part) => `some ${part}`),
    ...without.map((part) => `no ${part}`),
    ...(since ? [`added since ${since.toISOString()}`] : []),
    ...(before ? [`added before ${before.toISOString()}`] : []),
    ...(minSize === undefined ? [] : [`at least ${bytesText(minSize)}`]),
    ...(maxSize === undefined ? [] : [`at most ${bytesText(maxSize)}`]),
    ...((near ?? box) ? ["a location in the area"] : []),
  ];
}

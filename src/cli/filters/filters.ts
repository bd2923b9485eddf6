/** Filters: decides whether an input that was listed passes the options of the command line. */

import type { Concept, Input, InputDraft, Json } from "../../core/input/input.js";
import { isObject, isSameJson, ownValue } from "../../core/util/json-values.js";
import type { MetadataFilter } from "./filter-values.js";

/** Parts that an input may have or lack. */
export const parts = ["annotations", "concepts", "metadata", "geo", "datasets"] as const;
export type Part = (typeof parts)[number];

/** The filters that this program applies itself. */
export interface Filters {
  concept?: string[] | undefined;
  withoutConcept?: string[] | undefined;
  metadata?: MetadataFilter[] | undefined;
  since?: Date | undefined;
  before?: Date | undefined;
  with?: Part[] | undefined;
  without?: Part[] | undefined;
}

/** Returns why an input does not pass; undefined if it passes. An input must pass all filters. */
export function refusalOf(draft: InputDraft, filters: Filters): string | undefined {
  const input = draft as Pick<Input, "concepts" | "metadata" | "createdAt"> & InputDraft;
  const { concept = [], withoutConcept = [], metadata = [] } = filters;
  const lacking = concept.find((name) => !hasConcept(input.concepts, name));
  if (lacking !== undefined) return `it does not have the concept ${JSON.stringify(lacking)}`;
  const unwanted = withoutConcept.find((name) => hasConcept(input.concepts, name));
  if (unwanted !== undefined) return `it has the concept ${JSON.stringify(unwanted)}`;
  const differing = metadata.find((filter) => !hasEntry(input.metadata, filter));
  if (differing) return `its metadata do not have ${differing.key}=${differing.text}`;
  const missing = filters.with?.find((part) => !hasPart(input, part));
  if (missing) return `it has no ${missing}`;
  const present = filters.without?.find((part) => hasPart(input, part));
  if (present) return `it has ${present}`;
  return timeRefusal(input.createdAt, filters);
}

function timeRefusal(createdAt: string | undefined, { since, before }: Filters): string | undefined {
  if (!since && !before) return undefined;
  const time = createdAt === undefined ? Number.NaN : Date.parse(createdAt);
  if (Number.isNaN(time)) return "the server does not say when it was added";
  if (since && time < since.getTime()) return `it was added before ${since.toISOString()}`;
  return before && time >= before.getTime() ? `it was not added before ${before.toISOString()}` : undefined;
}

/** Whether a concept is present, by its id or its name. A concept of value 0 is marked as absent. */
function hasConcept(concepts: readonly Concept[], name: string): boolean {
  return concepts.some((concept) => (concept.id === name || concept.name === name) && (concept.value ?? 1) > 0);
}

/** Whether the metadata have an entry: the same value, the same text, or an object with at least these entries. */
function hasEntry(metadata: Input["metadata"], { key, value, text }: MetadataFilter): boolean {
  const stored = ownValue(metadata as { [key: string]: Json }, key);
  return stored !== undefined && (stored === text || contains(stored, value));
}

function contains(stored: Json, wanted: Json): boolean {
  if (!isObject(stored) || !isObject(wanted)) return isSameJson(stored, wanted);
  return Object.entries(wanted).every(([key, value]) => {
    const own = ownValue(stored, key);
    return own !== undefined && contains(own, value);
  });
}

function hasPart(input: InputDraft, part: Part): boolean {
  const value = input[part];
  if (value === undefined) return false;
  if (part === "geo") return true;
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

/** Formats the filters for a question: `with the concept "cat", added before 2026-01-01T00:00:00.000Z`. */
export function filterTexts({ concept = [], withoutConcept = [], metadata = [], ...rest }: Filters): string[] {
  return [
    ...concept.map((name) => `the concept ${JSON.stringify(name)}`),
    ...withoutConcept.map((name) => `no concept ${JSON.stringify(name)}`),
    ...metadata.map(({ key, text }) => `${key}=${text}`),
    ...(rest.with ?? []).map((part) => `some ${part}`),
    ...(rest.without ?? []).map((part) => `no ${part}`),
    ...(rest.since ? [`added since ${rest.since.toISOString()}`] : []),
    ...(rest.before ? [`added before ${rest.before.toISOString()}`] : []),
  ];
}

/** Decides whether an input passes filters. */

import { InputError } from "../../errors.js";
import { isObject, isSameJson, type Json, ownValue } from "../../util/json/json-values.js";
import { microsecondsOf, timeOf } from "../../util/microseconds.js";
import { type Input, type Kind, mediaOf } from "../input.js";
import { mediaKinds } from "../kinds.js";
import { isInArea } from "./area.js";
import type { Filters, RecordPart, TextEntry } from "./filters.js";

/** Least value of a concept that counts as present. */
const presentFrom = 0.5;

/**
 * Returns why filters exclude an input; undefined if it passes. `parts` are the parts of its record that are known; filters that need another part are
 * not applied. `sizeBytes` is the size of a content that the record does not have.
 *
 * @throws {InputError} ERR_FILTER if a filter needs a field that the input does not have
 */
export function exclusionOf(
  input: Input,
  filters: Filters,
  parts: ReadonlySet<RecordPart>,
  sizeBytes?: number,
): string | undefined {
  const { kinds, concepts = [], location, datasets, status, not } = filters;
  if (kinds && !kinds.some((kind) => hasKind(input, kind))) return `its kind is not ${kinds.join(" or ")}`;
  if (status !== undefined && input.status?.code !== status) return `its status is not ${status}`;
  const missing = parts.has("annotations") ? concepts.find((name) => !hasConcept(input, name)) : undefined;
  if (missing !== undefined) return `it does not have the concept ${JSON.stringify(missing)}`;
  if (location && !(input.geo && isInArea(input.geo, location))) return "its location is outside of the area";
  if (datasets && parts.has("datasets") && !datasets.some((id) => input.datasets.includes(id))) {
    return `it is not in the dataset ${datasets.map((id) => JSON.stringify(id)).join(" or ")}`;
  }
  const lacking = filters.has?.find((part) => isKnown(part, parts) && !hasPart(input, part));
  if (lacking !== undefined) return `it has no ${lacking === "geo" ? "location" : lacking}`;
  return (
    metadataExclusionOf(input, filters) ??
    timeExclusionOf(input, filters) ??
    (not && negatedExclusionOf(input, not, parts)) ??
    (parts.has("sizes") ? sizeExclusionOf(input, filters, sizeBytes) : undefined)
  );
}

type Part = NonNullable<Filters["has"]>[number];

function isKnown(part: Part, known: ReadonlySet<RecordPart>): boolean {
  return part === "annotations" || part === "datasets" ? known.has(part) : true;
}

function hasPart(input: Input, part: Part): boolean {
  const value = input[part];
  if (part === "geo") return value !== undefined;
  return value !== undefined && Object.keys(value).length > 0;
}

function metadataExclusionOf({ metadata: stored }: Input, { metadata = {}, metadataText = [] }: Filters) {
  const entries = Object.entries(metadata as { [key: string]: Json });
  const differing = entries.find(([key, value]) => !contains(stored as Json, { [key]: value }));
  if (differing) return `its metadata does not have ${differing[0]}=${JSON.stringify(differing[1])}`;
  const other = metadataText.find((entry) => !hasText(stored as { [key: string]: Json }, entry));
  return other && `its metadata does not have ${other.key}=${other.text}`;
}

function hasText(stored: { [key: string]: Json }, { key, text, value }: TextEntry): boolean {
  const own = ownValue(stored, key);
  return own !== undefined && (own === text || contains(own, value));
}

function timeExclusionOf(input: Input, filters: Filters): string | undefined {
  const { updatedSince, updatedBefore, createdSince, createdBefore } = filters;
  if (updatedSince !== undefined || updatedBefore !== undefined) {
    const at = timeIn(input, "modifiedAt");
    if (updatedSince !== undefined && at < updatedSince) return `its last change was before ${timeOf(updatedSince)}`;
    if (updatedBefore !== undefined && at >= updatedBefore)
      return `its last change was not before ${timeOf(updatedBefore)}`;
  }
  if (createdSince !== undefined || createdBefore !== undefined) {
    const at = timeIn(input, "createdAt");
    if (createdSince !== undefined && at < createdSince) return `it was added before ${timeOf(createdSince)}`;
    if (createdBefore !== undefined && at >= createdBefore) return `it was not added before ${timeOf(createdBefore)}`;
  }
  return undefined;
}

function sizeExclusionOf(input: Input, { minBytes, maxBytes }: Filters, sizeBytes?: number): string | undefined {
  if (minBytes === undefined && maxBytes === undefined) return undefined;
  const size = sizeBytes ?? sizeIn(input);
  if (size === undefined) return "it has no content";
  if (minBytes !== undefined && size < minBytes) return `its content has ${size} bytes, fewer than ${minBytes}`;
  return maxBytes !== undefined && size > maxBytes ? `its content has ${size} bytes, more than ${maxBytes}` : undefined;
}

/** Returns the size of a content; undefined for an input without content. */
function sizeIn(input: Input): number | undefined {
  const content = mediaOf(input)?.content;
  if (!content && input.text !== undefined) return Buffer.byteLength(input.text);
  if (!content && input.textUrl === undefined) return undefined;
  const size =
    content && ("bytes" in content ? content.bytes.length : "url" in content ? content.storedBytes : content.sizeBytes);
  if (size !== undefined) return size;
  const text =
    "the size of the content is unknown; a listing knows the size of media that the platform keeps, and of raw texts";
  throw new InputError("ERR_FILTER", text);
}

function negatedExclusionOf(
  input: Input,
  not: NonNullable<Filters["not"]>,
  parts: ReadonlySet<RecordPart>,
): string | undefined {
  const concept = not.concepts?.find((name) => hasConcept(input, name));
  if (concept !== undefined) return `it has the concept ${JSON.stringify(concept)}`;
  const present = not.has?.find((part) => isKnown(part, parts) && hasPart(input, part));
  if (present !== undefined) return `it has ${present === "geo" ? "a location" : present}`;
  const key = Object.keys(not.metadata ?? {}).find((name) =>
    contains(input.metadata as Json, { [name]: not.metadata?.[name] as Json }),
  );
  if (key !== undefined) return `its metadata has this value of "${key}"`;
  if (not.location && input.geo && isInArea(input.geo, not.location)) return "its location is in the area";
  const dataset = not.datasets?.find((id) => input.datasets.includes(id));
  if (dataset !== undefined) return `it is in the dataset ${JSON.stringify(dataset)}`;
  return not.status !== undefined && input.status?.code === not.status ? `its status is ${not.status}` : undefined;
}

function hasKind(input: Input, kind: Kind): boolean {
  if (kind !== "text") return input[kind] !== undefined;
  return (input.text ?? input.textUrl) !== undefined && mediaKinds.every((other) => input[other] === undefined);
}

/** Whether an input has a concept of this id or name, or one of its annotations has it. */
function hasConcept({ concepts, annotations }: Input, name: string): boolean {
  return [concepts, ...annotations].some((part) => isIn(part as Json, name, true));
}

/** Searches a concept in concepts, in annotations, and in annotations that are carried as they came. */
function isIn(value: Json | undefined, name: string, isList = false): boolean {
  if (Array.isArray(value)) {
    return value.some((item) => (isList ? isPresent(item, name) : false) || isIn(item, name));
  }
  if (!isObject(value)) return false;
  return Object.entries(value).some(([key, inner]) => key !== "info" && isIn(inner, name, key === "concepts"));
}

function isPresent(concept: Json, name: string): boolean {
  if (!isObject(concept) || (concept.id !== name && concept.name !== name)) return false;
  return Number(concept.value ?? 1) >= presentFrom;
}

/** Whether a stored value has what is expected: objects may have further keys. */
function contains(stored: Json | undefined, expected: Json): boolean {
  if (!isObject(expected) || !isObject(stored)) return isSameJson(stored, expected);
  return Object.entries(expected).every(([key, value]) => Object.hasOwn(stored, key) && contains(stored[key], value));
}

function timeIn(input: Input, field: "createdAt" | "modifiedAt"): number {
  const at = microsecondsOf(input[field] ?? input.createdAt);
  if (at !== undefined) return at;
  const text = `the input has no ${field}, which only inputs of an app have; filter its file or row in another way`;
  throw new InputError("ERR_FILTER", text);
}

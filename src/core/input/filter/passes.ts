/** Decides whether an input passes filters. */

import { InputError } from "../../errors.js";
import { isObject, isSameJson, type Json } from "../../util/json-values.js";
import { microsecondsOf } from "../../util/microseconds.js";
import { type Input, type Kind, mediaOf } from "../input.js";
import { mediaKinds } from "../kinds.js";
import { isInArea } from "./area.js";
import type { Filters, RecordPart } from "./filters.js";

/** Least value of a concept that counts as present. */
const presentFrom = 0.5;

/**
 * Returns why filters exclude an input; undefined if it passes. `parts` are the parts of its record that are known; filters that need another part are
 * not applied.
 *
 * @throws {InputError} ERR_FILTER if a filter needs a field that the input does not have
 */
export function exclusionOf(input: Input, filters: Filters, parts: ReadonlySet<RecordPart>): string | undefined {
  const { kinds, concepts = [], metadata, location, datasets, status, annotated, not } = filters;
  const [knowsAnnotations, knowsDatasets] = [parts.has("annotations"), parts.has("datasets")];
  if (kinds && !kinds.some((kind) => hasKind(input, kind))) return `its kind is not ${kinds.join(" or ")}`;
  if (status !== undefined && input.status?.code !== status) return `its status is not ${status}`;
  const missing = knowsAnnotations ? concepts.find((id) => !hasConcept(input, id)) : undefined;
  if (missing !== undefined) return `it does not have the concept "${missing}"`;
  if (metadata && !contains(input.metadata as Json, metadata)) return "its metadata is another one";
  if (location && !(input.geo && isInArea(input.geo, location))) return "its location is outside of the area";
  if (datasets && knowsDatasets && !datasets.some((id) => input.datasets.includes(id))) {
    return `it is not in the dataset ${datasets.map((id) => `"${id}"`).join(" or ")}`;
  }
  if (annotated !== undefined && knowsAnnotations && input.annotations.length > 0 !== annotated) {
    return annotated ? "it has no annotations" : "it has annotations";
  }
  return (
    timeExclusionOf(input, filters) ??
    (not && negatedExclusionOf(input, not)) ??
    (parts.has("sizes") ? sizeExclusionOf(input, filters) : undefined)
  );
}

function timeExclusionOf(input: Input, filters: Filters): string | undefined {
  const { updatedSince, updatedBefore, createdSince, createdBefore } = filters;
  if (updatedSince !== undefined || updatedBefore !== undefined) {
    const at = timeIn(input, "modifiedAt");
    if (updatedSince !== undefined && at < updatedSince) return "its last change was before updatedSince";
    if (updatedBefore !== undefined && at >= updatedBefore) return "its last change was not before updatedBefore";
  }
  if (createdSince !== undefined || createdBefore !== undefined) {
    const at = timeIn(input, "createdAt");
    if (createdSince !== undefined && at < createdSince) return "it was added before createdSince";
    if (createdBefore !== undefined && at >= createdBefore) return "it was not added before createdBefore";
  }
  return undefined;
}

function sizeExclusionOf(input: Input, { minBytes, maxBytes }: Filters): string | undefined {
  if (minBytes === undefined && maxBytes === undefined) return undefined;
  const size = sizeIn(input);
  if (minBytes !== undefined && size < minBytes) return `it has fewer bytes than ${minBytes}`;
  return maxBytes !== undefined && size > maxBytes ? `it has more bytes than ${maxBytes}` : undefined;
}

function sizeIn(input: Input): number {
  const content = mediaOf(input)?.content;
  if (!content && input.text !== undefined) return Buffer.byteLength(input.text);
  const size =
    content && ("bytes" in content ? content.bytes.length : "url" in content ? content.storedBytes : content.sizeBytes);
  if (size !== undefined) return size;
  const text =
    "the size of the content is unknown; a listing knows the size of media that the platform keeps, and of raw texts";
  throw new InputError("ERR_FILTER", text);
}

function negatedExclusionOf(input: Input, not: NonNullable<Filters["not"]>): string | undefined {
  const concept = not.concepts?.find((id) => hasConcept(input, id));
  if (concept !== undefined) return `it has the concept "${concept}"`;
  const key = Object.keys(not.metadata ?? {}).find((name) =>
    contains(input.metadata as Json, { [name]: not.metadata?.[name] as Json }),
  );
  if (key !== undefined) return `its metadata has this value of "${key}"`;
  if (not.location && input.geo && isInArea(input.geo, not.location)) return "its location is in the area";
  const dataset = not.datasets?.find((id) => input.datasets.includes(id));
  if (dataset !== undefined) return `it is in the dataset "${dataset}"`;
  return not.status !== undefined && input.status?.code === not.status ? `its status is ${not.status}` : undefined;
}

function hasKind(input: Input, kind: Kind): boolean {
  if (kind !== "text") return input[kind] !== undefined;
  return (input.text ?? input.textUrl) !== undefined && mediaKinds.every((other) => input[other] === undefined);
}

/** Whether an input has a concept, or one of its annotations has it. */
function hasConcept({ concepts, annotations }: Input, id: string): boolean {
  return [concepts, ...annotations].some((part) => isIn(part as Json, id, true));
}

/** Searches a concept in concepts, in annotations, and in annotations that are carried as they came. */
function isIn(value: Json | undefined, id: string, isList = false): boolean {
  if (Array.isArray(value)) {
    return value.some((item) => (isList ? isPresent(item, id) : false) || isIn(item, id));
  }
  if (!isObject(value)) return false;
  return Object.entries(value).some(([key, inner]) => key !== "info" && isIn(inner, id, key === "concepts"));
}

function isPresent(concept: Json, id: string): boolean {
  return isObject(concept) && concept.id === id && Number(concept.value ?? 1) >= presentFrom;
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

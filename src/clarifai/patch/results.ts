/** Results of patches: compares the data of an answer with the requested ones. */

import type { Concept, GeoPoint, Json } from "../../core/input/input.js";
import { shorten } from "../../core/util/format/shorten.js";
import { isEmpty, isObject, isSameJson, type JsonObject, ownValue } from "../../core/util/json/json-values.js";

/** The fields of an input that a patch can change, in the API's own form. */
export interface Fields {
  concepts: readonly JsonObject[];
  metadata: JsonObject;
  geo: JsonObject | undefined;
}

/** Reads the fields from the data of an input. */
export function fieldsIn(data: { readonly [key: string]: unknown }): Fields {
  const { concepts, metadata, geo } = data;
  return {
    concepts: Array.isArray(concepts) ? concepts.filter(isObject) : [],
    metadata: isObject(metadata) ? metadata : {},
    geo: isObject(geo) && isObject(geo.geo_point) ? geo : undefined,
  };
}

/** Returns whether two numbers may be the same on a server that stores 32 bits. */
export function isNear(one: number, other: number): boolean {
  const leastNormal = 2 ** -126; // below the smallest normal number, 32 bits store fewer digits
  return Math.abs(one - other) <= Math.max(Math.abs(one), Math.abs(other)) * 2 ** -22 + leastNormal;
}

export function isSameLocation(geo: JsonObject | undefined, wanted: GeoPoint | undefined): boolean {
  if (!geo || !wanted) return !geo && !wanted;
  const { longitude, latitude } = geo.geo_point as JsonObject;
  return isNear(Number(longitude ?? 0), wanted.longitude) && isNear(Number(latitude ?? 0), wanted.latitude);
}

export function isSameValue(concept: JsonObject | undefined, { value = 1 }: Pick<Concept, "value">): boolean {
  return concept !== undefined && isNear(typeof concept.value === "number" ? concept.value : 1, value);
}

/** Describes what differs after an overwrite, which replaces all fields. */
export function overwriteProblem(got: Fields, { concepts, metadata, geo }: Wanted): string | undefined {
  const extra = got.concepts.find(({ id }) => !concepts.some((concept) => concept.id === id));
  if (extra) return `the concept ${JSON.stringify(extra.id)} still exists`;
  return (
    conceptProblem(got, concepts) ?? locationProblem(got, geo) ?? firstDifference(got.metadata, metadata, "metadata")
  );
}

/** The requested fields. */
export interface Wanted {
  concepts: readonly Concept[];
  metadata: JsonObject;
  geo: GeoPoint | undefined;
}

/** Describes what differs after the changes between two states were sent. Changes of other fields by other programs do not count. */
export function changeProblem(got: Fields, before: Fields, wanted: Wanted): string | undefined {
  const removed = before.concepts.filter(({ id }) => !wanted.concepts.some((concept) => concept.id === id));
  const left = removed.find(({ id }) => got.concepts.some((concept) => concept.id === id));
  if (left) return `the concept ${JSON.stringify(left.id)} still exists`;
  const location = isSameLocation(before.geo, wanted.geo) ? undefined : locationProblem(got, wanted.geo);
  return (
    conceptProblem(got, changedConcepts(before, wanted)) ??
    location ??
    changedKeys(got.metadata, before.metadata, wanted.metadata, "metadata")
  );
}

/** Describes what differs after a merge of a row. */
export function mergeProblem(got: Fields, { concepts, metadata, geo }: Wanted): string | undefined {
  const location = geo ? locationProblem(got, geo) : undefined;
  const merged = isEmpty(metadata) ? undefined : mergedProblem(got.metadata, metadata, "metadata");
  return conceptProblem(got, concepts) ?? location ?? merged;
}

/** Describes what still exists after a removal of a row. */
export function removalProblem(got: Fields, { concepts, metadata, geo }: Wanted): string | undefined {
  const left = concepts.find(({ id }) => got.concepts.some((concept) => concept.id === id));
  if (left) return `the concept ${JSON.stringify(left.id)} still exists`;
  if (geo && got.geo) return "the location still exists";
  return remainingKey(got.metadata, metadata, "metadata");
}

function conceptProblem(got: Fields, wanted: readonly Concept[]): string | undefined {
  for (const concept of wanted) {
    const { id, name = id } = concept;
    const found = got.concepts.find((other) => other.id === id);
    if (!isSameValue(found, concept)) {
      return `the concept ${JSON.stringify(id)} is ${found ? formatted(found.value) : "missing"}, not ${concept.value ?? 1}`;
    }
    const current = found?.name ?? id;
    if (name !== id && current !== name) {
      return `the concept ${JSON.stringify(id)} is called ${formatted(current)} in the app, not ${formatted(name)}; patchConcepts(app) renames it`;
    }
  }
  return undefined;
}

function locationProblem({ geo }: Fields, wanted: GeoPoint | undefined): string | undefined {
  if (isSameLocation(geo, wanted)) return undefined;
  if (!wanted) return "the location still exists";
  return `the location is ${formatted(geo?.geo_point)}, not ${formatted({ ...wanted })}`;
}

function firstDifference(got: Json | undefined, wanted: Json | undefined, path: string): string | undefined {
  if (isSameJson(got, wanted)) return undefined;
  if (!isObject(got) || !isObject(wanted)) return `${path} is ${formatted(got)}, not ${formatted(wanted)}`;
  for (const key of new Set([...Object.keys(got), ...Object.keys(wanted)])) {
    const found = firstDifference(ownValue(got, key), ownValue(wanted, key), `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

function changedKeys(got: JsonObject, before: JsonObject, wanted: JsonObject, path: string): string | undefined {
  for (const key of new Set([...Object.keys(before), ...Object.keys(wanted)])) {
    const [now, old, value] = [got, before, wanted].map((object) => ownValue(object, key));
    if (isSameJson(old, value)) continue;
    const inner = `${path}.${key}`;
    const areObjects = isObject(now) && isObject(old) && isObject(value) && !isEmpty(value);
    const problem = areObjects ? changedKeys(now, old, value, inner) : firstDifference(now, value, inner);
    if (!problem) continue;
    if (!Array.isArray(old) || !Array.isArray(value) || !hasAll(now, value) || hasAny(now, old, value)) return problem;
  }
  return undefined;
}

/** Returns whether the input has all additions and replacements; fields that are to be deleted may still exist. */
export function isMerged(got: Fields, before: Fields, wanted: Wanted): boolean {
  const location = wanted.geo && !isSameLocation(before.geo, wanted.geo) ? locationProblem(got, wanted.geo) : undefined;
  const problem = conceptProblem(got, changedConcepts(before, wanted)) ?? location;
  return problem === undefined && areMerged(got.metadata, before.metadata, wanted.metadata);
}

/** Returns the concepts that are new or have another value. */
export function changedConcepts(before: Fields, wanted: Wanted): Concept[] {
  const byId = new Map(before.concepts.map((concept) => [concept.id, concept]));
  return wanted.concepts.filter((concept) => !isSameValue(byId.get(concept.id), concept));
}

function areMerged(got: JsonObject, before: JsonObject, wanted: JsonObject): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    const [now, old] = [got, before].map((object) => ownValue(object, key));
    if (isSameJson(now, value) || isSameJson(old, value)) return true;
    if (Array.isArray(old) && Array.isArray(value)) return hasAll(now, value);
    return isObject(now) && isObject(old) && isObject(value) && !isEmpty(value) && areMerged(now, old, value);
  });
}

/** Returns whether a list has all requested items, each as often as requested; other programs may have added more. */
function hasAll(now: Json | undefined, wanted: readonly Json[]): boolean {
  if (!Array.isArray(now)) return false;
  const count = (list: readonly Json[], item: Json) => list.filter((other) => isSameJson(other, item)).length;
  return wanted.every((item) => count(now, item) >= count(wanted, item));
}

/** Returns whether a list has an item that was to be deleted. */
function hasAny(now: Json | undefined, old: readonly Json[], wanted: readonly Json[]): boolean {
  const has = (list: readonly Json[], item: Json) => list.some((other) => isSameJson(other, item));
  return Array.isArray(now) && old.some((item) => has(now, item) && !has(wanted, item));
}

function mergedProblem(got: Json | undefined, patch: Json, path: string): string | undefined {
  if (isObject(patch) && !isEmpty(patch)) {
    if (!isObject(got)) return firstDifference(got, patch, path);
    for (const [key, value] of Object.entries(patch)) {
      const problem = mergedProblem(ownValue(got, key), value, `${path}.${key}`);
      if (problem) return problem;
    }
    return undefined;
  }
  if (!Array.isArray(patch) || patch.length === 0 || !Array.isArray(got)) return firstDifference(got, patch, path);
  const isMissing = (item: Json) => {
    return !got.some(
      (other) => isSameJson(other, item) || (hasSameId(other, item) && !mergedProblem(other, item, path)),
    );
  };
  const missing = patch.findIndex(isMissing);
  return missing < 0 ? undefined : `${path} lacks ${formatted(patch[missing])}`;
}

function remainingKey(got: JsonObject, patch: JsonObject, path: string): string | undefined {
  for (const [key, marker] of Object.entries(patch)) {
    const now = ownValue(got, key);
    if (now === undefined) continue;
    const inner = `${path}.${key}`;
    if (marker === true) return `${inner} still exists`;
    const left = isObject(marker) && isObject(now) ? remainingKey(now, marker, inner) : undefined;
    if (left) return left;
    const items = Array.isArray(marker) && Array.isArray(now) ? marker : [];
    if (items.some((item) => (now as Json[]).some((other) => hasSameId(other, item))))
      return `an item of ${inner} still exists`;
  }
  return undefined;
}

function hasSameId(one: Json, other: Json): boolean {
  return isObject(one) && isObject(other) && one.id !== undefined && isSameJson(one.id, other.id);
}

function formatted(value: Json | undefined): string {
  if (value === undefined) return "missing";
  return shorten(JSON.stringify(value), 100);
}

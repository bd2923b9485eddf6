/** The actions merge, overwrite and remove, on metadata, concepts, locations and regions. */

import { isDeepStrictEqual } from "node:util";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type Json, type JsonObject, ownValue } from "../../core/util/json/json-values.js";
import type { Fields, Region, StoredConcept } from "../store/model.js";
import { Refusal } from "../wire/refusals.js";

export type Action = "merge" | "overwrite" | "remove";

/** Returns the action of a request, also by its older names. @throws {Refusal} 24900 */
export function actionOf({ action }: JsonObject): Action {
  if (action === "merge" || action === "overwrite" || action === "remove") return action;
  if (action === "merge_concepts") return "merge";
  if (action === "delete_concepts") return "remove";
  const details = `action must be merge, overwrite or remove, not ${JSON.stringify(action ?? null)}`;
  throw new Refusal(statusCodes.METADATA_INVALID_PATCH_ARGUMENTS, details);
}

/** Patches the fields of an input, or of an annotation without a region. */
export function patchFields(existing: Fields, patch: Fields, action: Action, reading: "new" | "old" = "new"): Fields {
  if (action === "overwrite") return reading === "old" ? { ...existing, ...patch } : patch;
  const result: Fields = { ...existing };
  if (patch.concepts) result.concepts = patchConcepts(existing.concepts ?? [], patch.concepts, action);
  if (patch.metadata) result.metadata = patchObject(existing.metadata ?? {}, patch.metadata, action);
  if (patch.geo) {
    if (action === "merge") result.geo = patch.geo;
    else delete result.geo;
  }
  return dropEmpty(result);
}

/** Patches concepts by their ids. Merged concepts keep their position; new ones are appended. */
export function patchConcepts(
  existing: readonly StoredConcept[],
  patch: readonly StoredConcept[],
  action: "merge" | "remove",
): StoredConcept[] {
  if (action === "remove") return existing.filter((concept) => !patch.some((other) => other.id === concept.id));
  const result = existing.map((concept) => patch.find((other) => other.id === concept.id) ?? concept);
  for (const concept of patch) if (!result.some((other) => other.id === concept.id)) result.push(concept);
  return result;
}

/** Patches a JSON object key by key. */
export function patchObject(existing: JsonObject, patch: JsonObject, action: "merge" | "remove"): JsonObject {
  const result: JsonObject = { ...existing };
  for (const [key, value] of Object.entries(patch)) {
    const current = ownValue(result, key);
    const patched = action === "merge" ? mergeValue(current, value) : removeValue(current, value);
    if (patched === undefined) delete result[key];
    else Object.defineProperty(result, key, { value: patched, writable: true, enumerable: true, configurable: true });
  }
  return result;
}

function mergeValue(existing: Json | undefined, value: Json): Json | undefined {
  if (value === null) return existing;
  if (existing === undefined) return value;
  if (Array.isArray(value)) {
    if (!Array.isArray(existing) || value.length === 0) return value;
    return haveIds(value) && haveIds(existing) ? mergeById(existing, value) : [...existing, ...value];
  }
  if (isObject(value)) {
    if (!isObject(existing) || Object.keys(value).length === 0) return value;
    return patchObject(existing, value, "merge");
  }
  return value;
}

function removeValue(existing: Json | undefined, value: Json): Json | undefined {
  if (value === null) return existing;
  if (value === true) return undefined;
  if (Array.isArray(value)) {
    if (value.length === 0 || existing === undefined) return existing;
    if (allTrue(value)) return undefined;
    if (!Array.isArray(existing)) return value;
    if (haveIds(value) && haveIds(existing)) {
      return existing.filter((item) => !value.some((other) => isDeepStrictEqual(other.id, item.id)));
    }
    return [...existing, ...value];
  }
  if (isObject(value)) {
    if (Object.keys(value).length === 0) return existing;
    if (existing === undefined) return allTrue(value) ? undefined : patchObject({}, value, "remove");
    return isObject(existing) ? patchObject(existing, value, "remove") : value;
  }
  return value;
}

/**
 * Patches the region of an annotation.
 *
 * A patch without an id, or with the id of the existing region, changes that region; its shape is replaced as a whole. Undefined means no region.
 */
export function patchRegion(
  existing: Region | undefined,
  patch: Region | undefined,
  action: Action,
  newId: () => string,
): Region | undefined {
  if (action === "overwrite") return patch && { ...patch, id: patch.id ?? newId() };
  if (!patch) return existing;
  if (!existing) return action === "merge" ? { ...patch, id: patch.id ?? newId() } : undefined;
  const same = patch.id === undefined || patch.id === existing.id;
  if (action === "merge") {
    if (!same) return patch;
    return {
      ...existing,
      ...patch,
      id: existing.id,
      concepts: patchConcepts(existing.concepts, patch.concepts, "merge"),
      ...(existing.data || patch.data ? { data: { ...existing.data, ...patch.data } } : {}),
    };
  }
  if (!same) return existing;
  if (patch.id !== undefined) return undefined;
  const concepts = patchConcepts(existing.concepts, patch.concepts, "remove");
  return concepts.length > 0 ? { ...existing, concepts } : undefined;
}

function mergeById(existing: readonly JsonObject[], value: readonly JsonObject[]): Json[] {
  const result: JsonObject[] = existing.map((item) => {
    const patch = value.find((other) => isDeepStrictEqual(other.id, item.id));
    return patch ? patchObject(item, patch, "merge") : item;
  });
  for (const item of value) if (!result.some((other) => isDeepStrictEqual(other.id, item.id))) result.push(item);
  return result;
}

function haveIds(list: readonly Json[]): list is JsonObject[] {
  return list.every((item) => isObject(item) && item.id !== undefined);
}

/** Whether a value consists of `true` only. Such a value in a removal removes its key. */
function allTrue(value: Json): boolean {
  if (Array.isArray(value)) return value.every(allTrue);
  return isObject(value) ? Object.values(value).every(allTrue) : value === true;
}

function dropEmpty(fields: Fields): Fields {
  const result = { ...fields };
  if (result.concepts?.length === 0) delete result.concepts;
  if (result.metadata && Object.keys(result.metadata).length === 0) delete result.metadata;
  return result;
}

/** Expresses the differences between two metadata trees as a merge and a removal of the API. */

import type { Json } from "../../core/input/input.js";
import { isEmpty, isObject, isSameJson, type JsonObject, ownValue } from "../../core/util/json/json-values.js";

export interface MetadataPatch {
  merge: JsonObject;
  /** Marks keys to delete with `true`, and list items to delete by their ids. */
  remove: JsonObject;
  /** Whether sending the merge twice appends to a list twice. */
  appends: boolean;
  /** Path of a change that a merge and a removal cannot express. */
  inexpressible?: string | undefined;
}

type ListItem = JsonObject & { id: string | number };

/**
 * Compares the metadata of the server with the requested ones. It uses only rules on which the documents of the API agree: a merge adds and replaces
 * keys, appends to lists without ids, and matches items of other lists by id; a removal deletes keys and items by id. A merge cannot set null. Neither
 * can change, reorder or delete items of a list without ids.
 */
export function metadataPatch(before: JsonObject, wanted: JsonObject): MetadataPatch {
  return objectPatch(before, wanted, "metadata");
}

function objectPatch(before: JsonObject, wanted: JsonObject, path: string): MetadataPatch {
  const merge: [string, Json][] = [];
  const remove: [string, Json][] = [];
  let appends = false;
  let inexpressible: string | undefined;
  for (const key of Object.keys(before)) if (!Object.hasOwn(wanted, key)) remove.push([key, true]);
  for (const [key, value] of Object.entries(wanted)) {
    const old = ownValue(before, key);
    if (old !== undefined && isSameJson(old, value)) continue;
    const part = valuePatch(old, value, `${path}.${key}`);
    if (part.merge !== undefined) merge.push([key, part.merge]);
    if (part.remove !== undefined) remove.push([key, part.remove]);
    appends ||= part.appends;
    inexpressible ??= part.inexpressible;
  }
  // Object.fromEntries keeps a key such as "__proto__" as it is.
  return { merge: Object.fromEntries(merge), remove: Object.fromEntries(remove), appends, inexpressible };
}

interface ValuePatch {
  merge?: Json | undefined;
  remove?: Json | undefined;
  appends: boolean;
  inexpressible?: string | undefined;
}

function valuePatch(old: Json | undefined, value: Json, path: string): ValuePatch {
  if (isObject(old) && isObject(value) && !isEmpty(value)) {
    const { merge, remove, ...rest } = objectPatch(old, value, path);
    return { merge: isEmpty(merge) ? undefined : merge, remove: isEmpty(remove) ? undefined : remove, ...rest };
  }
  if (Array.isArray(old) && Array.isArray(value) && value.length > 0) return listPatch(old, value, path);
  if (hasNull(value)) return { appends: false, inexpressible: path };
  return { merge: value, appends: hasItems(value) };
}

function listPatch(old: readonly Json[], value: Json[], path: string): ValuePatch {
  if (hasNoIds(old) && hasNoIds(value)) {
    const isLonger = value.length > old.length && old.every((item, n) => isSameJson(item, value[n]));
    const tail = value.slice(old.length);
    return isLonger && !hasNull(tail) ? { merge: tail, appends: true } : { appends: false, inexpressible: path };
  }
  return haveUniqueIds(old) && haveUniqueIds(value)
    ? itemsPatch(old, value, path)
    : { appends: false, inexpressible: path };
}

/** Compares lists by the ids of their items: the server keeps the order of existing items, and appends new ones. */
function itemsPatch(old: readonly ListItem[], value: readonly ListItem[], path: string): ValuePatch {
  const removed = old.filter(({ id }) => !value.some((item) => item.id === id));
  const kept = old.filter((item) => !removed.includes(item));
  const isInOrder = kept.every((item, n) => value[n]?.id === item.id);
  const merge: JsonObject[] = [];
  let appends = false;
  let inexpressible = isInOrder ? undefined : path;
  for (const [n, item] of value.entries()) {
    const before = kept[n];
    if (!before) {
      if (hasNull(item)) inexpressible ??= path;
      appends ||= Object.values(item).some(hasItems);
      merge.push(item);
      continue;
    }
    const part = objectPatch(before, item, `${path}[${n}]`);
    if (!isEmpty(part.remove)) inexpressible ??= path; // a removal drops the whole item
    if (!isEmpty(part.merge)) merge.push({ id: item.id, ...part.merge });
    appends ||= part.appends;
    inexpressible ??= part.inexpressible;
  }
  return {
    merge: merge.length > 0 ? merge : undefined,
    remove: removed.length > 0 ? removed.map(({ id }) => ({ id })) : undefined,
    appends,
    inexpressible,
  };
}

function hasNoIds(list: readonly Json[]): boolean {
  return !list.some((item) => isObject(item) && Object.hasOwn(item, "id"));
}

function haveUniqueIds(list: readonly Json[]): list is ListItem[] {
  const ids = list.map((item) => (isObject(item) ? ownValue(item, "id") : undefined));
  return ids.every((id) => typeof id === "string" || typeof id === "number") && new Set(ids).size === ids.length;
}

function hasNull(value: Json): boolean {
  if (value === null) return true;
  return typeof value === "object" && Object.values(value).some(hasNull);
}

/** Returns whether a value contains a list with items, which a second merge would append again. */
export function hasItems(value: Json): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) && Object.values(value).some(hasItems);
}

/** Metadata keys as the gallery names them: the keys of nested objects follow a dot. */

import { isObject, type Json, type JsonObject, ownValue } from "../../../core/util/json/json-values.js";

/** Returns the keys of a path. */
export function keysOf(path: string): string[] {
  return path.split(".");
}

/** Returns the keys of a path in these metadata. A key of the whole name comes first. */
export function keysIn(metadata: JsonObject, path: string): string[] {
  return ownValue(metadata, path) === undefined ? keysOf(path) : [path];
}

/** Returns the value at a path. */
export function valueAt(metadata: JsonObject, keys: readonly string[]): Json | undefined {
  let value: Json | undefined = metadata;
  for (const key of keys) value = isObject(value) ? ownValue(value, key) : undefined;
  return value;
}

/** Returns a value in nested objects, as a patch has it. */
export function nested(keys: readonly string[], value: Json): JsonObject {
  return keys.reduceRight<Json>((inner, key) => ({ [key]: inner }), value) as JsonObject;
}

/** Returns why a value cannot be set at a path; undefined if it can. */
export function obstacleAt(metadata: JsonObject, keys: readonly string[]): string | undefined {
  for (let length = 1; length <= keys.length; length += 1) {
    const value = valueAt(metadata, keys.slice(0, length));
    if (value === undefined || value === null) continue;
    const name = keys.slice(0, length).join(".");
    const isWhole = length === keys.length;
    if (isWhole && typeof value === "object") {
      return `its ${name} is ${Array.isArray(value) ? "a list" : "an object"}; remove it before you set a value`;
    }
    if (!isWhole && !isObject(value)) return `its ${name} is not an object, so ${keys.join(".")} cannot be in it`;
  }
  return undefined;
}

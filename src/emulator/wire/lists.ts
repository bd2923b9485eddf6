/** Lists in JSON, read leniently: entries of another type are left out. */

import { isObject, type Json, type JsonObject } from "../../core/util/json-values.js";

/** Returns the objects of a list. */
export function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Returns the entries of a list as strings, without empty ones. */
export function textsIn(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(String).filter((text) => text !== "") : [];
}

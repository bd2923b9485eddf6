/** Reads JSON leniently: a value of another type counts as empty. */

import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";

/** Returns an object, or an empty one for another value. */
export function objectIn(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** Returns the objects of a list. */
export function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Returns the entries of a list as strings, without empty ones. */
export function textsIn(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(String).filter((text) => text !== "") : [];
}

/** Fields of a concept that belong to the concept of the app, and not to the annotation that names it. */

import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";

/** Names of the fields. In another app, `app_id` would name a concept that the app does not have. */
export const appConceptFields = [
  ...["language", "app_id", "user_id", "created_at", "visibility", "vocab_id", "definition"],
] as const;

/** Returns data without these fields in its concepts, at any depth. */
export function withoutAppFields(data: JsonObject): JsonObject {
  return stripped(data) as JsonObject;
}

function stripped(value: Json, key?: string): Json {
  if (Array.isArray(value)) return value.map((entry) => (key === "concepts" ? withoutOwn(entry) : stripped(entry)));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, name === "metadata" ? entry : stripped(entry as Json, name)]),
  );
}

function withoutOwn(concept: Json): Json {
  if (!isObject(concept)) return concept;
  return Object.fromEntries(
    Object.entries(concept).filter(([name]) => !(appConceptFields as readonly string[]).includes(name)),
  );
}

/** Reads the annotation files of the archives that the vendor's Python SDK makes: a JSON list of metadata, regions and concepts. */

import { InputError } from "../../../core/errors.js";
import type { InputDraft } from "../../../core/input/input.js";
import { shorten } from "../../../core/util/format/shorten.js";
import { isObject, type Json, type JsonObject } from "../../../core/util/json/json-values.js";
import { omit } from "../../../core/util/omit.js";
import { contentHashKey } from "../../wire/content-hash-key.js";
import { conceptsFromWire } from "../../wire/decode-answers.js";
import { annotationsIn } from "./exported-input.js";

/** Objects that users make, whose keys are kept as they are. */
const freeForm = new Set(["metadata", "struct_value"]);

/**
 * Makes the fields of an input. The SDK writes names in camel case, and leaves out numbers that are 0. It encodes images anew, so that their content hash
 * in the metadata no longer holds.
 *
 * @throws {InputError} ERR_EXPORT_RECORD for an entry that is neither metadata, a region nor a concept
 */
export function fieldsOfRecord(value: unknown): Pick<InputDraft, "metadata" | "concepts" | "annotations"> {
  if (!Array.isArray(value)) throw unreadable(value, "it is not a list");
  const entries = value as readonly unknown[];
  const regions: JsonObject[] = [];
  const concepts: JsonObject[] = [];
  let metadata: JsonObject | undefined;
  for (const entry of entries) {
    if (!isObject(entry)) throw unreadable(entry, "it is not an object");
    const record = entry as JsonObject;
    if (isObject(record.metadata) && Object.keys(record).length === 1)
      metadata = omit(record.metadata, [contentHashKey]);
    else if (record.regionInfo !== undefined) regions.push(withZeros(inSnakeCase(record) as JsonObject));
    else if (typeof record.id === "string") concepts.push({ ...record, value: record.value ?? 0 });
    else throw unreadable(record, "it is neither metadata, a region nor a concept");
  }
  return {
    ...(metadata ? { metadata } : {}),
    ...(concepts.length > 0 ? { concepts: conceptsFromWire(concepts) } : {}),
    ...(regions.length > 0 ? { annotations: annotationsIn({ regions }) } : {}),
  };
}

function inSnakeCase(value: Json): Json {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, entry]) => {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [name, freeForm.has(name) ? entry : inSnakeCase(entry)] as const;
  });
  return Object.fromEntries(entries);
}

/** Adds the value 0 to the concepts of a region that have none. */
function withZeros(region: JsonObject): JsonObject {
  const data = isObject(region.data) ? region.data : undefined;
  if (!data || !Array.isArray(data.concepts)) return region;
  const concepts = data.concepts.map((concept) =>
    isObject(concept) ? { ...concept, value: concept.value ?? 0 } : concept,
  );
  return { ...region, data: { ...data, concepts } };
}

function unreadable(value: unknown, fact: string): InputError {
  return new InputError(
    "ERR_EXPORT_RECORD",
    `an entry of the annotation file is not known: ${fact}: ${shorten(JSON.stringify(value) ?? "", 100)}`,
  );
}

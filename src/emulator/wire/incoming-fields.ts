/** Concepts, metadata and location of requests, as the store keeps them. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { InputError } from "../../core/errors.js";
import { geoPointFrom } from "../../core/input/coordinates.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import type { Fields, GeoRecord, StoredConcept } from "../store/model.js";
import { checkId } from "./ids.js";
import { objectsIn } from "./lenient-json.js";
import { ItemRefusal } from "./refusals.js";

/** A concept as it was sent. */
export type NamedConcept = StoredConcept & { name?: string | undefined };

/** Reads concepts, metadata and location. @throws {ItemRefusal} 30104, 39999, 40003 */
export function incomingFields(data: JsonObject): Fields {
  const fields: Fields = {};
  const concepts = incomingConcepts(data.concepts);
  if (concepts.length > 0) fields.concepts = concepts.map(({ id, value }) => ({ id, value }));
  if (isObject(data.metadata)) fields.metadata = data.metadata;
  const location = incomingLocation(data.geo);
  if (location) fields.geo = location;
  return fields;
}

/** Reads concepts with their names. @throws {ItemRefusal} 39999, 40003 */
export function incomingConcepts(value: Json | undefined): NamedConcept[] {
  return objectsIn(value).map((concept) => {
    const id = String(concept.id ?? concept.name ?? "");
    if (id === "") throw new ItemRefusal(statusCodes.CONCEPTS_INVALID_REQUEST, "a concept has no id");
    checkId("concept id", id);
    const { name } = concept;
    if (typeof name === "string") checkId("concept name", name);
    return { id, value: concept.value as number, ...(typeof name === "string" ? { name } : {}) };
  });
}

function incomingLocation(geo: Json | undefined): GeoRecord | undefined {
  const point = isObject(geo) ? geo.geo_point : undefined;
  if (!isObject(point)) return undefined;
  try {
    return { geo_point: geoPointFrom(Number(point.longitude), Number(point.latitude)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new ItemRefusal(statusCodes.INPUT_INVALID_ARGUMENT, error.message);
  }
}

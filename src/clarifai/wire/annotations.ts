/** Converts annotations between the JSON of the API and the input model. */

import type { Annotation, Json } from "../../core/input/input.js";
import { isEmpty, isObject, type JsonObject } from "../../core/util/json-values.js";
import { omit } from "../../core/util/omit.js";
import { appConceptFields, withoutAppFields } from "./app-concept-fields.js";
import { conceptsFromWire } from "./decode-answers.js";
import { wireConcept } from "./encode-input.js";
import { statusFrom, type WireStatus } from "./status.js";
import { statusCodes } from "./status-codes.js";

export interface ListedAnnotation extends Annotation {
  id: string;
  inputId: string;
  /** True for the annotation that the platform adds to every input. */
  inputLevel: boolean;
  /** Id of its one region. */
  regionId?: string | undefined;
  status?: WireStatus | undefined;
}

/** Fields of a concept that the input model has, and fields that belong to the concept of the app, not to the annotation. */
const plainConceptFields = new Set([...["id", "name", "value"], ...appConceptFields]);

const sides = new Set(["top_row", "left_col", "bottom_row", "right_col"]);

/** Converts an annotation to the form of the API; its concepts are inside its region, if it has one. */
export function annotationToWire(inputId: string, annotation: Annotation, regionId?: string): JsonObject {
  const { id, info, statusCode } = annotation;
  return {
    ...(id === undefined ? {} : { id }),
    input_id: inputId,
    data: withRegionId(annotationData(annotation), regionId),
    ...(info === undefined ? {} : { annotation_info: info as Json }),
    ...(statusCode === undefined ? {} : { status: { code: statusCode } }),
  };
}

/** Converts the data of an annotation to the form of the API: its typed fields, and the other fields of `data`. */
export function annotationData(annotation: Annotation): JsonObject {
  const concepts = annotation.concepts.map(wireConcept);
  const info = regionInfo(annotation);
  const rest = (annotation.data ?? {}) as JsonObject;
  const region = firstObject(rest.regions) ?? {};
  if (!info) {
    if (isEmpty(rest)) return { concepts };
    // The rest of a region without its box or polygon has no meaning.
    const whole = isEmpty(region) || region.region_info !== undefined ? rest : omit(rest, ["regions"]);
    return concepts.length > 0 ? withConcepts(whole, concepts) : whole;
  }
  const inner = isObject(region.data) ? region.data : {};
  const data = concepts.length > 0 ? withConcepts(inner, concepts) : inner;
  return { ...rest, regions: [{ ...region, region_info: info, ...(isEmpty(data) ? {} : { data }) }] };
}

/** Reads an annotation. Data that the typed fields cannot express stay in `data`: all of it if they cannot express its kind. */
export function annotationFromWire(value: Record<string, unknown>): ListedAnnotation {
  const data = isObject(value.data) ? withoutAppFields(value.data) : {};
  const status = statusFrom(value.status);
  const region = firstObject(data.regions);
  return {
    id: String(value.id ?? ""),
    inputId: String(value.input_id ?? ""),
    inputLevel: value.input_level === true,
    ...(typeof region?.id === "string" ? { regionId: region.id } : {}),
    ...typedData(data),
    ...(isObject(value.annotation_info) ? { info: value.annotation_info } : {}),
    ...(status && status.code !== statusCodes.ANNOTATION_SUCCESS ? { statusCode: status.code } : {}),
    status,
  };
}

/** Returns a listed annotation without the fields that only listings have. */
export function plainAnnotation(annotation: ListedAnnotation): Annotation {
  return omit(annotation, ["inputId", "inputLevel", "regionId", "status"]);
}

type TypedData = Pick<Annotation, "box" | "polygon" | "concepts" | "data">;

function typedData(data: JsonObject): TypedData {
  const opaque: TypedData = { concepts: [], data };
  if (data.frames !== undefined || data.time_segments !== undefined) return opaque;
  const { regions, ...around } = data;
  if (regions === undefined || (Array.isArray(regions) && regions.length === 0)) {
    const { concepts, ...rest } = around;
    return arePlain(concepts) ? { concepts: conceptsFromWire(concepts), ...restOf(rest) } : opaque;
  }
  if (!Array.isArray(regions) || regions.length !== 1 || !isObject(regions[0])) return opaque;
  const { region_info: info, data: inner, ...facts } = omit(regions[0], ["id"]);
  const shape = shapeOf(info);
  const { concepts, ...innerRest } = isObject(inner) ? inner : {};
  if (!shape || !arePlain(concepts)) return opaque;
  const region = { ...facts, ...(isEmpty(innerRest) ? {} : { data: innerRest }) };
  const rest = { ...around, ...(isEmpty(region) ? {} : { regions: [region] }) };
  return { ...shape, concepts: conceptsFromWire(concepts), ...restOf(rest) };
}

function restOf(rest: JsonObject): { data?: JsonObject } {
  return isEmpty(rest) ? {} : { data: rest };
}

/** Returns whether the input model can express all fields of a list of concepts. */
function arePlain(concepts: Json | undefined): boolean {
  if (concepts === undefined) return true;
  if (!Array.isArray(concepts)) return false;
  return concepts.every((concept) => {
    return isObject(concept) && Boolean(concept.id) && Object.keys(concept).every((key) => plainConceptFields.has(key));
  });
}

/** Reads the box or polygon of a region; undefined for another shape, or for further fields. */
function shapeOf(info: Json | undefined): Pick<Annotation, "box" | "polygon"> | undefined {
  if (!isObject(info) || Object.keys(info).length !== 1) return undefined;
  const { bounding_box: box, polygon } = info;
  if (isObject(box)) {
    const shares = [box.left_col ?? 0, box.top_row ?? 0, box.right_col ?? 0, box.bottom_row ?? 0].map(Number);
    return Object.keys(box).every((key) => sides.has(key))
      ? { box: shares as [number, number, number, number] }
      : undefined;
  }
  if (!isObject(polygon) || !Array.isArray(polygon.points) || Object.keys(polygon).length !== 1) return undefined;
  if (!polygon.points.every(isPlainPoint)) return undefined;
  return { polygon: polygon.points.map((point) => [Number(point.col ?? 0), Number(point.row ?? 0)]) };
}

function isPlainPoint(point: Json): point is JsonObject {
  if (!isObject(point)) return false;
  const { visibility = 1, ...more } = omit(point, ["row", "col"]);
  return isEmpty(more) && (visibility === 1 || visibility === "VISIBLE");
}

function regionInfo({ box, polygon }: Annotation): JsonObject | undefined {
  if (box) {
    const [xMin, yMin, xMax, yMax] = box;
    return { bounding_box: { top_row: yMin, left_col: xMin, bottom_row: yMax, right_col: xMax } };
  }
  if (!polygon) return undefined;
  return { polygon: { points: polygon.map(([x, y]) => ({ row: y, col: x, visibility: "VISIBLE" })) } };
}

/** Adds concepts to data; a concept that exists under the same id keeps its further fields. */
function withConcepts(data: JsonObject, concepts: readonly JsonObject[]): JsonObject {
  const existing = Array.isArray(data.concepts) ? data.concepts.filter(isObject) : [];
  const others = existing.filter(({ id }) => !concepts.some((concept) => concept.id === id));
  const added = concepts.map((concept) => ({ ...existing.find(({ id }) => id === concept.id), ...concept }));
  return { ...data, concepts: [...others, ...added] };
}

function firstObject(list: Json | undefined): JsonObject | undefined {
  const first = Array.isArray(list) ? list[0] : undefined;
  return isObject(first) ? first : undefined;
}

/** Adds an id to the only region of data, unless the region has one. */
function withRegionId(data: JsonObject, id: string | undefined): JsonObject {
  if (id === undefined || !Array.isArray(data.regions) || data.regions.length !== 1) return data;
  const [region] = data.regions;
  return isObject(region) ? { ...data, regions: [{ id, ...region }] } : data;
}

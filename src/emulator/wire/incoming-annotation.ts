/** Annotations of requests, as the store keeps them. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import type { AnnotationData, Region } from "../store/model.js";
import { checkMask, checkSpan, checkTimes } from "./annotation-rules.js";
import { incomingConcepts, incomingFields, type NamedConcept } from "./incoming-fields.js";
import { objectIn, objectsIn } from "./lenient-json.js";
import { ItemRefusal } from "./refusals.js";

/** The data of an annotation, and its concepts with their names. */
export interface IncomingAnnotation {
  data: AnnotationData;
  concepts: NamedConcept[];
}

type Container = "frames" | "time_segments";
const containers = ["frames", "time_segments"] as const satisfies readonly Container[];

/** A region has at most one of these shapes. */
const shapes = ["bounding_box", "polygon", "mask", "point", "span", "token"];

/**
 * Reads the data of an annotation.
 *
 * @throws {ItemRefusal} 24155 for more than one region, frame or time segment, and for impossible shapes, offsets and times
 */
export function incomingAnnotation(data: JsonObject): IncomingAnnotation {
  const container = containers.find((name) => objectsIn(data[name]).length > 0);
  return container === undefined ? wholeAnnotation(data) : containedAnnotation(data, container);
}

/** Splits the data of an input into the data of annotations, each with one region, frame or time segment. */
export function annotationsIn(data: JsonObject): JsonObject[] {
  if (data.regions === undefined && data.frames === undefined && data.time_segments === undefined) return [];
  const regions = objectsIn(data.regions).map((region) => ({ regions: [region] }));
  const contained = containers.flatMap((name) =>
    objectsIn(data[name]).flatMap((item) => splitByRegion(item).map((part) => ({ [name]: [part] }))),
  );
  return [...regions, ...contained];
}

/** Splits a frame with several regions: one frame for each region, and one for the rest of its data. */
function splitByRegion(item: JsonObject): JsonObject[] {
  const { regions: list, ...rest } = objectIn(item.data);
  const regions = objectsIn(list);
  if (regions.length < 2) return [item];
  const parts = regions.map((region) => ({ ...item, data: { regions: [region] } }));
  return Object.keys(rest).length > 0 ? [{ ...item, data: rest }, ...parts] : parts;
}

/** Reads an annotation of one frame or time segment. */
function containedAnnotation(data: JsonObject, container: Container): IncomingAnnotation {
  const list = objectsIn(data[container]);
  if (list.length > 1) throw invalid(`an annotation can have one of ${container}, not ${list.length}`);
  const outside = Object.keys(data).filter((key) => key !== container);
  if (outside.length > 0) throw invalid(`${outside.join(", ")} must be in the data of ${container}`);
  const { data: inner, ...facts } = list[0] as JsonObject;
  if (container === "time_segments") checkTimes(facts.time_info);
  const annotation = incomingAnnotation(objectIn(inner));
  if (annotation.data.around) throw invalid(`${container} cannot hold frames or time_segments`);
  return { data: { ...annotation.data, around: { in: container, facts } }, concepts: annotation.concepts };
}

/** Reads an annotation of the input as a whole, or of one region. */
function wholeAnnotation(data: JsonObject): IncomingAnnotation {
  const fields = incomingFields(data);
  const concepts = incomingConcepts(data.concepts);
  const other = fieldsExcept(data, ["concepts", "metadata", "geo", "regions", "frames", "time_segments"]);
  const regions = objectsIn(data.regions);
  if (regions.length > 1) throw invalid(`an annotation can have one region, not ${regions.length}`);
  const region = regions.map(incomingRegion)[0];
  return {
    data: { ...fields, ...(other ? { other } : {}), ...(region ? { region: region.region } : {}) },
    concepts: [...concepts, ...(region?.concepts ?? [])],
  };
}

function incomingRegion(value: JsonObject): { region: Region; concepts: NamedConcept[] } {
  const data = objectIn(value.data);
  const concepts = incomingConcepts(data.concepts);
  const region: Region = { concepts: concepts.map((concept) => ({ id: concept.id, value: concept.value })) };
  if (typeof value.id === "string") region.id = value.id;
  if (isObject(value.region_info)) region.region_info = checkedShape(value.region_info);
  if (typeof value.value === "number") region.value = value.value;
  if (typeof value.track_id === "string") region.track_id = value.track_id;
  const other = fieldsExcept(data, ["concepts"]);
  if (other) region.data = other;
  return { region, concepts };
}

function checkedShape(info: JsonObject): JsonObject {
  const present = shapes.filter((shape) => isObject(info[shape]));
  if (present.length > 1) throw invalid(`a region can have one shape, not ${present.join(" and ")}`);
  const { bounding_box: box, polygon, point, mask } = info;
  if (isObject(box)) checkBox(box);
  if (isObject(mask)) checkMask(mask);
  for (const name of ["span", "token"]) if (isObject(info[name])) checkSpan(name, info[name]);
  const corners = isObject(polygon) ? objectsIn(polygon.points) : [];
  if (isObject(polygon) && corners.length < 3)
    throw invalid(`a polygon needs at least 3 points, not ${corners.length}`);
  const points = [...corners, ...objectsIn(info.keypoint_locations), ...(isObject(point) ? [point] : [])];
  for (const { row, col } of points) {
    checkShare("row", row);
    checkShare("col", col);
  }
  return info;
}

function checkBox(box: JsonObject): void {
  for (const [name, coordinate] of Object.entries(box)) checkShare(name, coordinate);
  const { top_row: top, left_col: left, bottom_row: bottom, right_col: right } = box;
  if (Number(top) < Number(bottom) && Number(left) < Number(right)) return;
  throw invalid("a bounding box must have top_row < bottom_row and left_col < right_col");
}

/** Checks a coordinate, which is a share of the width or height of the image. */
function checkShare(name: string, value: Json | undefined): void {
  const number = Number(value);
  if (!(number >= 0 && number <= 1)) throw invalid(`${name} is ${number}; it must be between 0 and 1`);
}

/** Returns the other fields of an object, or undefined if it has no others. */
function fieldsExcept(data: JsonObject, names: readonly string[]): JsonObject | undefined {
  const entries = Object.entries(data).filter(([name]) => !names.includes(name));
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function invalid(details: string): ItemRefusal {
  return new ItemRefusal(statusCodes.ANNOTATION_INVALID_ARGUMENT, details);
}

/** What requests hold, brought into the shape of the store. */

import { limits } from "../../clarifai/limits.js";
import type { StoredMedia } from "../media/media-files.js";
import {
  type AnnotationData,
  type Fields,
  type Json,
  type JsonObject,
  mediaKinds,
  type Region,
  type StoredConcept,
  type StoredKind,
} from "../store/model.js";
import { type Status, status } from "./status.js";

/** One item of a request is refused; the others go on. */
export class ItemRefusal extends Error {
  readonly status: Status;
  constructor(code: number, details: string) {
    super(details);
    this.status = status(code, details);
  }
}

export interface IncomingInput {
  id: string | undefined;
  kind: StoredKind;
  media: JsonObject;
  stored: StoredMedia | undefined;
  url: string | undefined;
  allowDuplicateUrl: boolean;
  fields: Fields;
  /** Concepts with the names that were sent. */
  concepts: NamedConcept[];
  datasets: string[];
  /** One annotation for each region, frame and time segment that came with the input. */
  annotations: IncomingAnnotation[];
}

/** The data of an annotation, with the concepts that it names. */
export interface IncomingAnnotation {
  data: AnnotationData;
  concepts: NamedConcept[];
}

export type NamedConcept = StoredConcept & { name?: string | undefined };

export function incomingInput(
  value: JsonObject,
  mediaOf: (placeholder: string) => StoredMedia | undefined,
): IncomingInput {
  const id = typeof value.id === "string" ? value.id : undefined;
  if (id !== undefined && id.length > limits.maxIdLength) {
    throw new ItemRefusal(39999, "id must be between 1 and 48 characters long");
  }
  if (id !== undefined) checkId("id", id);
  const data = isObject(value.data) ? value.data : {};
  const present = mediaKinds.filter((kind) => isObject(data[kind]));
  const [kind] = present;
  if (kind === undefined) throw new ItemRefusal(30104, "the input has no image, video, audio or text");
  if (present.length > 1 && !(present.length === 2 && kind === "image" && present[1] === "text")) {
    throw new ItemRefusal(30104, `one input cannot have ${present.join(" and ")}`);
  }
  const media: JsonObject = {};
  let stored: StoredMedia | undefined;
  let url: string | undefined;
  let allowDuplicateUrl = false;
  for (const part of present) {
    const given = data[part] as JsonObject;
    const taken = incomingMedia(part, given, mediaOf);
    media[part] = taken.media;
    if (part === kind) {
      stored = taken.stored;
      url = taken.url;
      allowDuplicateUrl = given.allow_duplicate_url === true;
    }
  }
  const concepts = incomingConcepts(data.concepts);
  const datasets = Array.isArray(value.dataset_ids) ? value.dataset_ids.map(String) : [];
  for (const dataset of datasets) checkId("dataset_ids", dataset);
  const fields = incomingFields(data);
  const annotations = annotationsIn(data).map(incomingAnnotation);
  return { id, kind, media, stored, url, allowDuplicateUrl, fields, concepts, datasets, annotations };
}

/**
 * Refuses ids that are empty, or that the database and JSON do not keep as they are: it ends a text at a NUL, and half of a surrogate pair is
 * no character.
 *
 * @throws {ItemRefusal} 39999
 */
export function checkId(name: string, id: string): string {
  if (id === "") throw new ItemRefusal(39999, `${name} must not be empty`);
  if (!/[\p{Cc}\p{Cs}]/u.test(id)) return id;
  const shown = JSON.stringify(id.length > 60 ? `${id.slice(0, 60)}…` : id);
  throw new ItemRefusal(39999, `${name} ${shown} has a control character or half of a surrogate pair; leave it out`);
}

/** The data of an input in the form of annotations, each with one region, frame or time segment. */
function annotationsIn(data: JsonObject): JsonObject[] {
  const regions = objectsIn(data.regions).map((region) => ({ regions: [region] }));
  const around = (["frames", "time_segments"] as const).flatMap((name) =>
    objectsIn(data[name]).flatMap((item) => splitByRegion(item).map((part) => ({ [name]: [part] }))),
  );
  return [...regions, ...around];
}

/** A frame with several regions becomes one with each of them, and one with the rest of its data. */
function splitByRegion(item: JsonObject): JsonObject[] {
  const { regions: given, ...rest } = isObject(item.data) ? item.data : {};
  const regions = objectsIn(given);
  if (regions.length < 2) return [item];
  const parts = regions.map((region) => ({ ...item, data: { regions: [region] } }));
  return Object.keys(rest).length > 0 ? [{ ...item, data: rest }, ...parts] : parts;
}

/** The objects of a list. */
export function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function incomingMedia(
  kind: StoredKind,
  given: JsonObject,
  mediaOf: (placeholder: string) => StoredMedia | undefined,
): { media: JsonObject; stored: StoredMedia | undefined; url: string | undefined } {
  const url = typeof given.url === "string" ? given.url : undefined;
  const raw = kind === "text" && typeof given.raw === "string" ? given.raw : undefined;
  const bytes = kind !== "text" && typeof given.base64 === "string" ? given.base64 : undefined;
  const given_ = [url, raw, bytes].filter((entry) => entry !== undefined).length;
  const choices = kind === "text" ? "url or raw" : "url or base64";
  if (given_ !== 1) throw new ItemRefusal(30104, `${kind} must have exactly one of ${choices}`);
  if (raw !== undefined) {
    const size = Buffer.byteLength(raw);
    if (size >= limits.maxItemBytes.text) throw tooLarge("text", size, limits.maxItemBytes.text);
    return { media: { raw }, stored: undefined, url: undefined };
  }
  if (url !== undefined) {
    if (!/^(https?|s3):\/\/./i.test(url) || /\p{Cc}/u.test(url))
      throw new ItemRefusal(30106, `"${url}" is not a URL that can be fetched`);
    return { media: { url }, stored: undefined, url };
  }
  const stored = mediaOf(bytes as string);
  if (!stored?.valid) throw new ItemRefusal(30300, "the bytes are not valid base64");
  if (stored.sizeBytes === 0) throw new ItemRefusal(30300, "there are no bytes");
  const limit = limits.maxItemBytes[kind];
  if (stored.sizeBytes >= limit) throw tooLarge(kind, stored.sizeBytes, limit);
  return { media: {}, stored, url: undefined };
}

function tooLarge(kind: string, size: number, limit: number): ItemRefusal {
  return new ItemRefusal(30105, `the ${kind} has ${size} bytes; it must have less than ${limit}`);
}

/** Concepts, metadata and place. */
export function incomingFields(data: JsonObject): Fields {
  const fields: Fields = {};
  const concepts = incomingConcepts(data.concepts);
  if (concepts.length > 0) fields.concepts = concepts.map(({ id, value }) => ({ id, value }));
  if (isObject(data.metadata)) fields.metadata = data.metadata;
  const point = isObject(data.geo) && isObject(data.geo.geo_point) ? data.geo.geo_point : undefined;
  if (point) {
    const { longitude, latitude } = point as { longitude: number; latitude: number };
    if (!(Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90)) {
      throw new ItemRefusal(30104, `longitude ${longitude}, latitude ${latitude} is no place on earth`);
    }
    fields.geo = { geo_point: { longitude, latitude } };
  }
  return fields;
}

export function incomingConcepts(value: unknown): NamedConcept[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((concept) => {
    const id = String(concept.id ?? concept.name ?? "");
    if (id === "") throw new ItemRefusal(40003, "a concept has no id");
    checkId("concept id", id);
    const { name } = concept;
    if (typeof name === "string") checkId("concept name", name);
    return { id, value: concept.value as number, ...(typeof name === "string" ? { name } : {}) };
  });
}

/** Reads the data of an annotation. @throws {ItemRefusal} 24155 for more than one region, and for shapes outside of the image */
export function incomingAnnotation(data: JsonObject): IncomingAnnotation {
  const name = (["frames", "time_segments"] as const).find((key) => objectsIn(data[key]).length > 0);
  if (name !== undefined) {
    const list = objectsIn(data[name]);
    if (list.length > 1) throw new ItemRefusal(24155, `an annotation can have one of ${name}, not ${list.length}`);
    const beside = Object.keys(data).filter((key) => key !== name);
    if (beside.length > 0) throw new ItemRefusal(24155, `${beside.join(", ")} must be in the data of ${name}`);
    const { data: inner, ...facts } = list[0] as JsonObject;
    const own = incomingAnnotation(isObject(inner) ? inner : {});
    if (own.data.around) throw new ItemRefusal(24155, `${name} cannot hold frames or time_segments`);
    return { data: { ...own.data, around: { in: name, facts } }, concepts: own.concepts };
  }
  const fields = incomingFields(data);
  const concepts = incomingConcepts(data.concepts);
  const other = otherThan(data, ["concepts", "metadata", "geo", "regions", "frames", "time_segments"]);
  const regions = objectsIn(data.regions);
  if (regions.length > 1) throw new ItemRefusal(24155, `an annotation can have one region, not ${regions.length}`);
  const region = regions.map(incomingRegion)[0];
  return {
    data: { ...fields, ...(other ? { other } : {}), ...(region ? { region: region.region } : {}) },
    concepts: [...concepts, ...(region?.concepts ?? [])],
  };
}

function incomingRegion(value: JsonObject): { region: Region; concepts: NamedConcept[] } {
  const data = isObject(value.data) ? value.data : {};
  const concepts = incomingConcepts(data.concepts);
  const region: Region = { concepts: concepts.map((concept) => ({ id: concept.id, value: concept.value })) };
  if (typeof value.id === "string") region.id = value.id;
  if (isObject(value.region_info)) region.region_info = incomingShape(value.region_info);
  if (typeof value.value === "number") region.value = value.value;
  if (typeof value.track_id === "string") region.track_id = value.track_id;
  const other = otherThan(data, ["concepts"]);
  if (other) region.data = other;
  return { region, concepts };
}

/** The entries of an object that have other names; undefined when there are none. */
function otherThan(data: JsonObject, names: readonly string[]): JsonObject | undefined {
  const entries = Object.entries(data).filter(([name]) => !names.includes(name));
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** The shapes of which a region has one. */
const shapes = ["bounding_box", "polygon", "mask", "point", "span", "token"];

function incomingShape(info: JsonObject): JsonObject {
  const given = shapes.filter((shape) => isObject(info[shape]));
  if (given.length > 1) throw new ItemRefusal(24155, `a region can have one shape, not ${given.join(" and ")}`);
  const { bounding_box: box, polygon, point } = info;
  if (isObject(box)) {
    const { top_row: top, left_col: left, bottom_row: bottom, right_col: right } = box as Record<string, number>;
    for (const [name, coordinate] of Object.entries(box)) checkShare(name, coordinate);
    if (!((top as number) < (bottom as number) && (left as number) < (right as number))) {
      throw new ItemRefusal(24155, "a bounding box must have top_row < bottom_row and left_col < right_col");
    }
  }
  const corners = isObject(polygon) ? objectsIn(polygon.points) : [];
  if (isObject(polygon) && corners.length < 3) throw new ItemRefusal(24155, "a polygon needs three points or more");
  const points = [...corners, ...objectsIn(info.keypoint_locations), ...(isObject(point) ? [point] : [])];
  for (const { row, col } of points) {
    checkShare("row", row);
    checkShare("col", col);
  }
  return info;
}

function checkShare(name: string, value: Json | undefined): void {
  const number = Number(value);
  if (!(number >= 0 && number <= 1)) throw new ItemRefusal(24155, `${name} is ${number}; it must be between 0 and 1`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

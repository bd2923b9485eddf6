/** What requests hold, brought into the shape of the store. */

import { limits } from "../core/limits.js";
import type { StoredMedia } from "./media-files.js";
import {
  type AnnotationData,
  type Fields,
  type Json,
  type JsonObject,
  mediaKinds,
  type Region,
  type StoredConcept,
  type StoredKind,
} from "./model.js";
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
  return { id, kind, media, stored, url, allowDuplicateUrl, fields: incomingFields(data), concepts, datasets };
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
    if (!/^(https?|s3):\/\/./i.test(url)) throw new ItemRefusal(30106, `"${url}" is not a URL that can be fetched`);
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
    const { name } = concept;
    return { id, value: concept.value as number, ...(typeof name === "string" ? { name } : {}) };
  });
}

/** The data of an annotation, with the concepts that it names. */
export function incomingAnnotation(data: JsonObject): { data: AnnotationData; concepts: NamedConcept[] } {
  const fields = incomingFields(data);
  const concepts = incomingConcepts(data.concepts);
  for (const around of ["frames", "time_segments"] as const) {
    const list = Array.isArray(data[around]) ? (data[around] as Json[]).filter(isObject) : [];
    if (list.length === 0) continue;
    if (list.length > 1) throw new ItemRefusal(24155, `an annotation can have one of ${around}, not ${list.length}`);
    const { data: inner, ...facts } = list[0] as JsonObject;
    const within = incomingAnnotation(isObject(inner) ? inner : {});
    return {
      data: { ...within.data, around: { in: around, facts } },
      concepts: [...concepts, ...within.concepts],
    };
  }
  const regions = Array.isArray(data.regions) ? (data.regions as Json[]).filter(isObject) : [];
  if (regions.length === 0) return { data: fields, concepts };
  if (regions.length > 1) throw new ItemRefusal(24155, `an annotation can have one region, not ${regions.length}`);
  const region = incomingRegion(regions[0] as JsonObject);
  return { data: { ...fields, region: region.region }, concepts: [...concepts, ...region.concepts] };
}

function incomingRegion(value: JsonObject): { region: Region; concepts: NamedConcept[] } {
  const concepts = incomingConcepts(isObject(value.data) ? value.data.concepts : undefined);
  const region: Region = { concepts: concepts.map((concept) => ({ id: concept.id, value: concept.value })) };
  if (typeof value.id === "string") region.id = value.id;
  if (isObject(value.region_info)) region.region_info = incomingShape(value.region_info);
  return { region, concepts };
}

function incomingShape(info: JsonObject): JsonObject {
  const { bounding_box: box, polygon } = info;
  if (isObject(box)) {
    const { top_row: top, left_col: left, bottom_row: bottom, right_col: right } = box as Record<string, number>;
    for (const coordinate of Object.values(box)) checkShare(coordinate);
    if (!((top as number) < (bottom as number) && (left as number) < (right as number))) {
      throw new ItemRefusal(24155, "a bounding box must have top_row < bottom_row and left_col < right_col");
    }
  }
  if (isObject(polygon)) {
    const points = Array.isArray(polygon.points) ? polygon.points.filter(isObject) : [];
    for (const point of points) [point.row, point.col].forEach(checkShare);
    if (points.length < 3) throw new ItemRefusal(24155, "a polygon needs three points or more");
  }
  return info;
}

function checkShare(value: Json | undefined): void {
  const number = Number(value);
  if (!(number >= 0 && number <= 1)) throw new ItemRefusal(24155, `the coordinate ${number} is not between 0 and 1`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

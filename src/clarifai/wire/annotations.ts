/** Converts annotations between the JSON of the API and the input model. */

import type { Annotation, Json } from "../../core/input/input.js";
import { isEmpty, isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { omit } from "../../core/util/omit.js";
import { frameInfo, frameOf, regionInfo, shapeOf, timeInfo, timeSegmentOf } from "./annotation-shapes.js";
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

/** What a region, or a part of a text, may be in: the field of the data, and the fields of its items. */
const containers = { frame: ["frames", "frame_info"], timeSegment: ["time_segments", "time_info"] } as const;

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
  const { frame, timeSegment, ...rest } = annotation;
  if (frame) return within("frame", frameInfo(frame), rest);
  if (timeSegment) return within("timeSegment", timeInfo(timeSegment), rest);
  return wholeData(annotation);
}

/** Makes data of one frame or time segment; the rest of its item, such as its id, is in the annotation's own data. */
function within(name: keyof typeof containers, info: JsonObject, annotation: Annotation): JsonObject {
  const [list, infoName] = containers[name];
  const around = (annotation.data ?? {}) as JsonObject;
  const { data: inner, ...facts } = firstObject(around[list]) ?? {};
  const data = wholeData({ ...annotation, data: isObject(inner) ? inner : undefined });
  return { ...around, [list]: [{ ...facts, [infoName]: info, ...(isBare(data) ? {} : { data }) }] };
}

/** Whether data have nothing but an empty list of concepts. */
function isBare({ concepts, ...rest }: JsonObject): boolean {
  return isEmpty(rest) && (concepts === undefined || isEmpty(concepts as object));
}

function wholeData(annotation: Annotation): JsonObject {
  const concepts = annotation.concepts.map(wireConcept);
  const info = regionInfo(annotation);
  const rest = (annotation.data ?? {}) as JsonObject;
  const region = firstObject(rest.regions) ?? {};
  if (!info) {
    if (isEmpty(rest)) return { concepts };
    // The rest of a region without its shape has no meaning.
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
  const region = regionIn(data);
  const { annotation_info: info } = value;
  return {
    id: String(value.id ?? ""),
    inputId: String(value.input_id ?? ""),
    inputLevel: value.input_level === true,
    ...(typeof region?.id === "string" ? { regionId: region.id } : {}),
    ...typedData(data),
    // The API cannot remove the free data of an annotation, only empty them.
    ...(isObject(info) && !isEmpty(info) ? { info } : {}),
    ...(status && status.code !== statusCodes.ANNOTATION_SUCCESS ? { statusCode: status.code } : {}),
    status,
  };
}

/** Returns a listed annotation without the fields that only listings have. */
export function plainAnnotation(annotation: ListedAnnotation): Annotation {
  return omit(annotation, ["inputId", "inputLevel", "regionId", "status"]);
}

type TypedData = Omit<Annotation, "id" | "info" | "statusCode">;

function typedData(data: JsonObject): TypedData {
  const opaque: TypedData = { concepts: [], data };
  const { frames, time_segments: segments } = data;
  if (frames !== undefined && segments !== undefined) return opaque;
  if (frames !== undefined) return typedWithin("frame", data, frameOf) ?? opaque;
  if (segments !== undefined) return typedWithin("timeSegment", data, timeSegmentOf) ?? opaque;
  return typedWhole(data) ?? opaque;
}

/** Reads data of one frame or time segment; undefined if the input model cannot express its time or its content. */
function typedWithin(
  name: keyof typeof containers,
  data: JsonObject,
  read: (info: Json | undefined) => Annotation["frame"] | Annotation["timeSegment"],
): TypedData | undefined {
  const [list, infoName] = containers[name];
  const { [list]: items, ...around } = data;
  if (!Array.isArray(items) || items.length !== 1 || !isObject(items[0])) return undefined;
  const { [infoName]: info, data: inner, ...facts } = items[0];
  const time = read(info);
  const typed = typedWhole(isObject(inner) ? inner : {});
  if (!time || !typed) return undefined;
  const { data: innerRest, ...fields } = typed;
  const item = { ...facts, ...(innerRest ? { data: innerRest as JsonObject } : {}) };
  return { ...fields, [name]: time, ...restOf({ ...around, ...(isEmpty(item) ? {} : { [list]: [item] }) }) };
}

/** Reads data of a whole input, or of one region; undefined if the input model cannot express them. */
function typedWhole(data: JsonObject): TypedData | undefined {
  if (data.frames !== undefined || data.time_segments !== undefined) return undefined;
  const { regions, ...around } = data;
  if (regions === undefined || (Array.isArray(regions) && regions.length === 0)) {
    const { concepts, ...rest } = around;
    return arePlain(concepts) ? { concepts: conceptsFromWire(concepts), ...restOf(rest) } : undefined;
  }
  if (!Array.isArray(regions) || regions.length !== 1 || !isObject(regions[0])) return undefined;
  const { region_info: info, data: inner, ...facts } = omit(regions[0], ["id"]);
  const shape = shapeOf(info);
  const { concepts, ...innerRest } = isObject(inner) ? inner : {};
  if (!shape || !arePlain(concepts)) return undefined;
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

/** Finds the first region of data, also in a frame or time segment. */
function regionIn(data: JsonObject): JsonObject | undefined {
  const inner = firstObject(data.frames)?.data ?? firstObject(data.time_segments)?.data;
  return firstObject(data.regions) ?? (isObject(inner) ? firstObject(inner.regions) : undefined);
}

/** Adds an id to the only region of data, also in a frame or time segment, unless the region has one. */
function withRegionId(data: JsonObject, id: string | undefined): JsonObject {
  if (id === undefined) return data;
  for (const [list] of Object.values(containers)) {
    const item = firstObject(data[list]);
    if (item && isObject(item.data)) return { ...data, [list]: [{ ...item, data: withRegionId(item.data, id) }] };
  }
  if (!Array.isArray(data.regions) || data.regions.length !== 1) return data;
  const [region] = data.regions;
  return isObject(region) ? { ...data, regions: [{ id, ...region }] } : data;
}

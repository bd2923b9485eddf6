/** The filters of searches. */

import { isDeepStrictEqual } from "node:util";
import { isObject, objectsIn } from "../server/incoming.js";
import {
  type AnnotationData,
  type AnnotationRow,
  type AppRow,
  type InputRow,
  type Json,
  type JsonObject,
  mediaKinds,
  type Region,
  type StoredConcept,
} from "../store/model.js";
import type { Store } from "../store/store.js";
import { isNear } from "./coordinates.js";

/** An annotation with its data, as filters compare it. */
export interface Said {
  row: AnnotationRow;
  data: AnnotationData;
}

/** An input with its annotations, the input-level one first. */
export interface Candidate {
  row: InputRow;
  said: readonly Said[];
}

/** What filters and ranks need to know of an app. */
export interface SearchContext {
  store: Store;
  app: AppRow;
  /** Names of the app's concepts by id. */
  names: ReadonlyMap<string, string>;
}

/**
 * Whether the input of a filter describes this one. Kinds, datasets and status are alternatives, as the vendor's tests of searches assert; an id,
 * labels and a location must hold as well.
 */
export function inputHolds(context: SearchContext, candidate: Candidate, wanted: Json | undefined): boolean {
  if (!isObject(wanted)) return true;
  const { row } = candidate;
  if (wanted.id !== undefined && wanted.id !== row.id) return false;
  const data = isObject(wanted.data) ? wanted.data : {};
  const media = mediaHold(candidate, data);
  const code = isObject(wanted.status) ? wanted.status.code : undefined;
  const datasets = Array.isArray(wanted.dataset_ids) ? wanted.dataset_ids.map(String) : [];
  const alternatives = [
    ...media,
    ...(code === undefined ? [] : [code === row.status]),
    ...(datasets.length === 0 ? [] : [isInOneOf(context, candidate, datasets)]),
  ];
  return (alternatives.length === 0 || alternatives.includes(true)) && labelsHold(context, candidate, data);
}

/** Whether the annotation of a filter describes this one. Concepts are alternatives, and so are keys of metadata. */
export function annotationHolds({ app, names }: SearchContext, { row, data }: Said, wanted: Json | undefined): boolean {
  if (!isObject(wanted)) return true;
  if (wanted.id !== undefined && wanted.id !== row.id) return false;
  if (wanted.input_id !== undefined && wanted.input_id !== row.input_id) return false;
  if (wanted.input_level === true && row.level !== 1) return false;
  const worker = isObject(wanted.worker) && isObject(wanted.worker.user) ? wanted.worker.user.id : undefined;
  for (const user of [wanted.user_id, worker]) if (user !== undefined && user !== app.user) return false;
  const code = isObject(wanted.status) ? wanted.status.code : undefined;
  if (code !== undefined && code !== row.status) return false;
  const info = row.info === null ? {} : (JSON.parse(row.info) as JsonObject);
  if (!metadataHolds(info, wanted.annotation_info)) return false;
  if (!isObject(wanted.data)) return true;
  const { concepts, metadata, geo, regions, frames, time_segments: segments } = wanted.data;
  // Data without anything in it ask for annotations of the whole input.
  if (Object.keys(wanted.data).length === 0) return data.region === undefined && data.around === undefined;
  const listed = objectsIn(concepts);
  const shapes = objectsIn(regions);
  return (
    (listed.length === 0 || listed.some((concept) => isSaid(names, conceptsOf(data), concept))) &&
    metadataHolds(data.metadata, metadata) &&
    (!isObject(geo) || (data.geo !== undefined && isNear(data.geo.geo_point, geo))) &&
    (shapes.length === 0 || shapes.some((shape) => regionHolds(names, data.region, shape))) &&
    (objectsIn(frames).length === 0 || data.around?.in === "frames") &&
    (objectsIn(segments).length === 0 || data.around?.in === "time_segments")
  );
}

/** One of the conditions that the first clients sent: all of it must hold, whatever annotations of the input say so. */
export function legacyHolds(context: SearchContext, candidate: Candidate, and: JsonObject): boolean {
  const { annotation, input } = and;
  const wanted = isObject(input) ? input : {};
  const data = isObject(wanted.data) ? wanted.data : {};
  const code = isObject(wanted.status) ? wanted.status.code : undefined;
  const datasets = Array.isArray(wanted.dataset_ids) ? wanted.dataset_ids.map(String) : [];
  return (
    (wanted.id === undefined || wanted.id === candidate.row.id) &&
    (code === undefined || code === candidate.row.status) &&
    (datasets.length === 0 || isInOneOf(context, candidate, datasets)) &&
    !mediaHold(candidate, data).includes(false) &&
    labelsHold(context, candidate, data) &&
    (!isObject(annotation) || candidate.said.some((one) => annotationHolds(context, one, annotation)))
  );
}

/** Whether a time lies in a range; both ends belong to it. */
export function isWithin(time: string, range: Json | undefined): boolean {
  if (!isObject(range)) return true;
  const { start_time: start, end_time: end } = range;
  const at = Date.parse(time);
  return !(typeof start === "string" && at < Date.parse(start)) && !(typeof end === "string" && at > Date.parse(end));
}

/** Whether one of the concepts is the wanted one, present or absent as it is wanted. */
export function isSaid(
  names: ReadonlyMap<string, string>,
  concepts: readonly StoredConcept[],
  wanted: JsonObject,
): boolean {
  const isPresent = Number(wanted.value) >= 0.5;
  return concepts.some(({ id, value }) => {
    const same = wanted.id === undefined ? names.get(id) === wanted.name : id === wanted.id;
    return same && value >= 0.5 === isPresent;
  });
}

/** The concepts of an annotation and of its region. */
export function conceptsOf({ concepts = [], region }: Said["data"]): StoredConcept[] {
  return [...concepts, ...(region?.concepts ?? [])];
}

/** For each medium that is asked for, whether the input has it. */
function mediaHold({ row }: Candidate, data: JsonObject): boolean[] {
  const media = JSON.parse(row.media) as JsonObject;
  return mediaKinds.flatMap((kind) => {
    const wanted = data[kind];
    if (!isObject(wanted)) return [];
    const there = media[kind];
    return [isObject(there) && (wanted.url === undefined || wanted.url === there.url)];
  });
}

/** Labels of an input, wherever they are among its annotations. */
function labelsHold({ names }: SearchContext, candidate: Candidate, data: JsonObject): boolean {
  if (data.concepts === undefined && data.metadata === undefined && data.geo === undefined) return true;
  const { said } = candidate;
  const own = said.find(({ row }) => row.level === 1)?.data ?? {};
  return (
    objectsIn(data.concepts).every((concept) => said.some((one) => isSaid(names, conceptsOf(one.data), concept))) &&
    metadataHolds(own.metadata, data.metadata) &&
    (!isObject(data.geo) || (own.geo !== undefined && isNear(own.geo.geo_point, data.geo)))
  );
}

function isInOneOf({ store }: SearchContext, { row }: Candidate, datasets: readonly string[]): boolean {
  const sql = "SELECT 1 AS found FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
  return datasets.some((dataset) => store.get(sql, row.app, dataset, row.seq) !== undefined);
}

function regionHolds(names: ReadonlyMap<string, string>, region: Region | undefined, wanted: JsonObject): boolean {
  if (!region) return false;
  if (wanted.id !== undefined && wanted.id !== region.id) return false;
  if (wanted.track_id !== undefined && wanted.track_id !== region.track_id) return false;
  const shapes = isObject(wanted.region_info) ? Object.keys(wanted.region_info) : [];
  if (!shapes.every((shape) => region.region_info?.[shape] !== undefined)) return false;
  const concepts = isObject(wanted.data) ? objectsIn(wanted.data.concepts) : [];
  return concepts.length === 0 || concepts.some((concept) => isSaid(names, region.concepts, concept));
}

/** Of several keys one is enough. */
function metadataHolds(there: JsonObject | undefined, wanted: Json | undefined): boolean {
  const entries = isObject(wanted) ? Object.entries(wanted) : [];
  return entries.length === 0 || entries.some(([key, value]) => contains(there?.[key], value));
}

function contains(there: Json | undefined, wanted: Json): boolean {
  if (isObject(wanted) && isObject(there))
    return Object.entries(wanted).every(([key, value]) => contains(there[key], value));
  return isDeepStrictEqual(there, wanted);
}

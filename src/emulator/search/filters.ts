/** The filters of searches. */

import { isDeepStrictEqual } from "node:util";
import { kinds } from "../../core/input/kinds.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import { microsecondsOf } from "../../core/util/microseconds.js";
import type { AnnotationData, AnnotationRow, AppRow, InputRow, Region, StoredConcept } from "../store/model.js";
import type { Store } from "../store/store.js";
import { objectIn, objectsIn } from "../wire/lenient-json.js";
import { matchesLocation } from "./coordinates.js";

/** An annotation with its parsed data. */
export interface ParsedAnnotation {
  row: AnnotationRow;
  data: AnnotationData;
}

/** An input with its annotations, the input-level one first. */
export interface Candidate {
  row: InputRow;
  annotations: readonly ParsedAnnotation[];
}

/** The app of a search. */
export interface SearchContext {
  store: Store;
  app: AppRow;
  /** Names of the app's concepts by id. */
  names: ReadonlyMap<string, string>;
}

/**
 * Whether an input matches the input of a filter. Of kinds, datasets and status, one match is enough, as the vendor's tests of searches assert; the
 * id, the labels and the location must all match.
 */
export function matchesInput(context: SearchContext, candidate: Candidate, expected: Json | undefined): boolean {
  if (!isObject(expected)) return true;
  const { row } = candidate;
  if (expected.id !== undefined && expected.id !== row.id) return false;
  const data = objectIn(expected.data);
  const media = mediaMatches(candidate, data);
  const code = isObject(expected.status) ? expected.status.code : undefined;
  const datasets = Array.isArray(expected.dataset_ids) ? expected.dataset_ids.map(String) : [];
  const alternatives = [
    ...media,
    ...(code === undefined ? [] : [code === row.status]),
    ...(datasets.length === 0 ? [] : [isInOneOf(context, candidate, datasets)]),
  ];
  return (alternatives.length === 0 || alternatives.includes(true)) && matchesLabels(context, candidate, data);
}

/** Whether an annotation matches the annotation of a filter. Of concepts, and of keys of metadata, one match is enough. */
export function matchesAnnotation(
  { app, names }: SearchContext,
  { row, data }: ParsedAnnotation,
  expected: Json | undefined,
): boolean {
  if (!isObject(expected)) return true;
  if (expected.id !== undefined && expected.id !== row.id) return false;
  if (expected.input_id !== undefined && expected.input_id !== row.input_id) return false;
  if (expected.input_level === true && row.level !== 1) return false;
  const worker = isObject(expected.worker) && isObject(expected.worker.user) ? expected.worker.user.id : undefined;
  for (const user of [expected.user_id, worker]) if (user !== undefined && user !== app.user) return false;
  const code = isObject(expected.status) ? expected.status.code : undefined;
  if (code !== undefined && code !== row.status) return false;
  const info = row.info === null ? {} : (JSON.parse(row.info) as JsonObject);
  if (!matchesMetadata(info, expected.annotation_info)) return false;
  if (!isObject(expected.data)) return true;
  const { concepts, metadata, geo, regions, frames, time_segments: segments } = expected.data;
  // Empty data select annotations of the whole input.
  if (Object.keys(expected.data).length === 0) return data.region === undefined && data.around === undefined;
  const listed = objectsIn(concepts);
  const shapes = objectsIn(regions);
  return (
    (listed.length === 0 || listed.some((concept) => hasConcept(names, conceptsOf(data), concept))) &&
    matchesMetadata(data.metadata, metadata) &&
    (!isObject(geo) || (data.geo !== undefined && matchesLocation(data.geo.geo_point, geo))) &&
    (shapes.length === 0 || shapes.some((shape) => matchesRegion(names, data.region, shape))) &&
    (objectsIn(frames).length === 0 || data.around?.in === "frames") &&
    (objectsIn(segments).length === 0 || data.around?.in === "time_segments")
  );
}

/** Whether an input matches a condition of the first clients. Every part must match, each with any annotation of the input. */
export function matchesLegacy(context: SearchContext, candidate: Candidate, and: JsonObject): boolean {
  const { annotation, input } = and;
  const expected = objectIn(input);
  const data = objectIn(expected.data);
  const code = isObject(expected.status) ? expected.status.code : undefined;
  const datasets = Array.isArray(expected.dataset_ids) ? expected.dataset_ids.map(String) : [];
  return (
    (expected.id === undefined || expected.id === candidate.row.id) &&
    (code === undefined || code === candidate.row.status) &&
    (datasets.length === 0 || isInOneOf(context, candidate, datasets)) &&
    !mediaMatches(candidate, data).includes(false) &&
    matchesLabels(context, candidate, data) &&
    (!isObject(annotation) || candidate.annotations.some((one) => matchesAnnotation(context, one, annotation)))
  );
}

/** Whether a time lies in a range, ends included. */
export function isWithin(time: string, range: Json | undefined): boolean {
  if (!isObject(range)) return true;
  const { start_time: start, end_time: end } = range;
  const at = microsecondsOf(time) ?? 0;
  const bound = (text: Json | undefined) => (typeof text === "string" ? microsecondsOf(text) : undefined);
  return at >= (bound(start) ?? at) && at <= (bound(end) ?? at);
}

/** Whether the expected concept is among the concepts. A value of 0.5 or more means present, a lower value means absent. */
export function hasConcept(
  names: ReadonlyMap<string, string>,
  concepts: readonly StoredConcept[],
  expected: JsonObject,
): boolean {
  const isPresent = Number(expected.value) >= 0.5;
  return concepts.some(({ id, value }) => {
    const same = expected.id === undefined ? names.get(id) === expected.name : id === expected.id;
    return same && value >= 0.5 === isPresent;
  });
}

/** Returns the concepts of an annotation and of its region. */
export function conceptsOf({ concepts = [], region }: AnnotationData): StoredConcept[] {
  return [...concepts, ...(region?.concepts ?? [])];
}

/** Returns, for each medium in the filter, whether the input has it. */
function mediaMatches({ row }: Candidate, data: JsonObject): boolean[] {
  const media = JSON.parse(row.media) as JsonObject;
  return kinds.flatMap((kind) => {
    const expected = data[kind];
    if (!isObject(expected)) return [];
    const medium = media[kind];
    return [isObject(medium) && (expected.url === undefined || expected.url === medium.url)];
  });
}

/** Whether an input has the labels, in any of its annotations. */
function matchesLabels({ names }: SearchContext, candidate: Candidate, data: JsonObject): boolean {
  if (data.concepts === undefined && data.metadata === undefined && data.geo === undefined) return true;
  const { annotations } = candidate;
  const inputLevel = annotations.find(({ row }) => row.level === 1)?.data ?? {};
  return (
    objectsIn(data.concepts).every((concept) =>
      annotations.some((one) => hasConcept(names, conceptsOf(one.data), concept)),
    ) &&
    matchesMetadata(inputLevel.metadata, data.metadata) &&
    (!isObject(data.geo) || (inputLevel.geo !== undefined && matchesLocation(inputLevel.geo.geo_point, data.geo)))
  );
}

function isInOneOf({ store }: SearchContext, { row }: Candidate, datasets: readonly string[]): boolean {
  const sql = "SELECT 1 AS found FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
  return datasets.some((dataset) => store.get(sql, row.app, dataset, row.seq) !== undefined);
}

function matchesRegion(names: ReadonlyMap<string, string>, region: Region | undefined, expected: JsonObject): boolean {
  if (!region) return false;
  if (expected.id !== undefined && expected.id !== region.id) return false;
  if (expected.track_id !== undefined && expected.track_id !== region.track_id) return false;
  const shapes = isObject(expected.region_info) ? Object.keys(expected.region_info) : [];
  if (!shapes.every((shape) => region.region_info?.[shape] !== undefined)) return false;
  const concepts = isObject(expected.data) ? objectsIn(expected.data.concepts) : [];
  return concepts.length === 0 || concepts.some((concept) => hasConcept(names, region.concepts, concept));
}

/** Whether at least one of the expected keys has the expected value. */
function matchesMetadata(metadata: JsonObject | undefined, expected: Json | undefined): boolean {
  const entries = isObject(expected) ? Object.entries(expected) : [];
  return entries.length === 0 || entries.some(([key, value]) => contains(metadata?.[key], value));
}

function contains(stored: Json | undefined, expected: Json): boolean {
  if (isObject(expected) && isObject(stored)) {
    return Object.entries(expected).every(([key, value]) => contains(stored[key], value));
  }
  return isDeepStrictEqual(stored, expected);
}

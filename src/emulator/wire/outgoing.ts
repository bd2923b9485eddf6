/** Rows of the store, as answers show them. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { Json, JsonObject } from "../../core/util/json/json-values.js";
import {
  type AnnotationData,
  type AnnotationRow,
  type AppRow,
  type Fields,
  type InputRow,
  type JobRow,
  type Region,
  type StoredConcept,
  sizesOf,
} from "../store/model.js";
import { status } from "./status.js";

export interface OutgoingContext {
  app: AppRow;
  /** Address of the server under the name that the client uses. */
  base: string;
  /** Names of the app's concepts by id. */
  names: Map<string, string>;
}

/** The info of an image that is not processed yet. */
const unknownInfo = { format: "UnknownImageFormat", color_mode: "UnknownColorMode" };

/** Returns an input. @param parsed the JSON of the row, if the caller has it parsed */
export function outgoingInput(
  row: InputRow,
  context: OutgoingContext,
  { media, fields }: { media: JsonObject; fields: Fields } = {
    media: JSON.parse(row.media) as JsonObject,
    fields: JSON.parse(row.fields) as Fields,
  },
): JsonObject {
  const data: JsonObject = {};
  for (const [kind, medium] of Object.entries(media))
    data[kind] = outgoingMedium(kind, medium as JsonObject, row, context);
  return {
    id: row.id,
    data: { ...data, ...outgoingFields(fields, context) },
    created_at: row.created_at,
    modified_at: row.modified_at,
    status: status(row.status, row.details ?? undefined),
  };
}

/** Adds the hosted address of stored bytes. */
function outgoingMedium(kind: string, medium: JsonObject, row: InputRow, { app, base }: OutgoingContext): JsonObject {
  const result: JsonObject = { ...medium };
  const isMain = kind === row.kind;
  if (result.text_info !== undefined && row.status !== statusCodes.INPUT_SUCCESS) delete result.text_info;
  if (kind === "image" && result.image_info === undefined) result.image_info = unknownInfo;
  if (!isMain || row.sha256 === null) return result;
  const suffix = `users/${encodeURIComponent(app.user)}/apps/${encodeURIComponent(app.id)}/inputs/${kind}/${row.sha256}`;
  const prefix = `${base}/media`;
  result.url ??= `${prefix}/orig/${suffix}`;
  if (row.status === statusCodes.INPUT_SUCCESS) {
    result.hosted = { prefix, suffix, sizes: sizesOf(row.kind), crossorigin: "use-credentials" };
  }
  return result;
}

/** Returns concepts, metadata and location; empty ones are left out. */
export function outgoingFields(fields: Fields, context: OutgoingContext): JsonObject {
  const data: JsonObject = {};
  if (fields.concepts && fields.concepts.length > 0) data.concepts = outgoingConcepts(fields.concepts, context);
  if (fields.metadata && Object.keys(fields.metadata).length > 0) data.metadata = fields.metadata;
  if (fields.geo) data.geo = fields.geo;
  return data;
}

function outgoingConcepts(concepts: readonly StoredConcept[], { names, app }: OutgoingContext): Json[] {
  return concepts.map(({ id, value }) => ({ id, name: names.get(id) ?? id, value, app_id: app.id }));
}

/** Returns an annotation. `inputFields` are the data of an input-level annotation. */
export function outgoingAnnotation(
  row: AnnotationRow,
  inputFields: Fields | undefined,
  context: OutgoingContext,
): JsonObject {
  const data = row.level === 1 ? outgoingFields(inputFields ?? {}, context) : annotationData(row, context);
  return {
    id: row.id,
    input_id: row.input_id,
    data,
    ...(row.info === null ? {} : { annotation_info: JSON.parse(row.info) as JsonObject }),
    user_id: context.app.user,
    ...(row.level === 1 ? { input_level: true } : {}),
    created_at: row.created_at,
    modified_at: row.modified_at,
    status: status(row.status),
  };
}

function annotationData(row: AnnotationRow, context: OutgoingContext): JsonObject {
  return outgoingData(JSON.parse(row.data) as AnnotationData, context);
}

/** Returns the data of a posted annotation. */
export function outgoingData(
  { region, around, other, ...fields }: AnnotationData,
  context: OutgoingContext,
): JsonObject {
  const own = { ...other, ...outgoingFields(fields, context) };
  const inner: JsonObject = region ? { ...own, regions: [outgoingRegion(region, context)] } : own;
  return around ? { [around.in]: [{ ...around.facts, data: inner }] } : inner;
}

function outgoingRegion({ concepts, data: other, ...region }: Region, context: OutgoingContext): JsonObject {
  const data = { ...other, ...(concepts.length > 0 ? { concepts: outgoingConcepts(concepts, context) } : {}) };
  return { ...(region as JsonObject), ...(Object.keys(data).length > 0 ? { data } : {}) };
}

/** Returns an add job with its counts. */
export function outgoingJob(job: JobRow): JsonObject {
  const progress: JsonObject = {};
  if (job.pending > 0) progress.pending_count = job.pending;
  if (job.in_progress > 0) progress.in_progress_count = job.in_progress;
  if (job.success > 0) progress.success_count = job.success;
  if (job.failed > 0) progress.failed_count = job.failed;
  return {
    id: job.id,
    progress,
    created_at: job.created_at,
    modified_at: job.modified_at,
    status: status(codeOfJob(job)),
  };
}

function codeOfJob(job: JobRow): number {
  if (job.cancelled === 1) return statusCodes.JOB_CANCELLED;
  if (job.pending + job.in_progress === 0) return statusCodes.JOB_COMPLETED;
  const started = job.in_progress + job.success + job.failed;
  return started > 0 ? statusCodes.JOB_RUNNING : statusCodes.JOB_QUEUED;
}

/** Jobs that add inputs, unpack archives, or receive uploads in parts, as answers show them. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { type ExtractionRow, extractionsOf, openExtraction, type UploadRow, uploadsOf } from "../store/ingest-rows.js";
import type { JobRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import { outgoingJob } from "./outgoing.js";
import { status } from "./status.js";

/** Returns an add job with its counts, the jobs that unpack its archives, and its uploads. */
export function wholeJob(store: Store, app: number, job: JobRow): JsonObject {
  const extractions = extractionsOf(store, app, job.id);
  const uploads = uploadsOf(store, app, job.id);
  const json = outgoingJob(job);
  const code = codeOf(job, extractions, uploads);
  return {
    ...json,
    ...(code === undefined ? {} : { status: status(code) }),
    ...(extractions.length > 0 ? { extraction_jobs: extractions.map(outgoingExtraction) } : {}),
    ...(uploads.length > 0 ? { uploads: uploads.map(outgoingUpload) } : {}),
  };
}

/** Returns the status of a job whose archives decide it; undefined if its counters do. */
function codeOf(job: JobRow, extractions: readonly ExtractionRow[], uploads: readonly UploadRow[]): number | undefined {
  if (job.cancelled === 1) return undefined;
  const has = (code: number) => extractions.some(({ status: found }) => found === code);
  if (has(statusCodes.JOB_RUNNING)) return statusCodes.JOB_RUNNING;
  if (has(statusCodes.JOB_QUEUED)) return statusCodes.JOB_QUEUED;
  if (uploads.some(({ status: found }) => found === statusCodes.UPLOAD_IN_PROGRESS)) return statusCodes.JOB_QUEUED;
  if (job.pending + job.in_progress > 0) return undefined;
  const failed = uploads.some(({ status: found }) => found !== statusCodes.UPLOAD_DONE);
  if (failed || has(statusCodes.JOB_FAILED)) return statusCodes.JOB_FAILED;
  return has(statusCodes.JOB_CANCELLED) ? statusCodes.JOB_CANCELLED : undefined;
}

/** Returns a job that unpacks an archive. Each has one archive. */
export function outgoingExtraction(row: ExtractionRow): JsonObject {
  const plan = JSON.parse(row.plan) as { data: JsonObject; datasets: string[]; suffix: boolean };
  const counts = {
    image_inputs_count: row.image,
    video_inputs_count: row.video,
    audio_inputs_count: row.audio,
    text_inputs_count: row.text,
    pending_archives_count: Number(row.status === statusCodes.JOB_QUEUED),
    in_progress_archives_count: Number(row.status === statusCodes.JOB_RUNNING),
    completed_archives_count: Number(row.status === statusCodes.JOB_COMPLETED),
    failed_archives_count: Number(!openExtraction.includes(row.status) && row.status !== statusCodes.JOB_COMPLETED),
  };
  const template = {
    ...(Object.keys(plan.data).length > 0 ? { data: plan.data } : {}),
    ...(plan.datasets.length > 0 ? { dataset_ids: plan.datasets } : {}),
  };
  return {
    id: row.id,
    ...(row.url === null ? {} : { url: row.url }),
    status: status(row.status, row.details ?? undefined),
    progress: Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    input_id_conflict_resolution: plan.suffix ? 2 : 1,
    ...(Object.keys(template).length > 0 ? { input_template: template } : {}),
    created_at: row.created_at,
    modified_at: row.modified_at,
  };
}

/** Returns an upload in parts. Its status says which share of its bytes has arrived. */
export function outgoingUpload(row: UploadRow): JsonObject {
  const percent = Math.floor((row.received / row.length) * 100);
  return {
    id: row.id,
    ...(row.name === "" ? {} : { content_name: row.name }),
    content_length: row.length,
    status: { ...status(row.status), ...(percent > 0 ? { percent_completed: percent } : {}) },
    created_at: row.created_at,
    modified_at: row.modified_at,
    expires_at: row.expires_at,
  };
}

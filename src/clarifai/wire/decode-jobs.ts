/** Reads the jobs of answers. Counts may be numbers or texts. */

import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { AddJob, ExtractionJob, PartUpload } from "../client/app-types.js";
import { listOf } from "./decode-answers.js";
import { statusFrom } from "./status.js";

/** Reads the job of an answer; undefined if the answer has none. */
export function addJobFromWire(value: unknown): AddJob | undefined {
  if (!isObject(value)) return undefined;
  const progress = objectOf(value.progress);
  return {
    id: String(value.id ?? ""),
    status: statusFrom(value.status),
    pending: count(progress.pending_count),
    inProgress: count(progress.in_progress_count),
    succeeded: count(progress.success_count),
    failed: count(progress.failed_count),
    extractions: (listOf(value, "extraction_jobs") ?? []).map(extractionFromWire),
    uploads: (listOf(value, "uploads") ?? []).map(partUploadFromWire),
  };
}

export function extractionFromWire(value: Record<string, unknown>): ExtractionJob {
  const progress = objectOf(value.progress);
  return {
    id: String(value.id ?? ""),
    status: statusFrom(value.status),
    ...(typeof value.url === "string" && value.url !== "" ? { url: value.url } : {}),
    inputs: {
      image: count(progress.image_inputs_count),
      video: count(progress.video_inputs_count),
      audio: count(progress.audio_inputs_count),
      text: count(progress.text_inputs_count),
    },
    archives: {
      pending: count(progress.pending_archives_count),
      inProgress: count(progress.in_progress_archives_count),
      completed: count(progress.completed_archives_count),
      failed: count(progress.failed_archives_count),
    },
  };
}

export function partUploadFromWire(value: Record<string, unknown>): PartUpload {
  return {
    id: String(value.id ?? ""),
    status: statusFrom(value.status),
    ...(typeof value.content_name === "string" ? { name: value.content_name } : {}),
    sizeBytes: count(value.content_length),
    ...(typeof value.expires_at === "string" ? { expiresAt: value.expires_at } : {}),
  };
}

function count(value: unknown): number {
  return Number(value ?? 0);
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

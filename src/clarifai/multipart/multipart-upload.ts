/** One upload in parts: begins its job, or continues the one of an earlier run, and sends the parts. */

import type { App } from "../client/app.js";
import type { AddJob, IngestFields, PartUpload } from "../client/app-types.js";
import { beginJob } from "../jobs/begin-job.js";
import { statusCodes } from "../wire/status-codes.js";
import type { PartSource } from "./part-source.js";
import { sendParts } from "./send-parts.js";

/** What a job of an upload in parts is, when it is found. */
export type FoundUpload =
  /** Its upload takes parts. */
  | { state: "open"; upload: PartUpload }
  /** All bytes have arrived, and its archive is or was unpacked. */
  | { state: "sent" }
  /** It will add nothing more: it failed, expired, or was cancelled. */
  | { state: "ended" };

export interface MultipartOptions {
  signal: AbortSignal;
  onSent?: ((bytes: number) => void) | undefined;
}

/**
 * Uploads an archive under a job, and returns as soon as the server has all bytes. A job with this id that takes parts is continued: all parts are sent again,
 * because the API does not list those that have arrived. Returns the state in which the job was found; "ended" if it can add nothing any more.
 *
 * @throws {ApiError} if the server refuses the upload
 * @throws {InputError} what `sendParts` throws
 */
export async function multipartUpload(
  app: App,
  name: string,
  source: PartSource,
  fields: IngestFields,
  { signal, onSent }: MultipartOptions,
): Promise<FoundUpload["state"]> {
  const { sizeBytes } = source;
  const post = () => app.postInputsUploads([{ ...fields, name, sizeBytes }], signal);
  const { job } = await beginJob(app, fields.jobId, post, signal);
  const found = uploadOf(job);
  if (found.state === "open") await sendParts(app, found.upload.id, source, { signal, onSent });
  return found.state;
}

function uploadOf(job: AddJob): FoundUpload {
  const [upload] = job.uploads;
  const isOver = job.status?.code === statusCodes.JOB_FAILED || job.status?.code === statusCodes.JOB_CANCELLED;
  if (isOver) return { state: "ended" };
  if (upload?.status?.code === statusCodes.UPLOAD_IN_PROGRESS || (upload && !upload.status))
    return { state: "open", upload };
  if (job.extractions.length > 0 || upload?.status?.code === statusCodes.UPLOAD_DONE) return { state: "sent" };
  return job.status?.code === statusCodes.JOB_COMPLETED ? { state: "sent" } : { state: "ended" };
}

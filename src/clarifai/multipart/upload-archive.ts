/** Uploads an archive in parts; the server unpacks it. */

import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import * as z from "zod";
import { describeError, InputError } from "../../core/errors.js";
import { systemClock } from "../../core/net/clock.js";
import { checkPath, type OptionsOf, parseOptions } from "../../core/plugin/options.js";
import type { App } from "../client/app.js";
import { checkApp } from "../client/check-app.js";
import { cancelOnAbort } from "../jobs/cancel-on-abort.js";
import { followJob } from "../jobs/follow-job.js";
import { type IngestResult, ingestFieldsOf, ingestOptionFields, ingestResult } from "../jobs/ingest-options.js";
import { multipartUpload } from "./multipart-upload.js";
import { contentSource } from "./part-source.js";

const optionFields = {
  /** Called after each part with the bytes that the server has, and the bytes of the archive. */
  onSent: z
    .custom<(sentBytes: number, totalBytes: number) => void>((value) => typeof value === "function", {
      error: "must be a function",
    })
    .optional(),
};
const Options = z.strictObject({ ...ingestOptionFields, ...optionFields });
/** Options of `uploadArchive`. */
export type UploadArchiveOptions = OptionsOf<typeof ingestOptionFields & typeof optionFields>;

/**
 * Uploads a zip, tar or tar.gz as it is, in parts of 8 MB, and lets the server unpack it into inputs. Memory is bounded by the parts that are sent at once, three at most.
 * A part whose answer is lost is sent again on its own. Every input gets the concepts, metadata, location and datasets of the options; the server chooses the ids.
 *
 * To know the outcome of each input, and to choose the ids, use `flow(archive(path)).pipe(upload(app))`: it sends the files one by one. This call is for what a request
 * cannot carry, and resolves with the counts of the job. With `jobId`, a call after a crash continues the same job: it sends the parts again, and adds no input twice.
 *
 * The definition of the API describes this flow, and no client of its vendor uses it, so it is tested against the emulator only.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_FILE_CHANGED, ERR_UPLOAD_INCOMPLETE
 * @throws {ApiError} if the server refuses the upload, or its job cannot be read
 * @example const { ok, counts } = await uploadArchive(app, "./photos.zip", { datasets: ["train"] });
 */
export async function uploadArchive(app: App, path: string, options: UploadArchiveOptions = {}): Promise<IngestResult> {
  checkApp("uploadArchive", app);
  checkPath("uploadArchive", path);
  const parsed = parseOptions("uploadArchive", Options, options);
  const { wait, timeoutMs, onProgress, onSent, signal: userSignal, ...rest } = parsed;
  const fields = ingestFieldsOf(rest);
  const { jobId } = fields;
  const signal = userSignal ?? new AbortController().signal;
  const before = versionOf(path);
  const { sizeBytes } = before;
  const source = contentSource({ path: resolve(path), sizeBytes });
  return cancelOnAbort(app, jobId, signal, async () => {
    const sent = onSent && ((bytes: number) => onSent(bytes, sizeBytes));
    await multipartUpload(app, basename(path), source, fields, { signal, onSent: sent });
    if (versionOf(path).modifiedMs !== before.modifiedMs) {
      throw new InputError(
        "ERR_FILE_CHANGED",
        `${path} changed while it was uploaded; the job ${jobId} may add damaged inputs`,
      );
    }
    const follow = { clock: systemClock, signal, timeoutMs: wait ? timeoutMs : 0, onProgress };
    return ingestResult(await followJob(app, jobId, follow));
  });
}

function versionOf(path: string): { sizeBytes: number; modifiedMs: number } {
  let found: { size: number; mtimeMs: number };
  try {
    found = statSync(path);
  } catch (error) {
    throw new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  if (found.size === 0) throw new InputError("ERR_FILE_EMPTY", `${path} is empty`);
  return { sizeBytes: found.size, modifiedMs: found.mtimeMs };
}

/** Exports a dataset: makes a version, asks for its archive, waits for it, and downloads it. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as z from "zod";
import type { Traffic } from "../../core/accounting/clients.js";
import { codeOf, FlowError, InputError } from "../../core/errors.js";
import { type OptionsOf, parseOptions } from "../../core/plugin/options.js";
import type { App } from "../client/app.js";
import { checkApp } from "../client/check-app.js";
import { fetchFile } from "../download/fetch-file.js";
import { PartialFile } from "../download/partial-file.js";
import { suffixFor, tagInSuffix } from "../download/partial-files.js";
import { SmallWriter } from "../download/small-writer.js";
import { statusCodes } from "../wire/status-codes.js";
import { defaultTimeoutMs, failure, pollUntil } from "./wait-for-version.js";

const optionFields = {
  /** Id of the dataset. */
  dataset: z.string().min(1),
  /** Id of the version to export. Default: a new version, which stays. */
  version: z.string().min(1).optional(),
  /** Path of the archive. A file of this name is not overwritten. */
  path: z.string().min(1),
  /**
   * "clarifai_data_json": the data of each input, with URLs of its media; `datasetExport` reads it. "clarifai_data_protobuf": the same, for the vendor's
   * SDK. "coco": the boxes and polygons of images, without media. Default: "clarifai_data_json".
   */
  format: z.enum(["clarifai_data_json", "clarifai_data_protobuf", "coco"]).default("clarifai_data_json"),
  /** Longest wait for the version, and longest wait for its archive, in milliseconds. Default: 600,000 (10 minutes). */
  timeoutMs: z.number().positive().default(defaultTimeoutMs),
  /** Longest time of the download, in milliseconds. Default: 3,600,000 (an hour). */
  deadlineMs: z.number().positive().default(3_600_000),
  /** Largest archive, in bytes. Default: 10,000,000,000. */
  maxBytes: z.number().int().positive().default(10_000_000_000),
  /** Also downloads from private, loopback and link-local addresses; the API's own origin is always allowed. Default: false. */
  allowPrivate: z.boolean().default(false),
  /** Ends the waits and the download. A partial file stays, and the next call resumes it. */
  signal: z.instanceof(AbortSignal).optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `exportDataset`. */
export type ExportDatasetOptions = OptionsOf<typeof optionFields>;

/** An archive on disk. */
export interface DatasetArchive {
  path: string;
  dataset: string;
  version: string;
  sizeBytes: number;
  sha256: string;
}

const inProgress: ReadonlySet<number> = new Set([
  statusCodes.DATASET_VERSION_EXPORT_PENDING,
  statusCodes.DATASET_VERSION_EXPORT_IN_PROGRESS,
]);

/**
 * Exports a dataset into a zip archive: it makes a version of the dataset (or takes an existing one), asks for its export, waits until the platform has
 * made it, and downloads it.
 *
 * The archive gets its name when it is complete. Until then it is a partial file beside it (`.part`), which another call for the same version resumes.
 * Only the API's own origin and its media hosts get the credential. Other hosts must be public.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {FlowError} ERR_VERSION_DEADLINE; ERR_FILE_EXISTS; ERR_EXPORT_ARCHIVE if the server sends no zip; the errors of a download; the API's code
 * @example const { version, sizeBytes } = await exportDataset(app, { dataset: "train", path: "./train.zip" });
 */
export async function exportDataset(app: App, options: ExportDatasetOptions): Promise<DatasetArchive> {
  checkApp("exportDataset", app);
  const { dataset, version, timeoutMs, format, signal, ...rest } = parseOptions("exportDataset", Options, options);
  const path = resolve(rest.path);
  if (existsSync(path)) {
    throw new FlowError(
      "ERR_FILE_EXISTS",
      `exportDataset: ${path} already exists; choose another path, or move it away`,
    );
  }
  const versionId = version ?? (await app.createDatasetVersion(dataset, { timeoutMs, signal })).id;
  const what = `the export of the version ${JSON.stringify(versionId)} of the dataset ${JSON.stringify(dataset)}`;
  const url = await pollUntil(
    async () => {
      const { status, url } = await app.putDatasetVersionExport(dataset, versionId, format, signal);
      if (status?.code === statusCodes.DATASET_VERSION_EXPORT_SUCCESS && url !== undefined) return url;
      if (status && !inProgress.has(status.code)) throw failure(what, "export", status);
      return undefined;
    },
    { timeoutMs, signal, what },
  );
  const file = await partialFileOf(path);
  try {
    const sha256 = await fetchFile(url, file, {
      ...{ ...rest, maxAttempts: 5, timeoutMs: 60_000, isMedia: false, signal: signal ?? new AbortController().signal },
      authorize: (address) => app.authorize(address),
      traffic: newTraffic(),
    });
    const { sizeBytes } = file;
    if (file.head.toString("latin1", 0, 2) !== "PK") {
      file.restart(undefined);
      throw new FlowError("ERR_EXPORT_ARCHIVE", `${what}: the server sent ${sizeBytes} bytes that are no zip archive`);
    }
    await file.place(path);
    return { path, dataset, version: versionId, sizeBytes, sha256 };
  } finally {
    await file.keep();
  }
}

/** Opens the partial file of an archive, with the bytes that an earlier call left. */
async function partialFileOf(path: string): Promise<PartialFile> {
  const [folder, name] = [dirname(path), basename(path)];
  const file = new PartialFile({ pathOf: (etag) => join(folder, name + suffixFor(etag)), small: new SmallWriter() });
  for (const found of existsSync(folder) ? readdirSync(folder) : []) {
    const etag = found.startsWith(name) ? tagInSuffix(found.slice(name.length)) : undefined;
    if (etag === undefined) continue;
    try {
      await file.resume(etag);
      return file;
    } catch (error) {
      if (error instanceof InputError && codeOf(error, "") === "ERR_DOWNLOAD_PATH") throw error;
      file.restart(undefined);
    }
  }
  return file;
}

function newTraffic(): Traffic {
  return { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
}

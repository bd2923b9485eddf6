/** Rows of uploads in parts, and of the jobs that unpack archives. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { newId, timestamp } from "./stamps.js";
import type { Store } from "./store.js";

/** An upload in parts. With a job, its content is an archive, and its inputs are added when it is complete. */
export interface UploadRow {
  seq: number;
  app: number;
  id: string;
  job: string | null;
  name: string;
  length: number;
  received: number;
  status: number;
  /** JSON of `IngestPlan`. */
  plan: string | null;
  created_at: string;
  modified_at: string;
  expires_at: string;
}

export interface PartRow {
  start: number;
  length: number;
  number: number;
  sha256: string;
}

/** A job that unpacks an archive: of a URL, or of an upload. */
export interface ExtractionRow {
  seq: number;
  app: number;
  id: string;
  job: string;
  url: string | null;
  /** Number of the upload. */
  upload: number | null;
  plan: string;
  status: number;
  details: string | null;
  /** Number of entries whose inputs are added. */
  next_entry: number;
  image: number;
  video: number;
  audio: number;
  text: number;
  created_at: string;
  modified_at: string;
}

export const openExtraction: readonly number[] = [statusCodes.JOB_QUEUED, statusCodes.JOB_RUNNING];

/** Adds a job that unpacks an archive. */
export function addExtraction(
  store: Store,
  {
    app,
    job,
    url = null,
    upload = null,
    plan,
  }: Pick<ExtractionRow, "app" | "job" | "plan"> & { url?: string | null; upload?: number | null },
): void {
  const now = timestamp();
  const sql =
    "INSERT INTO extraction_jobs (app, id, job, url, upload, plan, status, created_at, modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
  store.run(sql, app, newId(), job, url, upload, plan, statusCodes.JOB_QUEUED, now, now);
}

/** Returns the jobs that unpack archives for a job that adds inputs. */
export function extractionsOf(store: Store, app: number, job: string): ExtractionRow[] {
  return store.all<ExtractionRow>("SELECT * FROM extraction_jobs WHERE app = ? AND job = ? ORDER BY seq", app, job);
}

export function setExtraction(store: Store, seq: number, status: number, details: string | null = null): void {
  const sql = "UPDATE extraction_jobs SET status = ?, details = ?, modified_at = ? WHERE seq = ?";
  store.run(sql, status, details, timestamp(), seq);
}

/** Returns the uploads whose content is an archive for a job that adds inputs. */
export function uploadsOf(store: Store, app: number, job: string): UploadRow[] {
  const rows = store.all<UploadRow>("SELECT * FROM uploads WHERE app = ? AND job = ? ORDER BY seq", app, job);
  return rows.map((row) => (isExpired(row) ? { ...row, status: statusCodes.UPLOAD_EXPIRED } : row));
}

/** Whether an upload is not complete, and its time is over. */
export function isExpired({ status, expires_at: expires }: UploadRow): boolean {
  return status === statusCodes.UPLOAD_IN_PROGRESS && Date.parse(expires) <= Date.now();
}

export function setUpload(store: Store, seq: number, status: number): void {
  store.run("UPDATE uploads SET status = ?, modified_at = ? WHERE seq = ?", status, timestamp(), seq);
}

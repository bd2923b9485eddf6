/** Classes of status codes: what a status of the API means for the next step. */

import { isObject } from "../../core/util/json/json-values.js";
import { statusCodeFrom, statusCodes } from "./status-codes.js";

/** A status as the API sends it, on the envelope and on every item. */
export interface WireStatus {
  code: number;
  description?: string | undefined;
  details?: string | undefined;
  reqId?: string | undefined;
}

const ok = codesOf(
  "SUCCESS",
  "ACCEPTED",
  "CONCEPT_MODIFY_SUCCESS",
  "ANNOTATION_SUCCESS",
  "ANNOTATION_AWAITING_REVIEW",
  "ANNOTATION_REVIEW_DENIED",
  "ANNOTATION_AWAITING_CONSENSUS_REVIEW",
  "ANNOTATION_MODIFY_SUCCESS",
  "BULK_OPERATION_SUCCESS",
  "INPUT_SUCCESS",
  "INPUT_MODIFY_SUCCESS",
  "DATASET_INPUT_SUCCESS",
);
const progress = codesOf(
  "CONCEPT_MODIFY_PENDING",
  "ANNOTATION_PENDING",
  "ANNOTATION_MODIFY_PENDING",
  "BULK_OPERATION_PENDING",
  "BULK_OPERATION_IN_PROGRESS",
  "INPUT_PENDING",
  "INPUT_IN_PROGRESS",
  "INPUT_MODIFY_PENDING",
  "JOB_QUEUED",
  "JOB_RUNNING",
  "JOB_PAUSED",
);
const throttles = codesOf("CONN_THROTTLED", "CONN_EXCEED_HOURLY_LIMIT");
const transient = codesOf(
  "TRY_AGAIN",
  "INPUT_STATUS_UPDATE_FAILED",
  "INPUT_DELETE_FAILED",
  "INPUT_MODIFY_FAILED",
  "DATABASE_STATEMENT_TIMEOUT",
  "DATABASE_DEADLOCK_DETECTED",
  "DATABASE_FAIL_TO_GET_CONNECTIONS",
  "DATABASE_TOO_MANY_CLIENTS",
  "RPC_REQUEST_QUEUE_FULL",
  "RPC_SERVER_UNAVAILABLE",
  "RPC_REQUEST_TIMEOUT",
  "EXTERNAL_CONNECTION_ERROR",
  "SEARCH_INTERNAL_FAILURE",
  "SERVER_ERROR",
  "INTERNAL_SERVER_ISSUE",
  "INTERNAL_FETCHING_ISSUE",
  "INTERNAL_DATABASE_ISSUE",
  "CONN_UNCATEGORIZED",
  "INPUT_UNCATEGORIZED",
  "ANNOTATION_UNCATEGORIZED",
  "INTERNAL_UNCATEGORIZED",
);
/** Codes of the platform's queues, and of failures inside the platform, which have more codes than names here. */
const transientRanges = [
  { from: 41000, to: 41199 },
  { from: statusCodes.INTERNAL_CONTEXT_CANCELED, to: 98021 },
];
const uploadAgain = codesOf(
  "ANNOTATION_FAILED",
  "INPUT_FAILED",
  "INPUT_STORAGE_HOST_FAILED",
  "INPUT_CONNECTION_FAILED",
  "MP_DOWNLOAD_ERROR",
);
const duplicates = codesOf("INPUT_DUPLICATE", "DATASET_INPUT_DUPLICATE");
const requestFaults = codesOf(
  "CONN_BAD_REQUEST_FORMAT",
  "CONN_INVALID_REQUEST",
  "INPUT_INVALID_ARGUMENT",
  "INPUT_INVALID_REQUEST",
  "RPC_MAX_MESSAGE_SIZE_EXCEEDED",
);

function codesOf(...names: (keyof typeof statusCodes)[]): ReadonlySet<number> {
  return new Set(names.map((name) => statusCodes[name]));
}

/** What a status means for the next step. */
export type StatusClass =
  /** Done. */
  | "ok"
  /** Accepted, and not processed yet. */
  | "progress"
  /** The same call may succeed later. */
  | "transient"
  /** The input was accepted and failed later; it may be uploaded again. */
  | "upload-again"
  /** The input already exists. */
  | "duplicate"
  /** Final. */
  | "permanent";

export function classify(status: WireStatus): StatusClass {
  const { code } = status;
  if (ok.has(code)) return "ok";
  if (progress.has(code)) return "progress";
  if (duplicates.has(code)) return "duplicate";
  if (transient.has(code) || throttles.has(code)) return "transient";
  if (transientRanges.some(({ from, to }) => code >= from && code <= to)) return "transient";
  if (!uploadAgain.has(code)) return "permanent";
  // The platform could not download the input, and a refusal of its host does not pass.
  return /\b4\d\d (Client )?Error\b/i.test(status.details ?? "") ? "permanent" : "upload-again";
}

/** Returns whether the server refused a request because there are too many. */
export function isThrottle(status: WireStatus): boolean {
  return throttles.has(status.code);
}

/** Returns whether one item may have caused the refusal of its whole request. */
export function mayBeOneItem(status: WireStatus): boolean {
  return requestFaults.has(status.code);
}

/** Reads a status from an answer; the code may be a number or a name. */
export function statusFrom(value: unknown): WireStatus | undefined {
  if (!isObject(value)) return undefined;
  const { code, description, details, req_id: reqId } = value;
  const number = statusCodeFrom(code);
  if (number === undefined) return undefined;
  return { code: number, description: text(description), details: text(details), reqId: text(reqId) };
}

/** Formats a status as one line: `Download failed; check URL: 404 …`. */
export function statusText(status: WireStatus): string {
  const description = status.description ?? "no description";
  return status.details ? `${description}: ${status.details}` : description;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

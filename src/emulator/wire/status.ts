/** Status codes with their descriptions and HTTP statuses. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../core/util/json/json-values.js";

/** The codes that the emulator answers with. */
const answers: readonly [code: number, description: string, httpStatus: number][] = [
  [statusCodes.SUCCESS, "Ok", 200],
  [statusCodes.MIXED_STATUS, "Mixed Success", 200],
  [statusCodes.FAILURE, "Failure", 400],
  [statusCodes.NOT_IMPLEMENTED, "Not implemented", 501],
  [statusCodes.CONN_INSUFFICIENT_SCOPES, "Insufficient scopes", 403],
  [statusCodes.CONN_THROTTLED, "Making too many requests", 429],
  [statusCodes.CONN_KEY_INVALID, "Invalid API key or Invalid API key/application pair", 401],
  [statusCodes.CONN_KEY_NOT_FOUND, "API key not found", 401],
  [statusCodes.CONN_BAD_REQUEST_FORMAT, "Bad request format", 400],
  [statusCodes.CONN_DOES_NOT_EXIST, "Resource does not exist", 404],
  [statusCodes.CONN_INVALID_REQUEST, "Invalid request", 400],
  [statusCodes.CONN_METHOD_NOT_ALLOWED, "Method not allowed", 400],
  [statusCodes.ANNOTATION_SUCCESS, "Annotation success", 200],
  [statusCodes.ANNOTATION_PENDING, "Annotation pending", 200],
  [statusCodes.ANNOTATION_FAILED, "Annotation failed", 200],
  [statusCodes.ANNOTATION_INVALID_ARGUMENT, "Annotation invalid argument", 400],
  [statusCodes.ANNOTATION_AWAITING_REVIEW, "Annotation awaiting review", 200],
  [statusCodes.ANNOTATION_REVIEW_DENIED, "Annotation review denied", 200],
  [statusCodes.ANNOTATION_AWAITING_CONSENSUS_REVIEW, "Annotation awaiting consensus review", 200],
  [statusCodes.ANNOTATION_MODIFY_SUCCESS, "Annotation modification success", 200],
  [statusCodes.METADATA_INVALID_PATCH_ARGUMENTS, "Metadata patch arguments are invalid", 400],
  [statusCodes.BULK_OPERATION_SUCCESS, "Bulk operation success", 200],
  [statusCodes.BULK_OPERATION_INVALID_REQUEST, "Bulk operation request is invalid", 400],
  [statusCodes.INPUT_SUCCESS, "Download complete", 200],
  [statusCodes.INPUT_PENDING, "Download pending", 200],
  [statusCodes.INPUT_FAILED, "Download failed; check URL", 200],
  [statusCodes.INPUT_IN_PROGRESS, "Download in progress", 200],
  [statusCodes.INPUT_DUPLICATE, "Input duplicate", 400],
  [statusCodes.INPUT_UNSUPPORTED_FORMAT, "Unsupported format", 400],
  [statusCodes.INPUT_DOES_NOT_EXIST, "Input does not exist", 404],
  [statusCodes.INPUT_INVALID_ARGUMENT, "Input invalid argument", 400],
  [statusCodes.INPUT_OVER_LIMIT, "Input over limit", 400],
  [statusCodes.INPUT_INVALID_URL, "Input invalid URL", 400],
  [statusCodes.INPUT_MODIFY_SUCCESS, "Input image modification success", 200],
  [statusCodes.INPUT_STORAGE_HOST_FAILED, "Input storage host failed", 500],
  [statusCodes.ALL_INPUT_INVALID_BYTES, "Input bytes are invalid", 400],
  [statusCodes.INPUT_INVALID_REQUEST, "Input invalid request", 400],
  [statusCodes.CONCEPTS_INVALID_REQUEST, "Invalid request", 400],
  [statusCodes.RPC_MAX_MESSAGE_SIZE_EXCEEDED, "Request body too large", 413],
  [statusCodes.JOB_QUEUED, "Job is queued to be ran.", 200],
  [statusCodes.JOB_RUNNING, "Job is running.", 200],
  [statusCodes.JOB_COMPLETED, "Job successfully ran.", 200],
  [statusCodes.JOB_CANCELLED, "Job was cancelled.", 200],
  [statusCodes.DATASET_VERSION_PENDING, "Dataset version pending", 200],
  [statusCodes.DATASET_VERSION_READY, "Dataset version ready", 200],
  [statusCodes.DATASET_INPUT_SUCCESS, "Dataset input success", 200],
  [statusCodes.DATASET_VERSION_EXPORT_SUCCESS, "Dataset version export success", 200],
  [statusCodes.DATASET_VERSION_EXPORT_PENDING, "Dataset version export pending", 200],
  [statusCodes.DATASET_VERSION_EXPORT_FAILED, "Dataset version export failed", 200],
  [statusCodes.DATASET_VERSION_EXPORT_IN_PROGRESS, "Dataset version export in progress", 200],
  [statusCodes.INTERNAL_SERVER_ISSUE, "Internal server issue", 500],
  [statusCodes.INTERNAL_REDIS_UNAVAILABLE, "Internal resource unavailable", 503],
  [statusCodes.INTERNAL_UNCATEGORIZED, "Internal error", 500],
];

const answersByCode = new Map<number, (typeof answers)[number]>(answers.map((entry) => [entry[0], entry]));
/** The name of each code. A code with two names has its first one here; the second is older. */
const namesByCode = new Map<number, string>(
  Object.entries(statusCodes)
    .reverse()
    .map(([name, code]) => [code, name]),
);

/** Codes from here on are failures inside the platform. */
const firstInternalCode = 98_000;

/** A status as answers contain it. */
export type Status = JsonObject & { code: number; description: string; details?: string };

/** Makes a status. @param details what the description does not say. */
export function status(code: number, details?: string): Status {
  const description = answersByCode.get(code)?.[1] ?? descriptionFrom(namesByCode.get(code));
  return details ? { code, description, details } : { code, description };
}

/** Returns the HTTP status of a code. */
export function httpStatusOf(code: number): number {
  return answersByCode.get(code)?.[2] ?? (code >= firstInternalCode ? 500 : 400);
}

/** Returns the name of a code, for answers that write names. */
export function statusName(code: number): string | undefined {
  return namesByCode.get(code);
}

/** Returns all statuses, by code. */
export function allStatuses(): Status[] {
  const codes = [...new Set(Object.values(statusCodes))].filter((code) => code > 0);
  return codes.sort((one, other) => one - other).map((code) => status(code));
}

/** Turns a name such as "RPC_SERVER_UNAVAILABLE" into "Rpc server unavailable". */
function descriptionFrom(name: string | undefined): string {
  if (name === undefined) return "Unknown status";
  return name[0] + name.slice(1).replaceAll("_", " ").toLowerCase();
}

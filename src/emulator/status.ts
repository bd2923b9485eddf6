/** Status codes: their names, their texts, and the HTTP status that goes with them. */

/** Codes that the store answers with: number, name, description, HTTP status. */
const table: [number, string, string, number][] = [
  [10000, "SUCCESS", "Ok", 200],
  [10010, "MIXED_STATUS", "Mixed Success", 200],
  [10020, "FAILURE", "Failure", 400],
  [10040, "NOT_IMPLEMENTED", "Not implemented", 501],
  [11005, "CONN_THROTTLED", "Making too many requests", 429],
  [11008, "CONN_KEY_INVALID", "Invalid API key or Invalid API key/application pair", 401],
  [11009, "CONN_KEY_NOT_FOUND", "API key not found", 401],
  [11100, "CONN_BAD_REQUEST_FORMAT", "Bad request format", 400],
  [11101, "CONN_DOES_NOT_EXIST", "Resource does not exist", 404],
  [11102, "CONN_INVALID_REQUEST", "Invalid request", 400],
  [11103, "CONN_METHOD_NOT_ALLOWED", "Method not allowed", 400],
  [24150, "ANNOTATION_SUCCESS", "Annotation success", 200],
  [24151, "ANNOTATION_PENDING", "Annotation pending", 200],
  [24152, "ANNOTATION_FAILED", "Annotation failed", 200],
  [24155, "ANNOTATION_INVALID_ARGUMENT", "Annotation invalid argument", 400],
  [24157, "ANNOTATION_AWAITING_REVIEW", "Annotation awaiting review", 200],
  [24158, "ANNOTATION_REVIEW_DENIED", "Annotation review denied", 200],
  [24159, "ANNOTATION_AWAITING_CONSENSUS_REVIEW", "Annotation awaiting consensus review", 200],
  [24250, "ANNOTATION_MODIFY_SUCCESS", "Annotation modification success", 200],
  [24900, "METADATA_INVALID_PATCH_ARGUMENTS", "Metadata patch arguments are invalid", 400],
  [25400, "BULK_OPERATION_SUCCESS", "Bulk operation success", 200],
  [25404, "BULK_OPERATION_INVALID_REQUEST", "Bulk operation request is invalid", 400],
  [30000, "INPUT_SUCCESS", "Download complete", 200],
  [30001, "INPUT_PENDING", "Download pending", 200],
  [30002, "INPUT_FAILED", "Download failed; check URL", 200],
  [30003, "INPUT_IN_PROGRESS", "Download in progress", 200],
  [30100, "INPUT_DUPLICATE", "Input duplicate", 400],
  [30101, "INPUT_UNSUPPORTED_FORMAT", "Unsupported format", 400],
  [30102, "INPUT_DOES_NOT_EXIST", "Input does not exist", 404],
  [30104, "INPUT_INVALID_ARGUMENT", "Input invalid argument", 400],
  [30105, "INPUT_OVER_LIMIT", "Input over limit", 400],
  [30106, "INPUT_INVALID_URL", "Input invalid URL", 400],
  [30200, "INPUT_MODIFY_SUCCESS", "Input image modification success", 200],
  [30210, "INPUT_STORAGE_HOST_FAILED", "Input storage host failed", 500],
  [30300, "ALL_INPUT_INVALID_BYTES", "Input bytes are invalid", 400],
  [39999, "INPUT_INVALID_REQUEST", "Input invalid request", 400],
  [40003, "CONCEPTS_INVALID_REQUEST", "Invalid request", 400],
  [40033, "RPC_MAX_MESSAGE_SIZE_EXCEEDED", "Request body too large", 413],
  [64000, "JOB_QUEUED", "Job is queued to be ran.", 200],
  [64001, "JOB_RUNNING", "Job is running.", 200],
  [64002, "JOB_COMPLETED", "Job successfully ran.", 200],
  [64004, "JOB_CANCELLED", "Job was cancelled.", 200],
  [64015, "DATASET_VERSION_READY", "Dataset version ready", 200],
  [64100, "DATASET_INPUT_SUCCESS", "Dataset input success", 200],
  [98004, "INTERNAL_SERVER_ISSUE", "Internal server issue", 500],
  [98013, "INTERNAL_RESOURCE_UNAVAILABLE", "Internal resource unavailable", 503],
  [99009, "INTERNAL_UNCATEGORIZED", "Internal error", 500],
];

const byCode = new Map(table.map((row) => [row[0], row]));
const byName = new Map(table.map((row) => [row[1], row[0]]));
for (const alias of ["SUCCESS", "PENDING", "FAILED", "IN_PROGRESS"]) {
  byName.set(`INPUT_DOWNLOAD_${alias}`, byName.get(`INPUT_${alias}`) as number);
}

export interface Status {
  code: number;
  description: string;
  details?: string;
}

export function status(code: number, details?: string): Status {
  const description = byCode.get(code)?.[2] ?? "Unknown status";
  return details ? { code, description, details } : { code, description };
}

export function httpStatusOf(code: number): number {
  return byCode.get(code)?.[3] ?? (code >= 98000 ? 500 : 400);
}

/** A code that was given as number, number in a text, or name. */
export function codeFrom(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value === "") return undefined;
  return byName.get(value.toUpperCase()) ?? (Number.isInteger(Number(value)) ? Number(value) : undefined);
}

export function allStatuses(): Status[] {
  return table.map(([code, , description]) => ({ code, description }));
}

/** A request that is refused as a whole. */
export class Refusal extends Error {
  readonly code: number;
  readonly details: string | undefined;
  readonly httpStatus: number | undefined;

  constructor(code: number, details?: string, httpStatus?: number) {
    super(details ?? byCode.get(code)?.[2] ?? String(code));
    this.code = code;
    this.details = details;
    this.httpStatus = httpStatus;
  }
}

/** Status codes: their texts, and the HTTP status that goes with them. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";

/** Codes that the store answers with: number, description, HTTP status. */
const table: [number, string, number][] = [
  [10000, "Ok", 200],
  [10010, "Mixed Success", 200],
  [10020, "Failure", 400],
  [10040, "Not implemented", 501],
  [11007, "Insufficient scopes", 403],
  [11005, "Making too many requests", 429],
  [11008, "Invalid API key or Invalid API key/application pair", 401],
  [11009, "API key not found", 401],
  [11100, "Bad request format", 400],
  [11101, "Resource does not exist", 404],
  [11102, "Invalid request", 400],
  [11103, "Method not allowed", 400],
  [24150, "Annotation success", 200],
  [24151, "Annotation pending", 200],
  [24152, "Annotation failed", 200],
  [24155, "Annotation invalid argument", 400],
  [24157, "Annotation awaiting review", 200],
  [24158, "Annotation review denied", 200],
  [24159, "Annotation awaiting consensus review", 200],
  [24250, "Annotation modification success", 200],
  [24900, "Metadata patch arguments are invalid", 400],
  [25400, "Bulk operation success", 200],
  [25404, "Bulk operation request is invalid", 400],
  [30000, "Download complete", 200],
  [30001, "Download pending", 200],
  [30002, "Download failed; check URL", 200],
  [30003, "Download in progress", 200],
  [30100, "Input duplicate", 400],
  [30101, "Unsupported format", 400],
  [30102, "Input does not exist", 404],
  [30104, "Input invalid argument", 400],
  [30105, "Input over limit", 400],
  [30106, "Input invalid URL", 400],
  [30200, "Input image modification success", 200],
  [30210, "Input storage host failed", 500],
  [30300, "Input bytes are invalid", 400],
  [39999, "Input invalid request", 400],
  [40003, "Invalid request", 400],
  [40033, "Request body too large", 413],
  [64000, "Job is queued to be ran.", 200],
  [64001, "Job is running.", 200],
  [64002, "Job successfully ran.", 200],
  [64004, "Job was cancelled.", 200],
  [64015, "Dataset version ready", 200],
  [64100, "Dataset input success", 200],
  [98004, "Internal server issue", 500],
  [98013, "Internal resource unavailable", 503],
  [99009, "Internal error", 500],
];

const byCode = new Map(table.map((row) => [row[0], row]));
/** The first name of a code; where there are two, the second is the older one. */
const namesByCode = new Map<number, string>(
  Object.entries(statusCodes)
    .reverse()
    .map(([name, code]) => [code, name]),
);

export interface Status {
  code: number;
  description: string;
  details?: string;
}

export function status(code: number, details?: string): Status {
  const description = byCode.get(code)?.[1] ?? descriptionFrom(namesByCode.get(code));
  return details ? { code, description, details } : { code, description };
}

export function httpStatusOf(code: number): number {
  return byCode.get(code)?.[2] ?? (code >= 98000 ? 500 : 400);
}

/** The name of a code, for answers that write names. */
export function statusName(code: number): string | undefined {
  return namesByCode.get(code);
}

export function allStatuses(): Status[] {
  const codes = [...new Set(Object.values(statusCodes))].filter((code) => code > 0);
  return codes.sort((one, other) => one - other).map((code) => status(code));
}

/** "RPC_SERVER_UNAVAILABLE" as a text: "Rpc server unavailable". */
function descriptionFrom(name: string | undefined): string {
  if (name === undefined) return "Unknown status";
  return name[0] + name.slice(1).replaceAll("_", " ").toLowerCase();
}

/** A request that is refused as a whole. */
export class Refusal extends Error {
  readonly code: number;
  readonly details: string | undefined;
  readonly httpStatus: number | undefined;

  constructor(code: number, details?: string, httpStatus?: number) {
    super(details ?? status(code).description);
    this.code = code;
    this.details = details;
    this.httpStatus = httpStatus;
  }
}

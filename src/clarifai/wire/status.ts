/** Status codes of the API: what each means for the next step. */

import { statusCodeFrom } from "./status-codes.js";

/** A status as the API sends it, on the envelope and on every item. */
export interface WireStatus {
  code: number;
  description?: string | undefined;
  details?: string | undefined;
  reqId?: string | undefined;
}

/** Codes that this client names; the numbers are the API's. */
export const codes = {
  success: 10000,
  mixed: 10010,
  failure: 10020,
  accepted: 10070,
  hourlyLimit: 11003,
  throttled: 11005,
  notFound: 11101,
  annotationSuccess: 24150,
  inputSuccess: 30000,
  inputPending: 30001,
  inputFailed: 30002,
  inputInProgress: 30003,
  deleteFailed: 30005,
  inputDuplicate: 30100,
  inputNotFound: 30102,
  patched: 30200,
  bodyTooLarge: 40033,
  jobCompleted: 64002,
} as const;

const ok = new Set([10000, 10070, 23150, 24150, 24157, 24158, 24159, 24250, 25400, 30000, 30200, 64100]);
const progress = new Set([23151, 24151, 24251, 25402, 25403, 30001, 30003, 30201, 64000, 64001, 64008]);
const transient = new Set([
  10030, 11003, 11005, 30004, 30005, 30203, 40011, 40013, 40015, 40016, 40030, 40031, 40032, 40034, 43001, 98004, 98005,
  98006, 98008, 98009, 98010, 98011, 98012, 99001, 99003, 99004, 99009, 90500,
]);
const uploadAgain = new Set([24152, 30002, 30210, 39996, 47101]);
const requestFaults = new Set([11100, 11102, 30104, 39999, 40033]);

/** What a status means for the next step. */
export type StatusClass =
  /** Done. */
  | "ok"
  /** Accepted, still being worked on. */
  | "progress"
  /** The same call may succeed later. */
  | "transient"
  /** The input was accepted and failed later; it may be uploaded again. */
  | "upload-again"
  /** The input is there already. */
  | "duplicate"
  /** Final. */
  | "permanent";

export function classify(status: WireStatus): StatusClass {
  const { code } = status;
  if (ok.has(code)) return "ok";
  if (progress.has(code)) return "progress";
  if (code === codes.inputDuplicate || code === 64101) return "duplicate";
  if (transient.has(code) || (code >= 41000 && code <= 41199) || (code >= 98013 && code <= 98021)) return "transient";
  if (uploadAgain.has(code))
    return /\b4\d\d (Client )?Error\b/i.test(status.details ?? "") ? "permanent" : "upload-again";
  return "permanent";
}

export function isThrottle(status: WireStatus): boolean {
  return status.code === codes.throttled || status.code === codes.hourlyLimit;
}

/** Whether a refusal of a whole request may be the fault of one of its items. */
export function mayBeOneItem(status: WireStatus): boolean {
  return requestFaults.has(status.code);
}

/** Reads a status from an answer; the code may be a number or a name. */
export function statusFrom(value: unknown): WireStatus | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { code, description, details, req_id: reqId } = value as Record<string, unknown>;
  const number = statusCodeFrom(code);
  if (number === undefined) return undefined;
  return { code: number, description: text(description), details: text(details), reqId: text(reqId) };
}

/** A status as one line: `30002 Download failed; check URL: 404 …`. */
export function statusText(status: WireStatus): string {
  const description = status.description ?? "no description";
  return status.details ? `${description}: ${status.details}` : description;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

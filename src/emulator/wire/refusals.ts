/** Errors that become answers: the refusal of a whole request, and of one of its items. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { type Status, status } from "./status.js";

/** The request is refused as a whole. */
export class Refusal extends Error {
  readonly code: number;
  readonly details: string | undefined;
  /** Overrides the HTTP status of the code. */
  readonly httpStatus: number | undefined;

  constructor(code: number, details?: string, httpStatus?: number) {
    super(details ?? status(code).description);
    this.code = code;
    this.details = details;
    this.httpStatus = httpStatus;
  }
}

/** One item of a request is refused. The other items are processed. */
export class ItemRefusal extends Error {
  readonly status: Status;

  constructor(code: number, details: string) {
    super(details);
    this.status = status(code, details);
  }
}

/** Refuses a request with a parameter or a combination of fields that is invalid. */
export function invalidRequest(details: string, httpStatus?: number): Refusal {
  return new Refusal(statusCodes.CONN_INVALID_REQUEST, details, httpStatus);
}

/** Refuses a request for a resource that does not exist. */
export function doesNotExist(details: string): Refusal {
  return new Refusal(statusCodes.CONN_DOES_NOT_EXIST, details);
}

/** Refuses a request that the API has and the emulator does not support. */
export function notSupported(details: string): Refusal {
  return new Refusal(statusCodes.NOT_IMPLEMENTED, details);
}

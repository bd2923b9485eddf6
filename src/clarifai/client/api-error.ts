/** Errors of the API and of the connection to it. */

import { FlowError } from "../../core/errors.js";
import { statusText, type WireStatus } from "../wire/status.js";

export interface ApiErrorDetails {
  method: string;
  path: string;
  /** The status that the API answered with, if it answered. */
  status?: WireStatus | undefined;
  httpStatus?: number | undefined;
  /** Times that the request was sent. */
  attempts: number;
  outcomeUnknown?: boolean | undefined;
  retryable?: boolean | undefined;
  cause?: unknown;
}

/**
 * A request that did not succeed. `code` is the API's number as text (`"11009"`), or `ERR_…` when no answer came or it could not be
 * read; `status` has code, description, details and request id.
 */
export class ApiError extends FlowError {
  readonly status: WireStatus | undefined;
  readonly httpStatus: number | undefined;
  readonly attempts: number;
  /** The server may have carried out the request, although no answer confirms it. */
  readonly outcomeUnknown: boolean;

  constructor(code: string, message: string, details: ApiErrorDetails) {
    super(code, message, { retryable: details.retryable ?? false, cause: details.cause });
    this.status = details.status;
    this.httpStatus = details.httpStatus;
    this.attempts = details.attempts;
    this.outcomeUnknown = details.outcomeUnknown ?? false;
  }

  /** @deprecated Use `outcomeUnknown`. */
  get doubtful(): boolean {
    return this.outcomeUnknown;
  }
}

/** Makes the error of an answer whose status is not a success. */
export function answerError(status: WireStatus, details: Omit<ApiErrorDetails, "status">): ApiError {
  const request = status.reqId ? `, request ${status.reqId}` : "";
  const text = `${details.method} ${details.path}: ${statusText(status)} (${status.code}${request})`;
  return new ApiError(String(status.code), text, { ...details, status });
}

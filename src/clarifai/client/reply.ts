/** Replies: what came back for one attempt, what it means for the next step, and the error that it makes. */

import { describeError } from "../../core/errors.js";
import { ProxyError } from "../../core/net/proxy/http-proxy.js";
import { retryAfterMs } from "../../core/net/retry-after.js";
import { isObject } from "../../core/util/json/json-values.js";
import { classify, isThrottle, statusFrom, type WireStatus } from "../wire/status.js";
import { describeUntrustedOrigin, type UntrustedOrigin, untrustedOriginIn } from "./access/untrusted-origin.js";
import { ApiError, type ApiErrorDetails, answerError } from "./api-error.js";
import type { HttpAnswer } from "./http-connection.js";

/** What came back for one attempt: an answer, or the error of the connection. */
export interface Reply {
  httpStatus?: number | undefined;
  status?: WireStatus | undefined;
  json: Record<string, unknown>;
  retryAfterMs?: number | undefined;
  /** Set if the answer shows that it did not come from the API. */
  untrusted?: UntrustedOrigin | undefined;
  /** Why no answer came. */
  lost?: unknown;
  /** Whether it is known that the server did not carry the request out. */
  notDone?: boolean | undefined;
}

/** Reads an answer. */
export function replyOf({ httpStatus, headers, text }: HttpAnswer): Reply {
  const json = parseObject(text);
  return {
    httpStatus,
    json: json ?? {},
    status: json ? statusFrom(json.status) : undefined,
    retryAfterMs: retryAfterMs(headers),
    untrusted: json ? undefined : untrustedOriginIn(httpStatus, headers, text),
  };
}

/** What a reply says about its request. */
export type Fate =
  /** The status is readable and will not change. */
  | "final"
  /** The server refused it because there are too many. */
  | "throttled"
  /** It failed, and was not carried out. */
  | "not-done"
  /** It failed, and may have been carried out. */
  | "unknown";

export function fateOf({ httpStatus = 0, status, untrusted, lost, notDone }: Reply): Fate {
  if (httpStatus === 429 || (status && isThrottle(status))) return "throttled";
  if (status && httpStatus < 500 && classify(status) !== "transient") return "final";
  return notDone || neverSent(lost) || untrusted?.location !== undefined ? "not-done" : "unknown";
}

/** Makes the error of a reply that is not final; `address` is the configured address of the API. */
export function replyError(
  { httpStatus, status, untrusted, lost, notDone }: Reply,
  address: string,
  request: Omit<ApiErrorDetails, "httpStatus">,
): ApiError {
  const details: ApiErrorDetails = { retryable: true, ...request, httpStatus, cause: lost };
  if (status) return answerError(status, details);
  if (untrusted) {
    const { code, text } = describeUntrustedOrigin(untrusted, address);
    return new ApiError(code, text, details);
  }
  const call = `${details.method} ${details.path}`;
  if (httpStatus !== undefined) {
    return new ApiError("ERR_ANSWER_UNREADABLE", `${call}: HTTP ${httpStatus} without a readable status`, details);
  }
  const text = describeError(lost);
  return notDone || neverSent(lost)
    ? new ApiError("ERR_SERVER_UNREACHABLE", `${address} cannot be reached: ${text}`, details)
    : new ApiError("ERR_ANSWER_LOST", `${call}: no answer: ${text}`, details);
}

const secondsOf: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** Reads the rate that a throttled answer names, in requests a second: "exceeded limit of 15 requests per second". */
export function grantedRate(status: WireStatus | undefined): number | undefined {
  const match = /limit of (\d+(?:\.\d+)?(?:e-?\d+)?) requests? per (second|minute|hour|day)/i.exec(
    status?.details ?? "",
  );
  return match ? Number(match[1]) / (secondsOf[String(match[2]).toLowerCase()] as number) : undefined;
}

/** Errors of a connection that was never made: the server cannot have carried out anything. */
const connectErrors = new Set([
  ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"],
]);

function neverSent(error: unknown): boolean {
  if (error instanceof ProxyError) return true;
  return connectErrors.has((error as { code?: string } | undefined)?.code ?? "");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Refusals of the hub, with the next step. */

import { InputError } from "../../core/errors.js";
import { retryAfterMs } from "../../core/net/retry-after.js";
import { durationText } from "../../core/util/format/format.js";
import { shorten } from "../../core/util/format/shorten.js";
import type { HubAccess } from "./access.js";

type Headers = Record<string, string | string[] | undefined>;

/** What a request was about. */
export interface Asked {
  id: string;
  /** Names it in errors: the dataset, or a file. */
  what: string;
}

/** An answer of the hub that is not what was asked for. */
export class HubRefusal extends InputError {
  readonly statusCode: number;
  /** The wait that the hub asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(access: HubAccess, asked: Asked, statusCode: number, headers: Headers) {
    const { code, fact } = meaningOf(access, asked, statusCode, headers);
    const retryable = statusCode === 408 || statusCode === 429 || statusCode >= 500;
    super(code, `${asked.what} ${fact}`, { retryable });
    this.statusCode = statusCode;
    this.retryAfterMs = statusCode === 429 || statusCode === 503 ? waitOf(headers) : undefined;
  }
}

function meaningOf(
  access: HubAccess,
  { id }: Asked,
  statusCode: number,
  headers: Headers,
): { code: string; fact: string } {
  const { endpoint, token } = access;
  const reason = String(headers["x-error-code"] ?? "");
  const account = token
    ? `the account of the token (${token.from})`
    : "your account, and set HF_TOKEN to a token of it";
  if (reason === "GatedRepo")
    return {
      code: "ERR_HF_ACCESS",
      fact: `is gated; accept its terms at ${endpoint}/datasets/${id} with ${account}`,
    };
  if (statusCode === 404 || (reason === "RepoNotFound" && token)) return notFound(reason, token?.from);
  if (statusCode === 401 && token)
    return {
      code: "ERR_HF_ACCESS",
      fact: `cannot be read: the hub refused the token (${token.from}); make another at ${endpoint}/settings/tokens, or pass token: false for a public dataset`,
    };
  if (statusCode === 403 && token)
    return {
      code: "ERR_HF_ACCESS",
      fact: `cannot be read: the token (${token.from}) has no right to it; give it the right to read at ${endpoint}/settings/tokens`,
    };
  if (statusCode === 401 || statusCode === 403)
    return {
      code: "ERR_HF_ACCESS",
      fact: "does not exist, or is private; check its name, or set HF_TOKEN to a token that may read it",
    };
  if (statusCode === 429) {
    const wait = waitOf(headers);
    const asks = wait === undefined ? "" : `, and asks to wait for ${durationText(wait)}`;
    const step = token ? "run again later" : "run again later, or set HF_TOKEN: the limit of an account is higher";
    return {
      code: "ERR_HF_RATE_LIMIT",
      fact: `cannot be read now: the hub limits requests (HTTP 429)${asks}; ${step}`,
    };
  }
  if (statusCode === 416) return { code: "ERR_FILE_CHANGED", fact: "changed: it is shorter than the hub listed it" };
  const message = headers["x-error-message"];
  const text = typeof message === "string" ? `: ${shorten(message, 200)}` : "";
  return { code: "ERR_HF_REFUSED", fact: `cannot be read: the hub answered HTTP ${statusCode}${text}` };
}

function notFound(reason: string, tokenFrom: string | undefined): { code: string; fact: string } {
  const code = "ERR_HF_NOT_FOUND";
  if (reason === "RevisionNotFound") return { code, fact: "does not exist: the dataset has no such revision" };
  if (reason === "EntryNotFound")
    return { code, fact: "does not exist: the dataset has no such path at this revision" };
  if (tokenFrom === undefined) return { code, fact: "does not exist; check the name of the dataset" };
  return { code, fact: `does not exist, or the token (${tokenFrom}) may not read it; check the name` };
}

/** Returns the wait that the hub asks for: in Retry-After, or as the rest of the window in its header RateLimit. */
function waitOf(headers: Headers): number | undefined {
  const wait = retryAfterMs(headers as Parameters<typeof retryAfterMs>[0]);
  if (wait !== undefined) return wait;
  const [, seconds] = /;\s*t=(\d{1,6})\b/.exec(String(headers.ratelimit ?? "")) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** One call of the API: what it sends, and what comes back. */

import type { WireStatus } from "../wire/status.js";

/** A body that can be made again for every attempt; `length` is exact. A chunk is good until the next is asked for. */
export interface ReplayableBody {
  length: number;
  chunks(): Iterable<Uint8Array>;
}

export interface CallOptions {
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; instead of `json`. */
  body?: ReplayableBody | undefined;
  query?: Record<string, string | number | readonly string[] | undefined> | undefined;
  /** Whether sending it twice does what sending it once does. Default: true for all but POST. */
  idempotent?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A readable answer: its status and the rest of it. */
export interface Answer {
  status: WireStatus;
  httpStatus: number;
  json: Record<string, unknown>;
  attempts: number;
}

/** The query of an address, with its question mark; values of a list come one after the other. */
export function queryText(query: CallOptions["query"]): string {
  if (!query) return "";
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const entry of value) parameters.append(name, entry);
    else parameters.append(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

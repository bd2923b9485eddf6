/** One call of the API: its options and its answer. */

import type { WireStatus } from "../wire/status.js";

/** A unary method of gRPC. */
export interface Rpc {
  /** Path of the method: `/package.Service/Method`. */
  path: string;
  /** Decodes the message of its answer into the JSON that the REST API answers with. Throws if the bytes are no such message. */
  decode(message: Uint8Array): Record<string, unknown>;
}

/** The chunks of a body; they come asynchronously if an opener reads one of its contents. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A body that every attempt reads anew; `length` is exact. A chunk is valid until the next one is requested. */
export interface ReplayableBody {
  length: number;
  /** The gRPC method that the body belongs to; undefined for a REST request. */
  rpc?: Rpc | undefined;
  chunks(): Chunks;
  /** Receives the bytes of the current attempt that are sent, after each chunk. */
  onSent?: ((bytes: number) => void) | undefined;
}

export interface CallOptions {
  /** Sent as JSON. */
  json?: unknown;
  /** Sent unchanged, instead of `json`. */
  body?: ReplayableBody | undefined;
  query?: Record<string, string | number | readonly string[] | undefined> | undefined;
  /** Whether sending it twice has the same effect as sending it once. Default: true for all methods but POST. */
  idempotent?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A readable answer: its status and its JSON. */
export interface Answer {
  status: WireStatus;
  httpStatus: number;
  json: Record<string, unknown>;
  attempts: number;
}

/** Formats the query of an address, with its question mark; each value of a list becomes a parameter. */
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

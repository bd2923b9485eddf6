/** Sends one HTTP request to the server of the API, and reads its answer to the end. */

import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Traffic } from "../../core/accounting/clients.js";
import { withDeadline } from "../../core/net/deadline.js";
import { Pool } from "../../core/net/http.js";
import type { Network } from "../../core/net/network.js";
import { type Secret, secretHeaders } from "./access/secret.js";
import { type CallOptions, queryText, type ReplayableBody } from "./call.js";

export interface ConnectionOptions extends Secret {
  baseUrl: string;
  maxConcurrency?: number | undefined;
  timeoutMs?: number | undefined;
  /** Default: the authorities of Node.js. */
  network?: Network | undefined;
}

/** One request of a call. */
export interface ApiRequest extends CallOptions {
  method: Dispatcher.HttpMethod;
  path: string;
}

/** An answer as it came. */
export interface HttpAnswer {
  httpStatus: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** The largest answer that is read. */
const maxAnswerBytes = 64 * 1024 * 1024;
export const defaultTimeoutMs = 120_000;
/** A connection that sends fewer bytes a millisecond counts as stalled. */
const slowestBytesPerMs = 8;

/** The connections to one server. */
export class HttpConnection {
  /** Address of the server for people: without credentials. */
  readonly address: string;
  readonly host: string;
  readonly #basePath: string;
  /** Headers of every request. */
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #counts: Traffic;
  readonly #pool: Dispatcher;
  /** Whether the network closes the pool. */
  readonly #isShared: boolean;

  constructor({ baseUrl, maxConcurrency, timeoutMs, network, ...secret }: ConnectionOptions, counts: Traffic) {
    const { origin, host, pathname } = new URL(baseUrl);
    this.#basePath = pathname.replace(/\/+$/, "");
    this.address = `${origin}${this.#basePath}`;
    this.host = host;
    this.#headers = { ...secretHeaders(secret), accept: "application/json" };
    this.#timeoutMs = timeoutMs ?? defaultTimeoutMs;
    this.#counts = counts;
    const options = {
      connections: maxConcurrency ?? 32,
      pipelining: 1,
      headersTimeout: this.#timeoutMs,
      bodyTimeout: this.#timeoutMs,
      keepAliveTimeout: 10_000,
    };
    this.#isShared = network !== undefined;
    this.#pool = network ? network.pool(origin, options) : new Pool(origin, options);
  }

  /** Sends a request once. Throws what the connection or the body throws. */
  async send({ method, path, query, json, body, signal }: ApiRequest): Promise<HttpAnswer> {
    const headers: Record<string, string> = { ...this.#headers };
    const request: Dispatcher.RequestOptions = { method, path: `${this.#basePath}${path}${queryText(query)}`, headers };
    let bytes = 0;
    if (body) {
      bytes = body.length;
      headers["content-length"] = String(bytes);
      request.body = counted(body, this.#counts) as unknown as Readable;
    } else if (json !== undefined) {
      const text = JSON.stringify(json);
      bytes = Buffer.byteLength(text);
      request.body = text;
      this.#counts.bytesSent += bytes;
    }
    if (request.body) headers["content-type"] = "application/json";
    return withDeadline({ ...deadlineOf(bytes, this.#timeoutMs), signal }, async (cut) => {
      const response = await this.#pool.request({ ...request, signal: cut });
      const text = await this.#read(response.body);
      return { httpStatus: response.statusCode, headers: response.headers, text };
    });
  }

  async close(): Promise<void> {
    if (!this.#isShared) await this.#pool.destroy();
  }

  async #read(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) {
        body.destroy();
        throw new Error(`the answer has more than ${maxAnswerBytes} bytes`);
      }
      chunks.push(chunk);
    }
    this.#counts.bytesReceived += bytes;
    return Buffer.concat(chunks).toString("utf8");
  }
}

/** Returns the deadline of a whole exchange. Timeouts bound single pieces only, and a server may send pieces without end. */
export function deadlineOf(bytes: number, timeoutMs: number): { deadlineMs: number; late: () => Error } {
  const deadlineMs = 2 * timeoutMs + bytes / slowestBytesPerMs;
  return { deadlineMs, late: () => new Error(`the answer did not end within ${Math.round(deadlineMs)} ms`) };
}

/** Counts each chunk when the connection takes it: a video is sent for minutes. */
async function* counted(body: ReplayableBody, counts: Traffic): AsyncGenerator<Uint8Array, void> {
  let sent = 0;
  for await (const chunk of body.chunks()) {
    counts.bytesSent += chunk.length;
    sent += chunk.length;
    body.onSent?.(sent);
    yield chunk;
  }
}

/** Transport: one request to the API, paced, with its deadline, its retries and a typed answer. */

import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Traffic } from "../../core/accounting/clients.js";
import type { SharedRateLimiter } from "../../core/accounting/shared-rate-limiter.js";
import { describeError, FlowError } from "../../core/errors.js";
import { certificateProblem } from "../../core/net/certificate.js";
import { type Clock, systemClock } from "../../core/net/clock.js";
import { withDeadline } from "../../core/net/deadline.js";
import { Pool } from "../../core/net/http.js";
import { retryAfterMs } from "../../core/net/retry-after.js";
import { classify, isThrottle, statusFrom, type WireStatus } from "../wire/status.js";
import { ApiError, type ApiErrorDetails, answerError } from "./api-error.js";
import type { ApiTransport } from "./api-transport.js";
import { type Answer, type CallOptions, queryText } from "./call.js";
import { Pacer, type PacerOptions } from "./pacing/pacer.js";
import { describeStranger, type Stranger, strangerIn } from "./untrusted-origin.js";

export interface TransportOptions extends PacerOptions {
  baseUrl: string;
  pat: string;
  /** Whose requests are counted together where processes share them. Default: the address. */
  account?: string | undefined;
  /** The platform itself, which has no store to ask for. Default: false. */
  isPlatform?: boolean | undefined;
  /** Longest wait for an answer to begin, in milliseconds; after twice that it has ended. Default: 120,000. */
  timeoutMs?: number | undefined;
  /** Longest time that a call is retried while nothing succeeds, in milliseconds. Default: 300,000. */
  retryForMs?: number | undefined;
}

/** The largest answer that is read. */
const maxAnswerBytes = 64 * 1024 * 1024;
/** A server that never answered is given up sooner than one that has a bad minute. */
const firstContactMs = 10_000;
/** Longest wait that an answer may ask for, in milliseconds. */
const longestRetryAfterMs = 120_000;
/** A line that is slower than this many bytes a millisecond is taken for one that stands still. */
const slowestLine = 8;
/** Header with the id of its store, which an emulator sends with each answer. */
const storeHeader = "x-sluice-store";
/** A request that every server answers in some way, without changing anything. */
const anyQuestion = "/v2/status_codes/10000";
/** What a request is worth besides its bytes, when the pacer weighs what gets done. */
const requestWork = 50_000;

interface Attempt {
  httpStatus: number;
  status: WireStatus | undefined;
  json: Record<string, unknown>;
  retryAfterMs: number | undefined;
  /** What shows that something else than the API answered. */
  stranger: Stranger | undefined;
}

/**
 * Sends requests. It is the one layer that retries a request: throttled answers, failures of the server, lost connections. A POST whose
 * fate is unknown is not sent again; it throws an ApiError that is `doubtful`, and the caller finds out.
 */
export class Transport implements ApiTransport {
  readonly counts: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  readonly pacer: Pacer;
  readonly #pool: Pool;
  readonly #basePath: string;
  /** Where the server is, for people: without what may stand before an `@`. */
  readonly #address: string;
  readonly #authorization: string;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  /** Since when nothing has succeeded; undefined while all is well. */
  #troubleSince: number | undefined;
  #everAnswered = false;
  /** The store that the answers came from; null: from a server that names none. */
  #store: string | null | undefined;
  #turns: SharedRateLimiter | undefined;
  #lastError: ApiError | undefined;

  constructor(options: TransportOptions, clock: Clock = systemClock, pacer = new Pacer(options, clock)) {
    const url = new URL(options.baseUrl);
    this.#options = options;
    this.#clock = clock;
    this.#basePath = url.pathname.replace(/\/+$/, "");
    this.#address = `${url.origin}${this.#basePath}`;
    this.#authorization = `Key ${options.pat}`;
    this.pacer = pacer;
    this.#pool = new Pool(url.origin, {
      connections: options.maxConcurrency ?? 32,
      pipelining: 1,
      headersTimeout: options.timeoutMs ?? 120_000,
      bodyTimeout: options.timeoutMs ?? 120_000,
      keepAliveTimeout: 10_000,
    });
  }

  /** Sends a request until it has a final answer. @throws {ApiError} */
  async call(method: Dispatcher.HttpMethod, path: string, options: CallOptions = {}): Promise<Answer> {
    await this.pacer.slot();
    try {
      return await this.#tryUntilFinal(method, path, options);
    } finally {
      this.pacer.leave();
    }
  }

  /** What its calls wait for just now, as text. */
  waits(): string | undefined {
    const { open, waiting, downForMs } = this.pacer;
    if (open === 0 && waiting === 0) return undefined;
    const down = downForMs === undefined ? "" : `, the server has been down for ${Math.round(downForMs / 1000)} s`;
    const more = waiting > 0 ? `, ${waiting} ${waiting === 1 ? "waits" : "wait"} for a slot` : "";
    return `requests: ${open} ${open === 1 ? "is" : "are"} open${more}${down}`;
  }

  /** Asks for a turn before each attempt from now on, where a rate is known. */
  shareRateLimiter(turns: SharedRateLimiter | undefined): void {
    this.#turns = turns;
  }

  /**
   * Returns the id of the store behind an emulator, which tells apart two stores that use one port in turn. Asks the server once; undefined for the
   * platform and for servers that name no store.
   *
   * @throws {ApiError} ERR_SERVER_UNREACHABLE
   */
  async storeOfServer(): Promise<string | undefined> {
    if (this.#store === undefined && !this.#options.isPlatform) {
      await this.call("GET", anyQuestion).catch((error: unknown) => {
        if (this.#store === undefined) throw error; // any answer tells, also a refusal
      });
    }
    return this.#store ?? undefined;
  }

  /** Notices when another store answers than before: what this run sent to the first one is not there. */
  #checkStore(header: string | string[] | undefined): void {
    const store = typeof header === "string" ? header : null;
    if (typeof this.#store === "string" && store !== null && store !== this.#store) {
      const text = `the emulator at ${this.#address} now has another store than before; start again, with a journal of its own`;
      throw new FlowError("ERR_STORE_CHANGED", text);
    }
    this.#store ??= store;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Waits for the moment to send; gives back when that is. A shared turn is taken last: what waited after it would go in the turn of another. */
  async #turn(signal: AbortSignal | undefined): Promise<number> {
    const startedAt = await this.pacer.turn(signal);
    const { perSecond, down } = this.pacer;
    if (!this.#turns || down || perSecond === Number.POSITIVE_INFINITY) return startedAt;
    await this.#turns.acquire(this.#options.account ?? this.#address, perSecond, signal);
    return this.#clock.now();
  }

  async #tryUntilFinal(method: Dispatcher.HttpMethod, path: string, options: CallOptions): Promise<Answer> {
    const idempotent = options.idempotent ?? method !== "POST";
    for (let attempts = 1; ; attempts += 1) {
      this.#throwIfGivenUp(method, path);
      const startedAt = await this.#turn(options.signal);
      options.signal?.throwIfAborted();
      let attempt: Attempt | undefined;
      let lost: unknown;
      this.counts.requests += 1;
      if (attempts > 1) this.counts.retries += 1;
      try {
        attempt = await this.#send(method, path, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof FlowError) throw error;
        const certificate = certificateProblem(error, new URL(this.#address).host);
        const details = { method, path, attempts, cause: error };
        if (certificate) throw new ApiError("ERR_CERTIFICATE", certificate, details);
        lost = error;
      }
      // A wrong address shows at once. What comes between after answers of the API may pass.
      if (attempt?.stranger?.location !== undefined && !this.#everAnswered) {
        throw this.#strangerError(attempt.stranger, { method, path, attempts });
      }
      const status = attempt?.status;
      if (status) this.#everAnswered = true; // also one that has a bad minute just now
      if (attempt && status && this.#isFinal(attempt)) {
        this.#troubleSince = undefined;
        this.pacer.succeeded(startedAt, requestWork + (options.body?.length ?? 0));
        return { status, httpStatus: attempt.httpStatus, json: attempt.json, attempts };
      }
      this.#troubleSince ??= this.#clock.now();
      const refused =
        attempt !== undefined && (attempt.httpStatus === 429 || (status !== undefined && isThrottle(status)));
      const safe = idempotent || refused || neverSent(lost) || attempt?.stranger?.location !== undefined;
      if (refused) {
        this.counts.throttled += 1;
        this.#everAnswered = true; // also without a status
        this.pacer.refused(startedAt, { granted: grantedRate(status), retryAfterMs: attempt?.retryAfterMs });
      } else this.pacer.failed(startedAt);
      if (!safe || this.#patienceIsOver()) {
        this.#lastError = this.#errorOf(method, path, attempt, lost, attempts, !safe);
        throw this.#lastError;
      }
      if (refused) continue; // its next turn comes when the rate allows it
      await this.pacer.pause(attempts, options.signal);
      if (attempt?.retryAfterMs) await this.#clock.sleep(attempt.retryAfterMs, options.signal);
    }
  }

  /** A server that never answered is asked once a second, and what is called meanwhile fails with it: a wrong address shows at once. */
  #throwIfGivenUp(method: string, path: string): void {
    const last = this.#lastError;
    if (!last || this.#everAnswered || !this.pacer.resting || !this.#patienceIsOver()) return;
    throw new ApiError(last.code, last.message, { method, path, attempts: 0, retryable: true, cause: last });
  }

  /** An answer is final when its status is readable and is not one that passes with time. */
  #isFinal(attempt: Attempt): boolean {
    if (attempt.status === undefined) return false;
    if (attempt.httpStatus === 429 || attempt.httpStatus >= 500) return false;
    return classify(attempt.status) !== "transient";
  }

  async #send(method: Dispatcher.HttpMethod, path: string, options: CallOptions): Promise<Attempt> {
    const headers: Record<string, string> = { authorization: this.#authorization, accept: "application/json" };
    const request: Dispatcher.RequestOptions = {
      method,
      path: `${this.#basePath}${path}${queryText(options.query)}`,
      headers,
    };
    let bytes = 0;
    if (options.body) {
      bytes = options.body.length;
      headers["content-length"] = String(bytes);
      request.body = counted(options.body.chunks(), this.counts) as unknown as Readable;
    } else if (options.json !== undefined) {
      const body = JSON.stringify(options.json);
      bytes = Buffer.byteLength(body);
      request.body = body;
      this.counts.bytesSent += bytes;
    }
    if (request.body) headers["content-type"] = "application/json";
    // What waits for single pieces is not enough: a server may send them for ever.
    const deadlineMs = 2 * (this.#options.timeoutMs ?? 120_000) + bytes / slowestLine;
    const late = () => new Error(`the answer did not end within ${Math.round(deadlineMs)} ms`);
    return withDeadline({ deadlineMs, signal: options.signal, late }, async (signal) => {
      const response = await this.#pool.request({ ...request, signal });
      this.#checkStore(response.headers[storeHeader]);
      const text = await this.#readAnswer(response.body);
      const retryAfter = retryAfterMs(response.headers);
      const json = parseObject(text);
      return {
        httpStatus: response.statusCode,
        json: json ?? {},
        status: json ? statusFrom(json.status) : undefined,
        retryAfterMs: retryAfter === undefined ? undefined : Math.min(retryAfter, longestRetryAfterMs),
        stranger: json ? undefined : strangerIn(response.statusCode, response.headers, text),
      };
    });
  }

  async #readAnswer(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
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
    this.counts.bytesReceived += bytes;
    return Buffer.concat(chunks).toString("utf8");
  }

  #patienceIsOver(): boolean {
    if (this.#troubleSince === undefined) return false;
    const patience = this.#options.retryForMs ?? 300_000;
    return (
      this.#clock.now() - this.#troubleSince > (this.#everAnswered ? patience : Math.min(patience, firstContactMs))
    );
  }

  #strangerError(stranger: Stranger, details: ApiErrorDetails): ApiError {
    const { code, text } = describeStranger(stranger, this.#address);
    return new ApiError(code, text, { ...details, httpStatus: stranger.httpStatus });
  }

  #errorOf(
    method: string,
    path: string,
    attempt: Attempt | undefined,
    lost: unknown,
    attempts: number,
    doubtful: boolean,
  ): ApiError {
    const details = { method, path, httpStatus: attempt?.httpStatus, attempts, doubtful, retryable: true, cause: lost };
    if (attempt?.status) return answerError(attempt.status, details);
    if (attempt?.stranger) return this.#strangerError(attempt.stranger, details);
    if (attempt) {
      const text = `${method} ${path}: HTTP ${attempt.httpStatus} without a readable status`;
      return new ApiError("ERR_ANSWER_UNREADABLE", text, details);
    }
    const down = neverSent(lost);
    const text = down
      ? `${this.#address} cannot be reached: ${describeError(lost)}`
      : `${method} ${path}: no answer: ${describeError(lost)}`;
    return new ApiError(down ? "ERR_SERVER_UNREACHABLE" : "ERR_ANSWER_LOST", text, details);
  }
}

/** Counts chunks as they are handed over: sending a video goes on for minutes. */
function* counted(chunks: Iterable<Uint8Array>, counts: Traffic): Generator<Uint8Array, void> {
  for (const chunk of chunks) {
    counts.bytesSent += chunk.length;
    yield chunk;
  }
}

/** Errors of a connection that was never made: nothing can have been carried out. */
function neverSent(error: unknown): boolean {
  const code = (error as { code?: string } | undefined)?.code;
  return (
    code === "ECONNREFUSED" ||
    code === "ENOTFOUND" ||
    code === "EAI_AGAIN" ||
    code === "EHOSTUNREACH" ||
    code === "ENETUNREACH" ||
    code === "UND_ERR_CONNECT_TIMEOUT"
  );
}

/** The rate that a throttled answer names: "exceeded limit of 15 requests per second". */
function grantedRate(status: WireStatus | undefined): number | undefined {
  const match = /limit of (\d+(?:\.\d+)?) requests? per second/i.exec(status?.details ?? "");
  const rate = match ? Number(match[1]) : Number.NaN;
  return rate > 0 ? rate : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Transport: decides about every request to the API: when it is sent, whether it is sent again, and when to give up. */

import { setMaxListeners } from "node:events";
import type { Dispatcher } from "undici";
import type { Traffic } from "../../core/accounting/clients.js";
import type { SharedRateLimiter } from "../../core/accounting/shared-rate-limiter.js";
import { describeError, FlowError } from "../../core/errors.js";
import { certificateProblem } from "../../core/net/certificate.js";
import { type Clock, systemClock } from "../../core/net/clock.js";
import { ProxyError } from "../../core/net/proxy/http-proxy.js";
import { again, fail, ok, type Pause, retry, unknown, type Verdict } from "../../core/net/retry.js";
import type { Shard } from "../../core/shard/shard.js";
import { linkAborts } from "../../core/util/link-aborts.js";
import { statusCodes } from "../wire/status-codes.js";
import { authorityStep } from "./access/authority-step.js";
import { ApiError, type ApiErrorDetails } from "./api-error.js";
import type { ApiTransport } from "./api-transport.js";
import type { Answer, CallOptions, ReplayableBody } from "./call.js";
import { askServer } from "./grpc/ask-server.js";
import type { GrpcConnection, RpcBody } from "./grpc/grpc-connection.js";
import { type ApiRequest, HttpConnection } from "./http-connection.js";
import { LongWaits } from "./pacing/long-waits.js";
import { Pacer } from "./pacing/pacer.js";
import { type Fate, fateOf, grantedRate, type Reply, replyError, replyOf } from "./reply.js";
import { StoreCheck, storeHeader } from "./store-check.js";
import type { TransportOptions } from "./transport-options.js";

/** A server that never answered is given up sooner than one that has a bad minute. */
const firstContactMs = 10_000;
const defaultRetryForMs = 300_000;
/** A request that every server answers in some way, without changing anything. */
const harmlessPath = `/v2/status_codes/${statusCodes.SUCCESS}`;
/** Work of a request besides its bytes, when the pacer compares how much gets done. */
const requestWork = 50_000;

type Why = "throttled" | "failed";

/**
 * Sends requests. It retries throttled answers, failures of the server and lost connections. It does not repeat a POST whose outcome is unknown: it
 * throws an `ApiError` with `outcomeUnknown`, and the caller looks up what arrived.
 */
export class Transport implements ApiTransport {
  readonly counts: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  readonly pacer: Pacer;
  readonly #connection: HttpConnection;
  readonly #grpc: GrpcConnection | undefined;
  #onSent: (bytes: number, limit: string | undefined) => void = () => undefined;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  /** Since when nothing has succeeded; undefined while requests succeed. */
  #troubleSince: number | undefined;
  #everAnswered = false;
  readonly #storeCheck: StoreCheck;
  #rateLimiter: SharedRateLimiter | undefined;
  #lastError: ApiError | undefined;
  readonly #longWaits: LongWaits;
  readonly #retryForMs: number;
  /** Aborted when waiting calls are to fail, because the wait is too long. */
  #waitTooLong = new AbortController();

  constructor(options: TransportOptions, clock: Clock = systemClock, pacer = new Pacer(options, clock)) {
    this.#options = options;
    this.#clock = clock;
    this.pacer = pacer;
    this.#connection = new HttpConnection(options, this.counts);
    this.#grpc = options.grpc?.(this.counts);
    this.#longWaits = new LongWaits(this.#connection.address);
    this.#storeCheck = new StoreCheck(this.#connection.address);
    this.#retryForMs = options.retryForMs ?? defaultRetryForMs;
  }

  /** Sends a request until it has a final answer. @throws {ApiError} */
  async call(method: Dispatcher.HttpMethod, path: string, options: CallOptions = {}): Promise<Answer> {
    await this.pacer.slot();
    try {
      return await this.#untilFinal({ ...options, method, path });
    } finally {
      this.pacer.leave();
    }
  }

  /** Describes what its calls wait for just now; undefined if there are none. */
  waits(): string | undefined {
    return this.pacer.waits();
  }

  /** Acquires a slot of the shared rate limiter before each attempt from now on, if a rate is known. */
  shareRateLimiter(limiter: SharedRateLimiter | undefined): void {
    this.#rateLimiter = limiter;
  }

  /** Divides the known rate of the account among shards, until the returned function is called. */
  divideRate(shard: Shard): () => void {
    return this.pacer.divideRate(shard);
  }

  /**
   * Returns the id of the store behind an emulator, which distinguishes two stores that use one port in turn. Requests it once; undefined for the
   * platform and for servers that name no store.
   *
   * @throws {ApiError} ERR_SERVER_UNREACHABLE
   */
  async storeOfServer(): Promise<string | undefined> {
    if (this.#storeCheck.store === undefined && !this.#options.isPlatform) {
      if (!this.#everAnswered) this.#troubleSince = undefined; // an earlier run may have given the server up
      await this.call("GET", harmlessPath).catch((error: unknown) => {
        if (this.#storeCheck.store === undefined) throw error; // a refusal has the header, too
      });
    }
    return this.#storeCheck.store ?? undefined;
  }

  /** Calls a function for each request that was answered over gRPC, with its size, and the reason if the windows of the server made it slow. */
  onSent(listener: (bytes: number, limit: string | undefined) => void): void {
    this.#onSent = listener;
  }

  /**
   * Asks the server whether it speaks gRPC: sends a question once, and waits for a short time. Returns undefined if it does, else the reason. Rejects with
   * the reason of an abort.
   */
  async askForGrpc(question: ReplayableBody, signal?: AbortSignal): Promise<string | undefined> {
    const grpc = this.#grpc;
    if (!grpc) return "no address for gRPC is known";
    try {
      await this.#turn(signal);
      this.counts.requests += 1;
      return await askServer(grpc, question, { timeoutMs: this.#options.timeoutMs, signal });
    } catch (error) {
      signal?.throwIfAborted();
      return `${grpc.address}: ${describeError(error)}`;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.close(), this.#grpc?.close(), this.#options.network?.close()]);
  }

  #untilFinal(request: ApiRequest): Promise<Answer> {
    const { signal } = request;
    const retryForMs = this.#retryForMs;
    const rules = {
      throttled: { retryForMs, pause: ({ failures }: Pause) => this.pacer.pauseRefused(failures, signal) },
      failed: { retryForMs, pause: ({ attempts }: Pause) => this.pacer.pause(attempts, signal) },
    };
    return retry((attempts) => this.#attempt(request, attempts), { rules, signal, clock: this.#clock });
  }

  /** Sends a request once. */
  async #attempt(request: ApiRequest, attempts: number): Promise<Verdict<Answer, Why>> {
    const { signal } = request;
    let startedAt: number | undefined;
    while (startedAt === undefined) {
      const givenUp = this.#givenUp(request, attempts);
      if (givenUp) return fail(givenUp);
      startedAt = await this.#turn(signal);
      signal?.throwIfAborted();
    }
    this.counts.requests += 1;
    if (attempts > 1) this.counts.retries += 1;
    const reply = await this.#send(request);
    return this.#verdictOn(reply, request, { attempts, startedAt });
  }

  /** Judges a reply, and reports it to the pacer. */
  #verdictOn(
    reply: Reply,
    { method, path, body, idempotent = method !== "POST" }: ApiRequest,
    { attempts, startedAt }: { attempts: number; startedAt: number },
  ): Verdict<Answer, Why> {
    const address = (body?.rpc && this.#grpc?.address) ?? this.#connection.address;
    const { host } = new URL(address);
    const { status, httpStatus = 0, json } = reply;
    const details = { method, path, attempts };
    const problem = certificateProblem(reply.lost, host, authorityStep(this.#options.network?.caFile));
    if (problem) return fail(new ApiError("ERR_CERTIFICATE", problem, { ...details, cause: reply.lost }));
    if (reply.lost instanceof ProxyError && !reply.lost.retryable) {
      return fail(new ApiError(reply.lost.code, reply.lost.message, { ...details, cause: reply.lost }));
    }
    // A redirect before the first answer of the API means a wrong address. A redirect after it may be temporary.
    if (reply.untrusted?.location !== undefined && !this.#everAnswered) {
      return fail(replyError(reply, address, { ...details, retryable: false }));
    }
    const fate = fateOf(reply);
    if (status || fate === "throttled" || reply.retryAfterMs !== undefined) this.#everAnswered = true;
    if (status && fate === "final") {
      this.#troubleSince = undefined;
      this.pacer.succeeded(startedAt, requestWork + (body?.length ?? 0));
      return ok({ status, httpStatus, json, attempts });
    }

    this.#troubleSince ??= this.#clock.now();
    this.#reportFailure(reply, fate, startedAt);
    const outcomeUnknown = fate === "unknown" && !idempotent;
    const answered = replyError(reply, address, { ...details, outcomeUnknown });
    const facts = { ...details, outcomeUnknown, status, cause: answered };
    const tooLong = this.#waitError({ ...facts, httpStatus: reply.httpStatus });
    const error = tooLong ?? answered;
    if (!outcomeUnknown && !tooLong && !this.#patienceIsOver()) {
      return again(fate === "throttled" ? "throttled" : "failed", error);
    }
    this.#lastError = error;
    return outcomeUnknown ? unknown(error) : fail(error);
  }

  /** Reports a refusal or a failure to the pacer. If its wait is too long, waiting calls check whether they go on waiting. */
  #reportFailure({ status, retryAfterMs = 0 }: Reply, fate: Fate, startedAt: number): void {
    if (fate === "throttled") {
      this.counts.throttled += 1;
      const named = grantedRate(status);
      const granted = named !== undefined && this.#longWaits.isUsable(named) ? named : undefined;
      const intervalMs = this.#longWaits.intervalOf(named, this.#clock.now());
      this.pacer.refused(startedAt, { granted, retryAfterMs: Math.max(retryAfterMs, intervalMs) });
    } else this.pacer.failed(startedAt, retryAfterMs);
    if (!this.#waitError({ method: "", path: "", attempts: 1 })) return;
    const ended = this.#waitTooLong;
    this.#waitTooLong = new AbortController();
    ended.abort();
  }

  /** Makes the error of a call if the server asked for a wait that is too long. A call that was not sent yet has all of its time left. */
  #waitError(details: ApiErrorDetails): ApiError | undefined {
    const { heldForMs } = this.pacer;
    if (heldForMs === 0) return undefined;
    const now = this.#clock.now();
    const retryForMs = this.#retryForMs;
    const troubleMs = details.attempts === 0 ? 0 : now - (this.#troubleSince ?? now);
    const leftMs = retryForMs - troubleMs;
    return this.#longWaits.errorOf({ now, heldForMs, leftMs, retryForMs }, details);
  }

  /** Sends a request once. An error of the connection is a reply, too; an abort and errors of this library are thrown. */
  async #send(request: ApiRequest): Promise<Reply> {
    if (request.body?.rpc) return this.#sendRpc(request.body as RpcBody, request.signal);
    try {
      const answer = await this.#connection.send(request);
      this.#storeCheck.read(answer.headers);
      return replyOf(answer);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof FlowError && !(error instanceof ProxyError)) throw error;
      return { json: {}, lost: error };
    }
  }

  async #sendRpc(body: RpcBody, signal: AbortSignal | undefined): Promise<Reply> {
    if (!this.#grpc) throw new Error("the body is for gRPC, and the transport has no gRPC connection");
    const reply = await this.#grpc.send(body, signal);
    if (reply.isGrpc) this.#onSent(body.length, reply.windowLimit);
    if (storeHeader in reply.headers) this.#storeCheck.read(reply.headers);
    return reply;
  }

  /**
   * Waits for the moment to send, and returns it; undefined if the wait turned out to be too long. The slot of the shared rate limiter is acquired last:
   * a request that waited after it would use the slot of another one.
   */
  async #turn(signal: AbortSignal | undefined): Promise<number | undefined> {
    const tooLong = this.#waitTooLong.signal;
    setMaxListeners(0, tooLong);
    const { controller, unlink } = linkAborts(signal, tooLong);
    try {
      const startedAt = await this.pacer.turn(controller.signal);
      const { perSecond, down } = this.pacer;
      if (!this.#rateLimiter || down || perSecond === Number.POSITIVE_INFINITY) return startedAt;
      const account = this.#options.account ?? this.#connection.address;
      await this.#rateLimiter.acquire(account, perSecond, controller.signal);
      return this.pacer.heldForMs > 0 ? undefined : this.#clock.now();
    } catch (error) {
      if (tooLong.aborted && !signal?.aborted) return undefined;
      throw error;
    } finally {
      unlink();
    }
  }

  /**
   * The error of a call that will not wait: because the wait is too long, or because the server never answered and its next probe is not due. A wrong
   * address shows at once.
   */
  #givenUp({ method, path }: ApiRequest, attempts: number): ApiError | undefined {
    const tooLong = this.#waitError({ method, path, attempts: attempts - 1 });
    if (tooLong) return tooLong;
    const last = this.#lastError;
    if (!last || this.#everAnswered || !this.pacer.resting || !this.#patienceIsOver()) return undefined;
    return new ApiError(last.code, last.message, { method, path, attempts: 0, retryable: true, cause: last });
  }

  #patienceIsOver(): boolean {
    if (this.#troubleSince === undefined) return false;
    const patienceMs = this.#everAnswered ? this.#retryForMs : Math.min(this.#retryForMs, firstContactMs);
    return this.#clock.now() - this.#troubleSince > patienceMs;
  }
}

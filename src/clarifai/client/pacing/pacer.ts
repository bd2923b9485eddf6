/** Paces attempts: how many are open at once, how fast they are sent, and how many of them are retries. All calls of an account share it. */

import { setMaxListeners } from "node:events";
import { backoffMs } from "../../../core/net/backoff.js";
import type { Clock } from "../../../core/net/clock.js";
import { linkAborts } from "../../../core/util/link-aborts.js";
import { Concurrency } from "./concurrency.js";
import { Rate, type Refusal } from "./rate.js";
import { RetryBudget } from "./retry-budget.js";

export interface PacerOptions {
  /** Requests per second that the server grants, if known. Default: the pacer finds it out. */
  requestsPerSecond?: number | undefined;
  /** Most attempts open at once; the pacer finds out how many help. Default: 32. */
  maxConcurrency?: number | undefined;
}

const initialConcurrency = 4;
/** Failures in a row after which the server counts as down. */
const downAfter = 4;
/** Time between two probes of a server that is down. */
const probeMs = 1000;

/**
 * Paces attempts. A call keeps a slot for its whole life, with its retries and the waits between them; before each attempt it waits for its turn. The
 * number of slots follows throughput, turns follow the granted rate, and retries have a budget. While the server is down, one attempt a second probes
 * it; after the first success all other attempts continue at once.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #concurrency: Concurrency;
  readonly #rate: Rate;
  readonly #budget = new RetryBudget();
  #open = 0;
  #queue: (() => void)[] = [];
  #failuresInRow = 0;
  #downSince = 0;
  #changedAt = 0;
  #refusedAt = 0;
  #nextProbeAt = 0;
  #rateLimited = false;
  #recovery = awaitable();

  constructor(options: PacerOptions = {}, clock: Clock) {
    this.#clock = clock;
    this.#concurrency = new Concurrency({ initial: initialConcurrency, max: options.maxConcurrency ?? 32 });
    this.#rate = new Rate(options.requestsPerSecond);
  }

  /** Calls that have a slot. */
  get open(): number {
    return this.#open;
  }

  /** Calls that wait for a slot. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Slots at present. */
  get limit(): number {
    return this.#concurrency.limit;
  }

  /** Attempts a second at present; Infinity while nothing limits them. */
  get perSecond(): number {
    return this.#rate.perSecond;
  }

  /** Whether the server counts as down. */
  get down(): boolean {
    return this.#failuresInRow >= downAfter;
  }

  /** How long the server has been down, in milliseconds; undefined while it is not. */
  get downForMs(): number | undefined {
    return this.down ? this.#clock.now() - this.#downSince : undefined;
  }

  /** Whether the server is down and its next probe is not due. */
  get resting(): boolean {
    return this.down && this.#clock.now() < this.#nextProbeAt;
  }

  /** Acquires a slot, in the order of the calls. */
  async slot(): Promise<void> {
    if (this.#open < this.#concurrency.limit) {
      this.#open += 1;
      return;
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  /** Releases the slot to the next call in the queue. */
  leave(): void {
    this.#open -= 1;
    this.#admit();
  }

  /** Waits for the moment to send one attempt, and returns it. */
  async turn(signal?: AbortSignal): Promise<number> {
    for (;;) {
      const now = this.#clock.now();
      if (this.down) {
        const at = Math.max(now, this.#nextProbeAt);
        this.#nextProbeAt = at + probeMs;
        if (at <= now) return now;
        if (!(await this.#sleep(at - now, signal))) return this.#clock.now();
        continue;
      }
      const wait = this.#rate.reserve(now);
      this.#rateLimited = wait > 0;
      if (wait > 0) await this.#clock.sleep(wait, signal);
      return this.#clock.now();
    }
  }

  /** Waits after a failed attempt: longer each time, and until the budget has a retry. While the server is down, the next turn waits instead. */
  async pause(attempts: number, signal?: AbortSignal): Promise<void> {
    if (this.down) return;
    if (await this.#sleep(backoffMs(attempts), signal)) return;
    const wait = this.#budget.take(this.#clock.now());
    if (wait > 0) await this.#clock.sleep(wait, signal);
  }

  /** Records an attempt with an answer; `work` is how much it got done, in bytes. */
  succeeded(startedAt: number, work: number): void {
    const now = this.#clock.now();
    this.#rate.passed(now, startedAt);
    this.#budget.succeeded();
    if (this.#failuresInRow > 0) {
      this.#failuresInRow = 0;
      this.#recovery.abort();
      this.#recovery = awaitable();
    }
    // More slots do not help while requests wait for the rate limit.
    this.#concurrency.succeeded(now, work, this.#queue.length > 0 && !this.#rateLimited);
    this.#admit();
  }

  /** Records an attempt that the server refused because there are too many. It may be sent again at its next turn. */
  refused(startedAt: number, refusal: Refusal = {}): void {
    const now = this.#clock.now();
    this.#rate.refused(now, startedAt, refusal);
    if (startedAt >= this.#refusedAt) {
      this.#refusedAt = now;
      this.#addFailure();
    }
  }

  /** Records an attempt that failed, or whose answer was lost. */
  failed(startedAt: number): void {
    this.#addFailure();
    if (this.down || startedAt < this.#changedAt) return;
    this.#changedAt = this.#clock.now();
    this.#concurrency.failed();
  }

  #addFailure(): void {
    this.#failuresInRow += 1;
    if (this.#failuresInRow === downAfter) this.#downSince = this.#clock.now();
  }

  #admit(): void {
    while (this.#open < this.#concurrency.limit) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#open += 1;
      next();
    }
  }

  /** Sleeps; returns true if the server recovered first. */
  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    const recovered = this.#recovery.signal;
    const { controller, unlink } = linkAborts(signal, recovered);
    try {
      await this.#clock.sleep(ms, controller.signal);
      return false;
    } catch (error) {
      signal?.throwIfAborted();
      if (recovered.aborted) return true;
      throw error;
    } finally {
      unlink();
    }
  }
}

/** Makes a controller whose signal many calls can wait for at once. */
function awaitable(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

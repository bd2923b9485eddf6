/** Paces attempts: how many are open at once, how fast they are sent, and how many of them are retries. All calls of an account share it. */

import { setMaxListeners } from "node:events";
import { backoffMs } from "../../../core/net/backoff.js";
import type { Clock } from "../../../core/net/clock.js";
import type { Shard } from "../../../core/shard/shard.js";
import { linkAborts } from "../../../core/util/link-aborts.js";
import { Concurrency } from "./concurrency.js";
import { Hold } from "./hold.js";
import { Rate } from "./rate.js";
import { RetryBudget } from "./retry-budget.js";

export interface PacerOptions {
  /** Requests per second that the server grants, if known. Default: the pacer finds it out. */
  requestsPerSecond?: number | undefined;
  /** Most attempts open at once; the pacer finds out how many help. Default: 32. */
  maxConcurrency?: number | undefined;
}

/** What the answer of a refusal says. */
interface Refusal {
  /** The limit that the server named, in requests a second. */
  granted?: number | undefined;
  /** The wait that the server asked for. */
  retryAfterMs?: number | undefined;
}

const initialConcurrency = 4;
/** Failures in a row after which the server counts as down. */
const downAfter = 4;
/** Time between two probes of a server that is down. */
const probeMs = 1000;
/** Range of the pause of a refused attempt while nothing limits the rate. */
const refusedBackoff = { baseMs: 50 };

/**
 * Paces attempts. A call keeps a slot until it ends, also during its retries and the waits between them. Before each attempt it waits for its turn. The
 * number of slots depends on the throughput, the turns on the granted rate, and the retries on a budget. While the server is down, one attempt a second
 * probes it; after the first success, all other attempts continue at once. If the server asks for a wait, no attempt is sent until its end, probes included.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #concurrency: Concurrency;
  readonly #rate: Rate;
  readonly #budget = new RetryBudget();
  readonly #hold = new Hold();
  /** The shards of the runs that use the account. */
  readonly #shards = new Set<{ shard: Shard }>();
  #open = 0;
  #queue: (() => void)[] = [];
  #failuresInRow = 0;
  #downSince = 0;
  #changedAt = 0;
  #refusedAt = 0;
  #probedAt = Number.NEGATIVE_INFINITY;
  #nextProbeAt = 0;
  #rateLimited = false;
  /** Aborted when the server recovers. */
  #recovery = awaitable();
  /** Aborted when turns change: after a hold, a recovery or a rise of the rate. */
  #change = awaitable();

  constructor(options: PacerOptions = {}, clock: Clock) {
    this.#clock = clock;
    this.#concurrency = new Concurrency({ initial: initialConcurrency, max: options.maxConcurrency ?? 32 });
    this.#rate = new Rate(options.requestsPerSecond);
  }

  /**
   * Divides a known rate among shards, until the returned function is called. Runs of several shards in this process have the sum of their shares.
   */
  divideRate(shard: Shard): () => void {
    const held = { shard };
    this.#shards.add(held);
    this.#applyShards();
    return () => {
      if (this.#shards.delete(held)) this.#applyShards();
    };
  }

  #applyShards(): void {
    const shards = new Map([...this.#shards].map(({ shard }) => [shard.text, shard]));
    const [only, ...others] = shards.values();
    const sum = [...shards.values()].reduce((total, { count }) => total + 1 / count, 0);
    const dayOffsetMs = Date.now() - this.#clock.now();
    const turn = only && others.length === 0 ? { phase: (only.index - 1) / only.count, dayOffsetMs } : undefined;
    this.#rate.setShare({ fraction: only ? Math.min(1, sum) : 1, turn });
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

  /** Describes what calls wait for just now; undefined if there are none. */
  waits(): string | undefined {
    const { open, waiting, downForMs } = this;
    if (open === 0 && waiting === 0) return undefined;
    const down = downForMs === undefined ? "" : `, the server has been down for ${Math.round(downForMs / 1000)} s`;
    const more = waiting > 0 ? `, ${waiting} ${waiting === 1 ? "waits" : "wait"} for a slot` : "";
    return `requests: ${open} ${open === 1 ? "is" : "are"} open${more}${down}`;
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

  /** How much is left of the wait that the server asked for, in milliseconds. */
  get heldForMs(): number {
    return this.#hold.left(this.#clock.now());
  }

  /** Waits for the moment to send one attempt, and returns it. */
  async turn(signal?: AbortSignal): Promise<number> {
    for (;;) {
      const now = this.#clock.now();
      if (this.#hold.left(now) > 0) {
        await this.#sleep(this.#hold.draw(now), signal, this.#change);
        continue;
      }
      const isProbe = this.down;
      const at = isProbe ? this.#reserveProbe(now) : now + this.#rate.reserve(now);
      if (!isProbe) this.#rateLimited = at > now;
      if (!(await this.#sleptUntil(at, signal))) continue;
      if (isProbe) this.#probedAt = this.#clock.now();
      return this.#clock.now();
    }
  }

  #reserveProbe(now: number): number {
    const at = Math.max(now, this.#nextProbeAt);
    this.#nextProbeAt = at + probeMs;
    return at;
  }

  /** Waits until a moment. Returns false if turns changed meanwhile. */
  async #sleptUntil(at: number, signal: AbortSignal | undefined): Promise<boolean> {
    // A timer may be early, and a clock that stood still is behind.
    for (let left = at - this.#clock.now(); left > 0; left = at - this.#clock.now()) {
      if (await this.#sleep(left, signal, this.#change)) return false;
    }
    return true;
  }

  /** Waits after a failed attempt: longer each time, and until the budget has a retry. While the server is down, the next turn waits instead. */
  async pause(attempts: number, signal?: AbortSignal): Promise<void> {
    if (this.down) return;
    if (await this.#sleep(backoffMs(attempts), signal, this.#recovery)) return;
    const wait = this.#budget.take(this.#clock.now());
    if (wait > 0) await this.#clock.sleep(wait, signal);
  }

  /** Waits after a refused attempt, unless its next turn waits anyway. */
  async pauseRefused(refusals: number, signal?: AbortSignal): Promise<void> {
    if (this.down || this.heldForMs > 0 || this.#rate.perSecond !== Number.POSITIVE_INFINITY) return;
    await this.#sleep(backoffMs(refusals, refusedBackoff), signal, this.#recovery);
  }

  /** Records an attempt with an answer; `work` is how much it got done, in bytes. */
  succeeded(startedAt: number, work: number): void {
    const now = this.#clock.now();
    if (this.#rate.passed(now, startedAt)) this.#restart();
    this.#budget.succeeded();
    if (this.#failuresInRow > 0) {
      const wasDown = this.down;
      this.#failuresInRow = 0;
      const recovery = this.#recovery;
      this.#recovery = awaitable();
      recovery.abort();
      if (wasDown) this.#restart();
    }
    // More slots do not help while requests wait for the rate limit.
    this.#concurrency.succeeded(now, work, this.#queue.length > 0 && !this.#rateLimited);
    this.#admit();
  }

  /** Records an attempt that the server refused because there are too many. It may be sent again at its next turn. */
  refused(startedAt: number, { granted, retryAfterMs = 0 }: Refusal = {}): void {
    const now = this.#clock.now();
    if (startedAt >= this.#refusedAt) {
      this.#refusedAt = now;
      this.#addFailure();
    }
    const rose = this.#rate.refused(now, startedAt, { granted, isHeld: retryAfterMs > 0 });
    if (this.#holdFor(retryAfterMs, startedAt) || rose) this.#restart();
  }

  /** Records an attempt that failed, or whose answer was lost. */
  failed(startedAt: number, retryAfterMs = 0): void {
    const now = this.#clock.now();
    this.#addFailure();
    if (this.#holdFor(retryAfterMs, startedAt)) this.#restart();
    if (this.down || startedAt < this.#changedAt) return;
    this.#changedAt = now;
    this.#concurrency.failed();
  }

  #holdFor(ms: number, startedAt: number): boolean {
    const now = this.#clock.now();
    const isNew = this.heldForMs === 0;
    if (!this.#hold.ask(now, ms, now - startedAt)) return false;
    if (isNew && this.#rate.isRefusedAtRandom) this.#concurrency.rested();
    return true;
  }

  /** Has all waiting attempts wait for a new turn. */
  #restart(): void {
    const from = Math.max(this.#clock.now(), this.#hold.until);
    this.#rate.restart(from);
    this.#nextProbeAt = Math.max(this.#probedAt + probeMs, this.#hold.until);
    const change = this.#change;
    this.#change = awaitable();
    change.abort();
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

  /** Sleeps; returns true if the controller ended the sleep. */
  async #sleep(ms: number, signal: AbortSignal | undefined, ended: AbortController): Promise<boolean> {
    const { controller, unlink } = linkAborts(signal, ended.signal);
    try {
      await this.#clock.sleep(ms, controller.signal);
      return false;
    } catch (error) {
      signal?.throwIfAborted();
      if (ended.signal.aborted) return true;
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

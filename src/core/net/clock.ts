/** Time and waiting, replaced in tests. */

import { onAbort } from "../util/on-abort.js";
import { longestTimerMs } from "./deadline.js";

export interface Clock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Resolves after `ms`; rejects with the reason of `signal` when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A sleep that is late by more than this shows that the machine was suspended, or that its clock jumped. */
const jumpMs = 1000;

/**
 * A clock that stands still while the machine is suspended, and that follows no jump of another clock. Without it, all waits of a suspended machine end
 * at the same moment, and the time for retries is over before the network is back.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  /** Time that does not count. */
  #skippedMs = 0;
  #latest = Number.NEGATIVE_INFINITY;
  /** When the present sleeps end. */
  readonly #sleeps = new Set<{ until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#read(this.#latest);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const sleep = { until: this.now() + ms };
    this.#sleeps.add(sleep);
    try {
      for (let left = ms, now = this.#latest; ; left = sleep.until - now) {
        const step = Math.max(0, Math.min(left, longestTimerMs));
        await this.#clock.sleep(step, signal);
        now = this.#read(now + step);
        if (now >= sleep.until) return; // timers may be early
      }
    } finally {
      this.#sleeps.delete(sleep);
    }
  }

  /** Reads the clock; after a jump, the time is `known`. */
  #read(known: number): number {
    const now = this.#clock.now() - this.#skippedMs;
    const isLate = () => now > Math.min(...[...this.#sleeps].map(({ until }) => until)) + jumpMs;
    const hasJumped = now < this.#latest || (now > this.#latest + jumpMs && this.#sleeps.size > 0 && isLate());
    if (hasJumped) this.#skippedMs += now - Math.max(known, this.#latest);
    this.#latest = hasJumped ? Math.max(known, this.#latest) : now;
    return this.#latest;
  }
}

/** A clock that is independent of the time of day. */
const monotonicClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        unlink?.();
        resolve();
      }, ms);
      const unlink = signal && onAbort(signal, abort);
    }),
};

export const systemClock: Clock = new SteadyClock(monotonicClock);

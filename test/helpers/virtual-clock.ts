/** A clock that jumps from one timer to the next. */

import type { Clock } from "../../src/core/net/clock.js";

interface Timer {
  at: number;
  order: number;
  wake: () => void;
}

export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #jumpedMs = 0;
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#now + this.#jumpedMs;
  }

  /** Changes what the clock shows, as a suspended machine or a corrected clock does; the timers keep the time that is left. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** Time that passed, without jumps. */
  get passed(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const timer: Timer = { at: this.#now + Math.max(0, ms), order: (this.#order += 1), wake: () => done(resolve) };
      const abort = () => done(() => reject(signal?.reason as Error));
      const done = (settle: () => void) => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
        signal?.removeEventListener("abort", abort);
        settle();
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#timers.push(timer);
    });
  }

  /** Advances the time to `until`, and runs the timers in between. */
  async run(until: number): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
      }
      if (!next || next.at > until) break;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#now = until;
  }
}

/** Activity: whether a run makes progress, and since when it has made none. */

import type { RunContext } from "../accounting/run-context.js";

/**
 * `working`: the run makes progress, or has paused for less than `stallMs`. `idle`: no input is in progress, and all sources wait for new items. `stalled`:
 * nothing was read, sent or settled for `stallMs`.
 */
export type Health = "working" | "idle" | "stalled";

/** Watches the counters of a run. */
export class Activity {
  readonly #context: RunContext;
  readonly #stallMs: number;
  #before = "";
  #changedAt = performance.now();

  /** @param stallMs time without progress after which the run counts as stalled; 0: never */
  constructor(context: RunContext, stallMs: number) {
    this.#context = context;
    this.#stallMs = stallMs;
  }

  /** Checks the counters: returns the health of the run, and the time since the last check that saw progress. */
  check(): { health: Health; quietMs: number } {
    const after = progressOf(this.#context);
    const now = performance.now();
    if (after !== this.#before) this.#changedAt = now;
    this.#before = after;
    const quietMs = Math.round(now - this.#changedAt);
    if (this.#context.isIdle) return { health: "idle", quietMs };
    return { health: this.#stallMs > 0 && quietMs >= this.#stallMs ? "stalled" : "working", quietMs };
  }
}

/** Returns a text that changes with progress. Requests without a body, such as polls, are no progress. */
export function progressOf({ accounting, clients }: RunContext): string {
  const { read, inFlight } = accounting.ledger.counts;
  return `${read + accounting.otherShards} ${inFlight} ${clients.traffic.bytesSent}`;
}

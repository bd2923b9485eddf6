/** Activity: whether a run goes on, and when it last did. */

import type { RunContext } from "../accounting/run-context.js";

/**
 * `working`: something goes on, or may be waited for; `idle`: nothing is under way, and all sources wait for what is to come; `stalled`: nothing was
 * read, sent or settled for `stallMs`.
 */
export type Health = "working" | "idle" | "stalled";

/** Looks at the counters of a run from time to time. */
export class Activity {
  readonly #context: RunContext;
  readonly #stallMs: number;
  #before = "";
  #changedAt = performance.now();

  /** @param stallMs time without progress after which the run is stalled; 0: it never is */
  constructor(context: RunContext, stallMs: number) {
    this.#context = context;
    this.#stallMs = stallMs;
  }

  /** How the run is, and for how long it has been seen to make no progress. */
  look(): { health: Health; quietMs: number } {
    const after = progressOf(this.#context);
    const now = performance.now();
    if (after !== this.#before) this.#changedAt = now;
    this.#before = after;
    const quietMs = Math.round(now - this.#changedAt);
    if (this.#context.isIdle) return { health: "idle", quietMs };
    return { health: this.#stallMs > 0 && quietMs >= this.#stallMs ? "stalled" : "working", quietMs };
  }
}

/** Requests that only ask how things stand are no progress; those that carry something are. */
export function progressOf({ accounting, clients }: RunContext): string {
  const { read, inFlight } = accounting.ledger.counts;
  return `${read} ${inFlight} ${clients.traffic.bytesSent}`;
}

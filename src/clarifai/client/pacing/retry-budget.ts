/** The retry budget: retries stay a small share of the successes, so that they do not add to the load of a server in trouble. */

/** Retries that each success pays for. */
const share = 0.1;
const initial = 3;
const most = 20;
/** With an empty budget, one retry may still be sent in this time. */
const trickleMs = 1000;

export class RetryBudget {
  #tokens = initial;
  #nextTrickleAt = 0;

  succeeded(): void {
    this.#tokens = Math.min(most, this.#tokens + share);
  }

  /** Takes one retry, and returns how long it has to wait. */
  take(now: number): number {
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    const at = Math.max(now, this.#nextTrickleAt);
    this.#nextTrickleAt = at + trickleMs;
    return at - now;
  }
}

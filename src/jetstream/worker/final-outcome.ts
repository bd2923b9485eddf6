/** The outcome of an input that several workers may have processed. */

import type { Outcome } from "../../core/accounting/ledger.js";

/** Returns the outcome that the stream records for an input that workers processed `tries` times. */
export function finalOutcome(
  outcome: Outcome,
  tries: number,
  delivery: number,
): Exclude<Outcome, { state: "pending" }> {
  if (outcome.state === "pending") {
    const { reason } = outcome;
    return {
      ...{ state: "failed", code: "ERR_STILL_PROCESSING", stage: "jetstream", reason },
      ...{ attempts: tries, retryable: true },
    };
  }
  // An earlier worker finished the input and died before it acknowledged.
  if (outcome.state === "skipped" && outcome.done && delivery > 1) return { state: "ok", note: "recovered" };
  return outcome.state === "failed" ? { ...outcome, attempts: Math.max(outcome.attempts, tries) } : outcome;
}

/** An input in flight: from its reading to its one outcome, whatever number of messages transforms make of it. */

import { type Input, kindOf } from "../input/input.js";
import type { Outcome } from "./ledger.js";
import type { RunContext } from "./run-context.js";
import type { SameId, Tracking } from "./tracking.js";

const rank = { ok: 0, skipped: 1, pending: 2, failed: 3 } as const;

/** The reason of an input that an RxJS operator dropped. */
export const droppedByOperator = "dropped by an operator";

/** One input as it was read; all messages made from it share this object. */
export class InputInFlight {
  /** Messages that have no outcome yet. */
  parts = 1;
  /** How the input came to be ok, for the report. */
  note: string | undefined;
  /** What transforms noted about it. */
  remarks: readonly string[] | undefined;
  #worst: Outcome | undefined;
  /** Whether some part is where it should be, and whether some part is not. */
  #done = false;
  #missing = false;

  constructor(
    readonly context: RunContext,
    readonly sequence: number,
    readonly origin: string,
    readonly source: Input,
    readonly tracking: Tracking | undefined,
    readonly sameId: SameId | undefined,
  ) {}

  /** Records the outcome of one part. The input settles with its last part, by the worst outcome. */
  settlePart(outcome: Outcome): void {
    if (!this.#worst || rank[outcome.state] > rank[this.#worst.state]) this.#worst = outcome;
    if (outcome.state === "ok" || ("done" in outcome && outcome.done)) this.#done = true;
    else this.#missing = true;
    this.parts -= 1;
    if (this.parts > 0) return;
    const { context, sequence, origin, source, tracking } = this;
    const worst = withDone(this.#worst, this.#done, this.#missing);
    const settlement = { sequence, origin, id: source.id, kind: kindOf(source), outcome: worst };
    context.accounting.settle(settlement, tracking, source);
  }
}

/** Marks what a journal counts as finished: a dropped input that another part stands for, and a failed one of which no part is missing. */
function withDone(worst: Outcome, done: boolean, missing: boolean): Outcome {
  if (worst.state === "skipped") return done ? { ...worst, done } : worst;
  if (worst.state !== "failed" || worst.done === undefined) return worst;
  return { ...worst, done: missing ? undefined : true };
}

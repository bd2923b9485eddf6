/** An input in flight: from its reading to its one outcome, however many messages transforms make of it. */

import { type Input, kindOf } from "../input/input.js";
import type { Outcome } from "./ledger.js";
import type { RunContext } from "./run-context.js";
import type { SameId, Tracking } from "./tracking.js";

const rank = { ok: 0, skipped: 1, pending: 2, failed: 3 } as const;

/** Reason of an input that an RxJS operator dropped. */
export const droppedByOperator = "dropped by an operator";

/** One input that was read. All messages that are made from it share this object. */
export class InputInFlight {
  /** Messages that have no outcome yet. */
  parts = 1;
  /** A note of the sink for the report, if the input is ok. */
  note: string | undefined;
  /** Notes of transforms for the report. */
  remarks: readonly string[] | undefined;
  #worst: Outcome | undefined;
  /** Whether at least one part is finished, and whether at least one is not. */
  #done = false;
  #missing = false;
  #closes: (() => void)[] | undefined;

  constructor(
    readonly context: RunContext,
    readonly sequence: number,
    readonly origin: string,
    readonly source: Input,
    readonly tracking: Tracking | undefined,
    readonly sameId: SameId | undefined,
  ) {}

  /** Registers a function that is called when the input has its outcome, and at the latest at the end of the run. */
  whenSettled(close: () => void | Promise<void>): void {
    let closing: Promise<void> | undefined;
    const closeOnce = () => {
      closing ??= Promise.resolve().then(close);
      return closing;
    };
    const forget = this.context.lifecycle.atEnd(closeOnce);
    // After an error, the function stays registered: the run waits for it at its end, and rejects.
    const closeNow = () => void closeOnce().then(forget, () => undefined);
    if (this.parts <= 0) closeNow();
    else (this.#closes ??= []).push(closeNow);
  }

  /** Records the outcome of one part. With the last part, the input settles with the worst outcome of all. */
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
    for (const close of this.#closes ?? []) close();
  }
}

/** Marks an input that a journal counts as finished: a skipped one with a finished part, and a failed one whose parts are all finished. */
function withDone(worst: Outcome, done: boolean, missing: boolean): Outcome {
  if (worst.state === "skipped") return done ? { ...worst, done } : worst;
  if (worst.state !== "failed" || worst.done === undefined) return worst;
  return { ...worst, done: missing ? undefined : true };
}

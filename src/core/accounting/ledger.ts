/** The ledger: what was read, and what became of it. */

import type { Kind } from "../input/input.js";

/** What became of one input. */
export type Outcome =
  | {
      state: "ok";
      /** How, where that matters: `recovered` (the answer was lost, the input had arrived). */
      note?: string | undefined;
      /** What transforms noted about it. */
      remarks?: readonly string[] | undefined;
    }
  | {
      state: "skipped";
      reason: string;
      /** The work was done before, or by another input: a journal counts it as finished. */
      done?: boolean | undefined;
    }
  | {
      state: "failed";
      /** Stable code: `ERR_…` of ours, or the platform's number as text. */
      code: string;
      /** Plugin that found out. */
      stage: string;
      reason: string;
      /** Times that the failing call was tried. */
      attempts: number;
      /** Whether the same may succeed later. */
      retryable?: boolean | undefined;
      /** All sinks had written the input, and a stage behind them failed: a journal counts it as finished. */
      done?: boolean | undefined;
    }
  | { state: "pending"; reason: string };

/** An input and its outcome. */
export interface Settlement {
  /** Place in the order of reading, from 1. */
  sequence: number;
  origin: string;
  id?: string | undefined;
  kind?: Kind | undefined;
  outcome: Outcome;
}

/** How many inputs were read, and what became of them. */
export interface Counts {
  read: number;
  ok: number;
  failed: number;
  skipped: number;
  pending: number;
  inFlight: number;
}

/**
 * Counts every input from its reading to its one outcome; at every instant
 * `read = ok + failed + skipped + pending + inFlight`.
 */
export class Ledger {
  readonly counts: Counts = { read: 0, ok: 0, failed: 0, skipped: 0, pending: 0, inFlight: 0 };
  readonly #listeners: ((settlement: Settlement) => void)[] = [];

  onSettled(listener: (settlement: Settlement) => void): void {
    this.#listeners.push(listener);
  }

  read(): number {
    this.counts.read += 1;
    this.counts.inFlight += 1;
    return this.counts.read;
  }

  settled(settlement: Settlement): void {
    this.counts.inFlight -= 1;
    this.counts[settlement.outcome.state] += 1;
    for (const listener of this.#listeners) listener(settlement);
  }

  /** Counts the inputs without an outcome at the end of a run: an operator dropped them, or the run was cut. Returns how many. */
  close(as: "skipped" | "pending"): number {
    const rest = this.counts.inFlight;
    this.counts.inFlight = 0;
    this.counts[as] += rest;
    return rest;
  }
}

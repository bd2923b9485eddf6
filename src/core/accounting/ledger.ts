/** The ledger: counts of the inputs that were read, and of their outcomes. */

import type { Kind } from "../input/input.js";

/** The outcome of one input. */
export type Outcome =
  | {
      state: "ok";
      /** A note of the sink, such as `recovered` (the answer was lost, but the input had arrived). */
      note?: string | undefined;
      /** Notes of transforms. */
      remarks?: readonly string[] | undefined;
    }
  | {
      state: "skipped";
      reason: string;
      /** Whether the work was done before, or for another input. A journal then counts the input as finished. */
      done?: boolean | undefined;
    }
  | {
      state: "failed";
      /** Stable code: `ERR_…`, or the platform's number as a string. */
      code: string;
      /** Name of the plugin that reported the failure. */
      stage: string;
      reason: string;
      /** Attempts of the failing call. */
      attempts: number;
      /** Whether the same call may succeed later. */
      retryable?: boolean | undefined;
      /** Whether all sinks wrote the input before a later stage failed. A journal then counts the input as finished. */
      done?: boolean | undefined;
    }
  | { state: "pending"; reason: string };

/** An input and its outcome. */
export interface Settlement {
  /** Number of the input in the order of reading, from 1. */
  sequence: number;
  origin: string;
  id?: string | undefined;
  kind?: Kind | undefined;
  outcome: Outcome;
}

/** How many inputs were read, have each outcome, and have none yet. */
export interface Counts {
  read: number;
  ok: number;
  failed: number;
  skipped: number;
  pending: number;
  inFlight: number;
}

/**
 * Counts every input from its reading to its one outcome. At any time,
 * `read = ok + failed + skipped + pending + inFlight`.
 */
export class Ledger {
  readonly counts: Counts = { read: 0, ok: 0, failed: 0, skipped: 0, pending: 0, inFlight: 0 };
  readonly #listeners: ((settlement: Settlement) => void)[] = [];
  #isClosed = false;

  /** Registers a listener that is called with each outcome. */
  onSettled(listener: (settlement: Settlement) => void): void {
    this.#listeners.push(listener);
  }

  /** Counts an input that was read. Returns its number, from 1. */
  read(): number {
    this.counts.read += 1;
    this.counts.inFlight += 1;
    return this.counts.read;
  }

  /** Counts the outcome of an input. An outcome that comes after the end of the run is in the counts already, as one of the rest. */
  settled(settlement: Settlement): void {
    if (this.#isClosed) return;
    this.counts.inFlight -= 1;
    this.counts[settlement.outcome.state] += 1;
    for (const listener of this.#listeners) listener(settlement);
  }

  /** Counts the inputs that have no outcome at the end of a run: an operator dropped them, or the run was stopped. Returns their number. */
  close(as: "skipped" | "pending"): number {
    const rest = this.counts.inFlight;
    this.counts.inFlight = 0;
    this.counts[as] += rest;
    this.#isClosed = true;
    return rest;
  }
}

/** The accounting of a run: what was read, what stages hold, and the one outcome of each input. */

import { describeError } from "../errors.js";
import type { Input, InputDraft } from "../input/input.js";
import { Budget, type BudgetOptions } from "./budget.js";
import { IdsInRun } from "./ids-in-run.js";
import { Ledger, type Outcome, type Settlement } from "./ledger.js";
import type { Tracking } from "./tracking.js";

/** Records outcomes on disk before they are reported. */
export interface OutcomeStore {
  /** Whether an earlier run finished the input of this journal key; undefined without a journal. */
  isDone?: ((journalKey: string) => boolean) | undefined;
  /** Calls `report` when the outcome is on disk. `input` is as it was read; undefined if no input could be made. */
  record(settlement: Settlement, tracking: Tracking, input: Input | InputDraft | undefined, report: () => void): void;
}

/** What a sink has done so far. */
export interface SinkProgress {
  /** Its verb: `upload`, `download`, … */
  name: string;
  /** Inputs written and passed on. */
  done: number;
  /** Inputs that it has and has not finished. */
  underWay: number;
  /** Batches that it has written. */
  batches: number;
}

/** Receives each input with its outcome. */
export type OutcomeListener = (input: Input, origin: string, outcome: Outcome) => void;

/** Most datasets that a report names. */
const maxDatasets = 20;

/** Counts the inputs of one run, and settles each of them once. */
export class Accounting {
  readonly budget: Budget;
  readonly ledger = new Ledger();
  /** Set before the sources are read. */
  store: OutcomeStore | undefined;
  /** Receives every input with its outcome; set when a report is made. */
  onOutcome: OutcomeListener | undefined;
  /** What the sinks have done, in the order in which they began. */
  readonly sinks = new Set<SinkProgress>();
  /** Inputs that a sink has written and that have no outcome yet: if an operator behind the sink drops them, they are ok. */
  readonly written = new Set<{ settleWritten(): void }>();
  /** Datasets that inputs joined, by the names of their sinks. */
  readonly datasets = new Map<string, Set<string>>();
  #finishedIds: IdsInRun | undefined;
  readonly #acknowledging = new Set<Promise<void>>();

  constructor({ maxInFlight, maxBytesInFlight }: Partial<BudgetOptions> = {}) {
    this.budget = new Budget({
      maxInFlight: maxInFlight ?? 4096,
      maxBytesInFlight: maxBytesInFlight ?? 256_000_000,
    });
  }

  /**
   * Settles an input. The source acknowledges the outcome first, if it wants to; then the files of the run record it; then the ledger counts it, and
   * its listeners are called.
   */
  settle(settlement: Settlement, tracking?: Tracking, input?: Input | InputDraft): void {
    if (!tracking?.acknowledge) {
      this.#record(settlement, tracking, input);
      return;
    }
    const acknowledged = tracking
      .acknowledge(settlement.outcome, input)
      .catch((error: unknown): Outcome => {
        return { state: "pending", reason: `${tracking.source} did not acknowledge it: ${describeError(error)}` };
      })
      .then((outcome) => {
        this.#acknowledging.delete(acknowledged);
        this.#record({ ...settlement, outcome }, tracking, input);
      });
    this.#acknowledging.add(acknowledged);
  }

  #record(settlement: Settlement, tracking: Tracking | undefined, input: Input | InputDraft | undefined): void {
    if (this.store && tracking) {
      this.store.record(settlement, tracking, input, () => this.ledger.settled(settlement));
    } else this.ledger.settled(settlement);
  }

  /** Settles what sinks have written and operators behind them dropped, and waits for the acknowledgements of the sources. */
  async closed(): Promise<void> {
    for (const message of [...this.written]) message.settleWritten();
    while (this.#acknowledging.size > 0) await Promise.all(this.#acknowledging);
  }

  /** The ids of inputs that earlier runs finished; undefined if this run met none. */
  get finishedIds(): IdsInRun | undefined {
    return this.#finishedIds;
  }

  /** Records the id of an input that an earlier run finished: nothing else may replace what is stored under it. */
  addFinishedId(id: string, origin: string): void {
    this.#finishedIds ??= new IdsInRun();
    this.#finishedIds.claim(id, origin, this.ledger.counts.read + 1);
  }

  /** Adds datasets that an input joined to the report; the first 20 of a sink. */
  addDatasets(sink: string, ids: readonly string[]): void {
    if (ids.length === 0) return;
    const joined = this.datasets.get(sink) ?? new Set();
    this.datasets.set(sink, joined);
    for (const id of ids) if (joined.size < maxDatasets) joined.add(id);
  }
}

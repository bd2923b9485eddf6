/** The accounting of a run: the inputs that were read, the messages that stages hold, and the one outcome of each input. */

import { describeError } from "../errors.js";
import type { Content, Input, InputDraft } from "../input/input.js";
import { Budget, type BudgetOptions } from "./budget.js";
import { FinishedIds, type IdOf } from "./ids/finished-ids.js";
import { Ledger, type Outcome, type Settlement } from "./ledger.js";
import type { ReportedJob } from "./targets.js";
import type { Tracking } from "./tracking.js";

/** Records outcomes on disk before they are reported. */
export interface OutcomeStore {
  /** Whether an earlier run finished the input of this journal key; undefined without a journal. */
  isDone?: ((journalKey: string) => boolean) | undefined;
  /** Whether earlier runs finished any input. Default: true, for a store with `isDone`. */
  hasFinished?: boolean | undefined;
  /** Calls `report` when the outcome is on disk. `input` is the input before any transform; undefined if the source could not make one. */
  record(settlement: Settlement, tracking: Tracking, input: Input | InputDraft | undefined, report: () => void): void;
}

/** The progress of one sink. */
export interface SinkProgress {
  /** Its verb: `upload`, `download`, … */
  name: string;
  /** Inputs written and passed on. */
  done: number;
  /** Inputs that it received and has not finished. */
  underWay: number;
  /** Inputs in progress that the target has accepted and still processes. */
  accepted: number;
  /** Inputs in progress whose bytes are sent, estimated from the bytes of open requests. */
  sending: number;
  /** Batches that it has written. */
  batches: number;
}

/** A row of a transform's sheet in the report. */
export interface SheetRow {
  text: string;
  /** Pictures beside the text: this input, and others that it was compared with. */
  pictures?: readonly { name: string; content?: Content | undefined }[] | undefined;
}

/** Receives each input with its outcome. */
export type OutcomeListener = (input: Input, origin: string, outcome: Outcome) => void;

/** Maximum number of datasets of a sink that a report names. */
const maxDatasets = 20;

/** Maximum number of server jobs that a report names. */
const maxJobs = 1000;

/** Counts the inputs of one run, and settles each input once. */
export class Accounting {
  readonly budget: Budget;
  readonly ledger = new Ledger();
  /** Number of inputs that an earlier run finished; they count as skipped. */
  doneEarlier = 0;
  /** Number of items that belong to other shards; they do not count as read. */
  otherShards = 0;
  /** Set before the sources are read. */
  store: OutcomeStore | undefined;
  /** Receives every input with its outcome; set when a report is made. */
  onOutcome: OutcomeListener | undefined;
  /** Receives the rows of the sheets of transforms; set when a report is made. */
  onRow: ((stage: string, origin: string, row: SheetRow) => void) | undefined;
  /** Progress of the sinks, in the order in which they started. */
  readonly sinks = new Set<SinkProgress>();
  /** Inputs that a sink wrote and that have no outcome yet. If an operator after the sink drops them, they are ok. */
  readonly written = new Set<{ settleWritten(): void }>();
  /** Datasets that inputs joined, by the name of the sink. */
  readonly datasets = new Map<string, Set<string>>();
  /** Wires that carried inputs, by the name of the sink. */
  readonly wires = new Map<string, string>();
  /** Jobs of servers by sink and id, in the order in which they began. */
  readonly jobs = new Map<string, ReportedJob>();
  /** What transforms say about all inputs together, in the order in which they received the first one. */
  readonly conclusions: { stage: string; lines(): readonly string[] }[] = [];
  #finishedIds: FinishedIds | undefined;
  readonly #acknowledging = new Set<Promise<void>>();

  constructor({ maxInFlight, maxBytesInFlight }: Partial<BudgetOptions> = {}) {
    this.budget = new Budget({
      maxInFlight: maxInFlight ?? 4096,
      maxBytesInFlight: maxBytesInFlight ?? 256_000_000,
    });
  }

  /**
   * Settles an input. First the source acknowledges the outcome, if it needs to. Then the journal and the dead letters record it. Then the ledger counts
   * it and calls its listeners.
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

  /** Settles inputs that sinks wrote and operators after them dropped, and waits for the acknowledgements of the sources. */
  async closed(): Promise<void> {
    for (const message of [...this.written]) message.settleWritten();
    while (this.#acknowledging.size > 0) await Promise.all(this.#acknowledging);
  }

  /** The ids of inputs that earlier runs finished; undefined if this run has read none of them. */
  get finishedIds(): FinishedIds | undefined {
    return this.#finishedIds;
  }

  /** Records the id of an input that an earlier run finished, so that no other input replaces it. */
  addFinishedId(id: string | IdOf, origin: string): void {
    this.#finishedIds ??= new FinishedIds();
    this.#finishedIds.add(id, origin);
  }

  /** Adds datasets that an input joined to the report, which names the first 20 of each sink. */
  addDatasets(sink: string, ids: readonly string[]): void {
    if (ids.length === 0) return;
    const joined = this.datasets.get(sink) ?? new Set();
    this.datasets.set(sink, joined);
    for (const id of ids) if (joined.size < maxDatasets) joined.add(id);
  }
  /** Sets the state of a server's job in the report, which names the first 1,000 jobs. */
  setJob(job: ReportedJob): void {
    const key = `${job.sink}\n${job.id}`;
    if (this.jobs.has(key) || this.jobs.size < maxJobs) this.jobs.set(key, job);
  }
}

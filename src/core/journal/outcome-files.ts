/** The files with the outcomes of a run: its journal and its dead letters. */

import type { OutcomeStore } from "../accounting/accounting.js";
import type { Settlement } from "../accounting/ledger.js";
import type { RunContext } from "../accounting/run-context.js";
import type { JournalTargets } from "../accounting/targets.js";
import type { Tracking } from "../accounting/tracking.js";
import type { Input, InputDraft } from "../input/input.js";
import type { AppendFile } from "./append-file.js";
import { asDeadLettersError, DeadLetterFile } from "./dead-letters.js";
import { asJournalError, Journal } from "./journal.js";

/** The run reads no more inputs while more outcomes, or characters of outcomes, wait for the disk. */
const maxWaiting = 16_384;
const maxWaitingLength = 64_000_000;

export interface RecordsOptions {
  journal?: string | undefined;
  deadLetters?: string | undefined;
}

/** The files of one run. They announce an outcome as soon as it is on disk in each file that records it. */
export class Records implements OutcomeStore {
  /** Called once, if a file cannot be written: the run has to end. */
  onFailure: (error: Error) => void = () => undefined;
  readonly isDone: OutcomeStore["isDone"];
  readonly hasFinished: boolean;
  readonly journal: Journal | undefined;
  readonly #deadLetters: DeadLetterFile | undefined;
  #failure: Error | undefined;

  private constructor(journal: Journal | undefined, deadLetters: DeadLetterFile | undefined) {
    this.journal = journal;
    this.#deadLetters = deadLetters;
    this.isDone = journal && ((key) => journal.isDone(key));
    this.hasFinished = journal !== undefined && journal.finished > 0;
    if (journal) journal.file.onFailure = (error) => this.#fail(asJournalError(journal.path, error));
    if (deadLetters) deadLetters.file.onFailure = (error) => this.#fail(asDeadLettersError(deadLetters.path, error));
  }

  /** Opens the files for a flow whose sinks write to `targets`. @throws {SinkError} */
  static async open(options: RecordsOptions, targets: JournalTargets = { ids: [], names: [] }): Promise<Records> {
    const journal = options.journal === undefined ? undefined : await Journal.open(options.journal, targets);
    try {
      const letters = options.deadLetters === undefined ? undefined : await DeadLetterFile.open(options.deadLetters);
      return new Records(journal, letters);
    } catch (error) {
      await journal?.close();
      throw error;
    }
  }

  /** Lets the files pause the sources, and report what they wait for. */
  attach(context: RunContext): void {
    for (const file of [this.journal?.file, this.#deadLetters?.file]) {
      if (!file) continue;
      context.accounting.budget.onSaturated(() => isFull(file));
      context.lifecycle.waits.add(() =>
        file.waiting > 0 ? `disk: for ${file.waiting} outcomes to be written` : undefined,
      );
      file.onSynced = () => context.accounting.budget.recheck();
    }
  }

  record(settlement: Settlement, tracking: Tracking, input: Input | InputDraft | undefined, report: () => void): void {
    if (this.#failure) return;
    const { journal } = this;
    const deadLetters = settlement.outcome.state === "failed" ? this.#deadLetters : undefined;
    const { journalKey } = tracking;
    const inJournal = journal !== undefined && journalKey !== undefined;
    if (journal && !inJournal) journal.addUnrecorded(settlement);
    if (inJournal && !deadLetters) {
      journal.record(settlement, journalKey, report);
      return;
    }
    let missing = Number(inJournal) + Number(deadLetters !== undefined);
    if (missing === 0) report();
    const durable = () => {
      missing -= 1;
      if (missing === 0) report();
    };
    try {
      deadLetters?.record(settlement, tracking, input, durable);
    } catch (error) {
      this.#fail(asDeadLettersError(deadLetters?.path ?? "", error));
      return;
    }
    if (inJournal) journal.record(settlement, journalKey, durable);
  }

  /** Waits until all outcomes are on disk. @throws {SinkError} */
  async flushed(): Promise<void> {
    await Promise.all([this.journal?.file.flushed(), this.#deadLetters?.file.flushed()]);
    if (this.#failure) throw this.#failure;
  }

  /** Waits until all outcomes are on disk, and releases the files. @throws {SinkError} */
  async close(): Promise<void> {
    const closing = [this.journal?.close(), this.#deadLetters?.close()];
    const [journal, deadLetters] = await Promise.allSettled(closing);
    if (journal?.status === "rejected") this.#failure ??= asJournalError(this.journal?.path ?? "", journal.reason);
    if (deadLetters?.status === "rejected") {
      this.#failure ??= asDeadLettersError(this.#deadLetters?.path ?? "", deadLetters.reason);
    }
    if (this.#failure) throw this.#failure;
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.onFailure(error);
  }
}

function isFull(file: AppendFile): boolean {
  return file.waiting > maxWaiting || file.waitingLength > maxWaitingLength;
}

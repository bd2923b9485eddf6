/** The budgets of a run: count the messages that stages hold, and pause the sources while they exceed a limit (backpressure). */

import { onAbort } from "../util/on-abort.js";

/** Limits of a budget. */
export interface BudgetOptions {
  /** Maximum number of messages that stages hold at once. At this number, sources are not read. */
  maxInFlight: number;
  /** Maximum bytes of held messages in memory. At this number, sources are not read. */
  maxBytesInFlight: number;
}

/**
 * Stages count their messages here, and sources wait while a limit is exceeded.
 *
 * Messages in a batch that is not full count with their bytes, but not with their number: otherwise a batch larger than `maxInFlight` could never fill.
 * If a source is blocked and all held messages wait in such batches, the batches are flushed.
 */
export class Budget {
  held = 0;
  bytes = 0;
  /** Messages in batches that are not full. */
  waiting = 0;
  readonly #options: BudgetOptions;
  #sleepers: (() => void)[] = [];
  readonly #flushers = new Set<() => void>();
  #saturated: readonly (() => boolean)[] = [];

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  /** Whether sources may be read. */
  get isOpen(): boolean {
    const { maxInFlight, maxBytesInFlight } = this.#options;
    if (this.held - this.waiting >= maxInFlight || this.bytes >= maxBytesInFlight) return false;
    const saturated = this.#saturated;
    for (let index = 0; index < saturated.length; index += 1) if (saturated[index]?.()) return false; // an index loop, since this runs for each item
    return true;
  }

  /**
   * Registers a stage that has enough work while `isSaturated` returns true; sources are not read then. The stage must release a message, or call
   * `recheck`, when that ends. Returns a function that removes the registration.
   */
  onSaturated(isSaturated: () => boolean): () => void {
    this.#saturated = [...this.#saturated, isSaturated];
    return () => {
      this.#saturated = this.#saturated.filter((other) => other !== isSaturated);
    };
  }

  /** Counts a held message. */
  add(bytes: number): void {
    this.held += 1;
    this.bytes += bytes;
  }

  /** Counts a released message, and wakes the sources if the budget is open. */
  remove(bytes: number): void {
    this.held -= 1;
    this.bytes -= bytes;
    this.recheck();
  }

  /** Counts a message that was added to a batch which is not full (+1), or the n messages of an emitted batch (-n). */
  addWaiting(count: number): void {
    this.waiting += count;
    if (count > 0) this.recheck();
  }

  /** Registers a stage that can emit its waiting messages early. Returns a function that removes the registration. */
  onBlocked(flush: () => void): () => void {
    this.#flushers.add(flush);
    return () => this.#flushers.delete(flush);
  }

  /** Lets all stages emit their waiting messages now. */
  flush(): void {
    for (const flush of this.#flushers) flush();
  }

  /** Resolves when sources may be read, or when `signal` is aborted. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    while (!this.isOpen && !signal.aborted) {
      const opened = new Promise<void>((resolve) => this.#sleepers.push(resolve));
      this.recheck();
      const unlink = onAbort(signal, () => this.#wake());
      await opened;
      unlink();
    }
  }

  /** Wakes the sources if they may be read now. A stage that is no longer saturated calls it if it releases no message. */
  recheck(): void {
    if (this.#sleepers.length === 0) return;
    if (this.isOpen) this.#wake();
    else if (this.held === this.waiting) this.flush();
  }

  #wake(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}

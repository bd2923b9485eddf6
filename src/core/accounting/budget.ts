/** The budgets of a run: count what stages hold, and stop the sources while it is too much (backpressure). */

export interface BudgetOptions {
  /** Most messages held at once; sources are not read beyond it. */
  maxInFlight: number;
  /** Most bytes that held messages have in memory. */
  maxBytesInFlight: number;
}

/**
 * Stands between sources and stages. Stages report what they hold; sources wait while it exceeds a budget.
 *
 * Messages in a batch that is not full count their bytes but not their number: with a budget smaller than a batch, the batch could never fill. If a
 * source is blocked and all held messages wait in such batches, the batches are flushed.
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
    for (let index = 0; index < saturated.length; index += 1) if (saturated[index]?.()) return false; // asked for each item
    return true;
  }

  /**
   * Registers a stage that has enough work while `isSaturated` returns true: to read ahead would only cost memory. The stage must release a message,
   * or call `recheck`, when that ends. Returns a function that removes it.
   */
  onSaturated(isSaturated: () => boolean): () => void {
    this.#saturated = [...this.#saturated, isSaturated];
    return () => {
      this.#saturated = this.#saturated.filter((other) => other !== isSaturated);
    };
  }

  add(bytes: number): void {
    this.held += 1;
    this.bytes += bytes;
  }

  remove(bytes: number): void {
    this.held -= 1;
    this.bytes -= bytes;
    this.recheck();
  }

  /** Counts a message that entered a batch which is not full (+1), or the messages of a batch that was emitted (-n). */
  addWaiting(count: number): void {
    this.waiting += count;
    if (count > 0) this.recheck();
  }

  /** Registers a stage that can emit its waiting messages early. Returns a function that removes it. */
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
      const wake = () => this.#wake();
      signal.addEventListener("abort", wake, { once: true });
      await opened;
      signal.removeEventListener("abort", wake);
    }
  }

  /** Wakes the sources if they may be read now. A stage that was saturated calls it if it releases no message. */
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

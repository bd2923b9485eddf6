/** Backpressure: counts what stages hold, and tells the sources when there is room for more. */

export interface GateOptions {
  /** Most messages held at once; the source is not read beyond it. */
  maxInFlight: number;
  /** Most bytes that held messages have in memory. */
  maxBytesInFlight: number;
}

/**
 * The gate between sources and stages. Stages report what they hold; sources wait while it is too much.
 *
 * Messages in an unsealed batch count their bytes but not their number: a window smaller than a batch could never fill it.
 * When a source is blocked and all that is held waits in unsealed batches, the batches are asked to go.
 */
export class Gate {
  held = 0;
  bytes = 0;
  waiting = 0;
  readonly #options: GateOptions;
  #sleepers: (() => void)[] = [];
  readonly #flushers = new Set<() => void>();
  #sated: readonly (() => boolean)[] = [];

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get open(): boolean {
    if (this.held - this.waiting >= this.#options.maxInFlight || this.bytes >= this.#options.maxBytesInFlight)
      return false;
    const sated = this.#sated;
    for (let index = 0; index < sated.length; index += 1) if (sated[index]?.()) return false; // asked for each item
    return true;
  }

  /**
   * Registers a stage that has enough to do for now, while `sated` says so: reading further ahead would only cost memory. It must release a message
   * when that ends. Gives back its removal.
   */
  onSated(sated: () => boolean): () => void {
    this.#sated = [...this.#sated, sated];
    return () => {
      this.#sated = this.#sated.filter((other) => other !== sated);
    };
  }

  add(bytes: number): void {
    this.held += 1;
    this.bytes += bytes;
  }

  remove(bytes: number): void {
    this.held -= 1;
    this.bytes -= bytes;
    this.#changed();
  }

  /** A batching stage took a message into a batch that is not full (+1), or sealed it (-n). */
  wait(count: number): void {
    this.waiting += count;
    if (count > 0) this.#changed();
  }

  /** Looks anew whether there is room, for a stage that was sated and releases no message. */
  recheck(): void {
    this.#changed();
  }

  /** Registers a stage that can let go of messages that wait for company; gives back its removal. */
  onBlocked(flush: () => void): () => void {
    this.#flushers.add(flush);
    return () => this.#flushers.delete(flush);
  }

  /** Resolves when there is room, or when `signal` is aborted. */
  async room(signal: AbortSignal): Promise<void> {
    while (!this.open && !signal.aborted) {
      const opened = new Promise<void>((resolve) => this.#sleepers.push(resolve));
      this.#changed();
      const wake = () => this.#wake();
      signal.addEventListener("abort", wake, { once: true });
      await opened;
      signal.removeEventListener("abort", wake);
    }
  }

  #changed(): void {
    if (this.#sleepers.length === 0) return;
    if (this.open) this.#wake();
    else if (this.held === this.waiting) for (const flush of this.#flushers) flush();
  }

  #wake(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}

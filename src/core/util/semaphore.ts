/** A semaphore: bounds the work that runs at once; waiting work starts in order. */

/** Bounds work by count or by weight: at most `capacity` units run at once. Work heavier than the capacity runs alone. */
export class Semaphore {
  readonly #capacity: number;
  #used = 0;
  readonly #queue: { weight: number; start: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Runs `work` as soon as its weight fits into the free capacity. */
  async run<T>(work: () => Promise<T>, weight = 1): Promise<T> {
    const units = Math.min(weight, this.#capacity);
    if (this.#queue.length > 0 || this.#used + units > this.#capacity) {
      await new Promise<void>((start) => this.#queue.push({ weight: units, start }));
    } else this.#used += units;
    try {
      return await work();
    } finally {
      this.#used -= units;
      for (let next = this.#queue[0]; next && this.#used + next.weight <= this.#capacity; next = this.#queue[0]) {
        this.#used += next.weight;
        this.#queue.shift();
        next.start();
      }
    }
  }
}

/** A semaphore: lets a bounded amount of work go on at once, in order of asking. */

/** Bounds work by count or by weight: `capacity` units at once; a piece heavier than all of it goes alone. */
export class Semaphore {
  readonly #capacity: number;
  #used = 0;
  readonly #queue: { weight: number; start: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Runs `work` when there is room for its weight. */
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

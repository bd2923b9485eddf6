/** Arrivals: what comes by itself, taken in groups as it is asked for. */

/** A queue with one reader; each step gives all that has arrived since the last. */
export class Arrivals<T> implements AsyncIterable<readonly T[]> {
  #waiting: T[] = [];
  #hasEnded = false;
  #wake: (() => void) | undefined;

  add(item: T | undefined): void {
    if (item === undefined) return;
    this.#waiting.push(item);
    this.#wake?.();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly T[]> {
    for (;;) {
      if (this.#waiting.length > 0) {
        const arrived = this.#waiting;
        this.#waiting = [];
        yield arrived;
      } else if (this.#hasEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** A queue between a producer and one reader, which receives all waiting items at once. */

/** Collects items until its reader asks for the next ones. Ends after `end()`, once the reader has received every item. */
export class AsyncQueue<T> implements AsyncIterable<readonly T[]> {
  #waiting: T[] = [];
  #hasEnded = false;
  #wake: (() => void) | undefined;

  add(item: T): void {
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
        const items = this.#waiting;
        this.#waiting = [];
        yield items;
      } else if (this.#hasEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** A bounded reader: limits how much of a content the detectors read. */

/** Reads bytes of a content from a position; fewer at its end. */
export type ReadMore = (position: number, length: number) => Buffer;

/** Bytes of one read after a jump. */
const windowBytes = 1024;
/** Maximum number of reads after the head, and most bytes of all these reads. */
const maxReads = 600;
const maxBytes = 768 * 1024;

/**
 * Reads a content by position. The head is in memory. Everything after it is read in windows, until the budget of the content is used up. From then on,
 * reads return no bytes, as at the end of the content.
 */
export class Reader {
  readonly head: Buffer;
  readonly sizeBytes: number;
  readonly #more: ReadMore | undefined;
  #window: Buffer;
  #windowAt = 0;
  #reads = 0;
  #bytes = 0;

  /** @param more reads the bytes after the head; without it, only the head is read. */
  constructor(head: Buffer, sizeBytes: number, more?: ReadMore) {
    this.head = head;
    this.sizeBytes = sizeBytes;
    this.#more = more;
    this.#window = head;
  }

  /** Whether the whole content can be read, within the budget. */
  get isWhole(): boolean {
    return this.#more !== undefined || this.head.length >= this.sizeBytes;
  }

  /** Reads bytes from a position; fewer at the end of the content or of the budget. */
  read(position: number, length: number): Buffer {
    if (position + length <= this.head.length) return this.head.subarray(position, position + length);
    const end = Math.min(position + length, this.sizeBytes);
    if (position < this.#windowAt || end > this.#windowAt + this.#window.length) this.#load(position, length);
    const from = position - this.#windowAt;
    return this.#window.subarray(Math.max(from, 0), Math.max(from + length, 0));
  }

  #load(position: number, length: number): void {
    this.#windowAt = position;
    this.#window = this.head.subarray(0, 0);
    if (position >= this.sizeBytes) return;
    if (!this.#more) {
      this.#window = this.head.subarray(Math.min(position, this.head.length));
      return;
    }
    const wanted = Math.max(length, windowBytes);
    if (this.#reads >= maxReads || this.#bytes + wanted > maxBytes) return;
    this.#reads += 1;
    this.#bytes += wanted;
    this.#window = this.#more(position, wanted);
  }
}

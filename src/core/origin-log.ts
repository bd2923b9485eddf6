/** Origins in memory: a numbered list of texts in few bytes, since each shares its beginning with the one before. */

/** A text that shares nothing stands after so many, so that reading one decodes few. */
const restartEvery = 32;
/** Longest text that is kept, in bytes; what is longer is cut. */
const maxTextBytes = 1000;
const headBytes = 4;

/** An append-only list. An entry takes four bytes and those in which it differs from the one before. */
export class OriginLog {
  #bytes = Buffer.alloc(256);
  #end = 0;
  #before = Buffer.alloc(0);
  readonly #restarts: number[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(text: string): void {
    const bytes = Buffer.from(text).subarray(0, maxTextBytes);
    const isRestart = this.#length % restartEvery === 0;
    if (isRestart) this.#restarts.push(this.#end);
    let shared = 0;
    if (!isRestart) while (shared < bytes.length && bytes[shared] === this.#before[shared]) shared += 1;
    const rest = bytes.length - shared;
    if (this.#end + headBytes + rest > this.#bytes.length) {
      const larger = Buffer.alloc(Math.ceil((this.#bytes.length + headBytes + rest) * 1.5));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#bytes.writeUInt16LE(shared, this.#end);
    this.#bytes.writeUInt16LE(rest, this.#end + 2);
    bytes.copy(this.#bytes, this.#end + headBytes, shared);
    this.#end += headBytes + rest;
    this.#before = bytes;
    this.#length += 1;
  }

  at(index: number): string {
    let at = this.#restarts[Math.floor(index / restartEvery)] as number;
    let text = Buffer.alloc(0);
    for (let count = index % restartEvery; count >= 0; count -= 1) {
      const shared = this.#bytes.readUInt16LE(at);
      const end = at + headBytes + this.#bytes.readUInt16LE(at + 2);
      text = Buffer.concat([text.subarray(0, shared), this.#bytes.subarray(at + headBytes, end)]);
      at = end;
    }
    return text.toString("utf8");
  }
}

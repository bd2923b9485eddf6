/** Origins in memory: a numbered list of texts in few bytes, since each shares its beginning with the one before. */

/** A text that shares nothing stands after so many, so that reading one decodes few. */
const restartEvery = 32;
/** Bytes before each entry: characters that it shares with the one before, and bytes of the rest. */
const headBytes = 4;
const maxLength = 0xffff / 3;

/** An append-only list. An entry takes four bytes and those in which it differs from the one before. */
export class OriginLog {
  #bytes = Buffer.alloc(256);
  #end = 0;
  #before = "";
  readonly #restarts: number[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a text; of a very long one, only the beginning. */
  push(text: string): void {
    const kept = text.length > maxLength ? text.slice(0, maxLength) : text;
    const isRestart = this.#length % restartEvery === 0;
    if (isRestart) this.#restarts.push(this.#end);
    const shared = isRestart ? 0 : sharedLength(this.#before, kept);
    const rest = kept.slice(shared);
    this.#reserve(headBytes + 3 * rest.length);
    const written = this.#bytes.write(rest, this.#end + headBytes);
    this.#bytes.writeUInt16LE(shared, this.#end);
    this.#bytes.writeUInt16LE(written, this.#end + 2);
    this.#end += headBytes + written;
    this.#before = kept;
    this.#length += 1;
  }

  at(index: number): string {
    let at = this.#restarts[Math.floor(index / restartEvery)] as number;
    let text = "";
    for (let count = index % restartEvery; count >= 0; count -= 1) {
      const shared = this.#bytes.readUInt16LE(at);
      const end = at + headBytes + this.#bytes.readUInt16LE(at + 2);
      text = text.slice(0, shared) + this.#bytes.toString("utf8", at + headBytes, end);
      at = end;
    }
    return text;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.ceil((this.#bytes.length + bytes) * 1.5));
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}

/** Characters that two texts begin with; a pair of surrogates is not cut. */
function sharedLength(first: string, second: string): number {
  const most = Math.min(first.length, second.length);
  let shared = 0;
  while (shared < most && first.charCodeAt(shared) === second.charCodeAt(shared)) shared += 1;
  const next = second.charCodeAt(shared);
  return next >= 0xdc00 && next <= 0xdfff && shared > 0 ? shared - 1 : shared;
}

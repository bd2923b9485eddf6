/** Reads the entries of a JSON array one by one, so that memory does not grow with the file. */

import { createReadStream } from "node:fs";
import { InputError } from "../../core/errors.js";
import { decodeData } from "../../core/input/content.js";

/** Longest entry, in bytes. */
const maxItemBytes = 400_000_000;
const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);
const space = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** An entry of the array, as text, and its position from 0. */
export interface JsonItem {
  index: number;
  text: string;
}

/**
 * Yields the entries of the array that a file has; a file that has one object yields that. The entries are not parsed.
 *
 * @throws {InputError} ERR_LABEL for a file that begins with something else, or ends in the middle
 */
export async function* jsonItems(path: string): AsyncGenerator<JsonItem> {
  const scan = new Scan(path);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>)
    yield* scan.read(chunk);
  scan.end();
}

class Scan {
  readonly #path: string;
  #parts: Buffer[] = [];
  #length = 0;
  #index = 0;
  #depth = 0;
  /** Depth on which an entry begins: 1 in an array, 0 for a single object; undefined before the first character. */
  #base: number | undefined;
  #isInString = false;
  #isEscaped = false;
  #isInItem = false;
  #isEnded = false;

  constructor(path: string) {
    this.#path = path;
  }

  *read(chunk: Buffer): Generator<JsonItem> {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === quote) this.#isInString = false;
        continue;
      }
      if (!this.#isInItem) {
        if (!this.#begins(byte)) continue;
        this.#isInItem = true;
        start = at;
      }
      if (byte === quote) this.#isInString = true;
      else if (opening.has(byte)) this.#depth += 1;
      else if (closing.has(byte)) this.#depth -= 1;
      else continue;
      if (this.#isInString || this.#depth !== this.#base) continue;
      this.#add(chunk.subarray(start, at + 1));
      yield this.#take();
    }
    if (this.#isInItem) this.#add(chunk.subarray(start));
  }

  end(): void {
    if (this.#isEnded || (this.#base === 0 && !this.#isInItem && this.#index > 0)) return;
    throw new InputError("ERR_LABEL", `${this.#path} ends in the middle of its JSON`);
  }

  /** Handles a byte between entries; returns whether it begins one. */
  #begins(byte: number): boolean {
    if (space.has(byte) || byte === 0xef || byte === 0xbb || byte === 0xbf) return false;
    if (this.#base === undefined && byte === 0x5b) {
      this.#base = 1;
      this.#depth = 1;
      return false;
    }
    if (this.#base === undefined && byte === 0x7b) this.#base = 0;
    if (this.#base === 1 && byte === comma) return false;
    if (this.#base === 1 && byte === 0x5d && !this.#isEnded) {
      this.#isEnded = true;
      return false;
    }
    if (byte === 0x7b && !this.#isEnded && (this.#base === 1 || this.#index === 0)) return true;
    const text = `${this.#path} is not a JSON array of objects: found ${JSON.stringify(String.fromCharCode(byte))} between them`;
    throw new InputError("ERR_LABEL", text);
  }

  #add(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > maxItemBytes)
      throw new InputError("ERR_LABEL", `${this.#path}: entry ${this.#index} has more than ${maxItemBytes} bytes`);
    this.#parts.push(Buffer.from(part)); // a copy, since the chunk is reused
  }

  #take(): JsonItem {
    const text = decodeData(Buffer.concat(this.#parts), `${this.#path}: entry ${this.#index}`);
    const item = { index: this.#index, text };
    this.#parts = [];
    this.#length = 0;
    this.#index += 1;
    this.#isInItem = false;
    return item;
  }
}

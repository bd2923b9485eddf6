/** Scans a large JSON file whose top level is an object of arrays: finds the elements of the arrays without parsing them. */

import type { FileHandle } from "node:fs/promises";
import { SourceError } from "../../core/errors.js";

const chunkBytes = 1024 * 1024;
const [quote, backslash, comma, colon, openBracket, closeBracket, openBrace, closeBrace] = [
  34, 92, 44, 58, 91, 93, 123, 125,
];

/** One element of an array: bytes of the scanner's buffer, which are valid during the call only. */
export interface Element {
  bytes: Buffer;
  start: number;
  end: number;
  /** Position of the element in the file. */
  at: number;
  /** Position of the value of the wanted key in `bytes`; -1 if the element has no such key. */
  valueAt: number;
}

/** What is done with the parts of a file. */
export interface Sections {
  /** Called at the beginning of an array at the top level. Returns what takes its elements, with the key whose value they need; undefined to skip them. */
  onArray(name: string, firstAt: number): ElementTaker | undefined;
  /** Called with another value at the top level. */
  onValue?(name: string, json: string): void;
}

export interface ElementTaker {
  key: string;
  take(element: Element): void;
  end?(): void;
}

/** Scans one file. Memory is bounded by the largest element. */
export class ElementScanner {
  readonly #file: FileHandle;
  readonly #name: string;
  #bytes = Buffer.allocUnsafe(chunkBytes * 2);
  /** Position in the file of the first byte of the buffer. */
  #base = 0;
  #at = 0;
  #end = 0;
  #isWhole = false;
  #valueAt = -1;

  /** @param name name of the plugin and the file, for errors */
  constructor(file: FileHandle, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** Scans the whole file. @throws {SourceError} ERR_LABEL with the position */
  async scan(sections: Sections, signal: AbortSignal): Promise<void> {
    await this.#fill();
    if (this.#bytes[0] === 0xef && this.#bytes[1] === 0xbb && this.#bytes[2] === 0xbf) this.#at = 3;
    await this.#expect(openBrace, "an object");
    if ((await this.#peek()) === closeBrace) this.#at += 1;
    else {
      do {
        signal.throwIfAborted();
        const name = await this.#string();
        await this.#expect(colon, ":");
        if ((await this.#peek()) === openBracket) {
          this.#at += 1;
          await this.#elements(sections.onArray(name, this.#base + this.#at), signal);
        } else await this.#value(name, sections);
      } while ((await this.#separator(closeBrace)) === comma);
    }
    if ((await this.#peek()) !== -1) throw this.#error("there are more bytes behind the end of the object");
  }

  /** Scans the elements of an array whose first one is at a position. */
  async scanArray(firstAt: number, taker: ElementTaker, signal: AbortSignal): Promise<void> {
    this.#base = firstAt;
    await this.#fill();
    await this.#elements(taker, signal);
  }

  /** Yields what `take` makes of the elements of an array, those of one piece of the file at a time. */
  async *groups<T>(firstAt: number, take: (element: Element) => T, signal: AbortSignal): AsyncGenerator<T[]> {
    this.#base = firstAt;
    await this.#fill();
    let group: T[] = [];
    const key = Buffer.alloc(0);
    if ((await this.#peek()) === closeBracket) return;
    for (;;) {
      await this.#peek();
      let end = this.#endOf(key);
      while (end < 0) {
        if (this.#isWhole) throw this.#error("the file ends within this element");
        if (group.length > 0) yield group;
        group = [];
        await this.#fill();
        signal.throwIfAborted();
        end = this.#endOf(key);
      }
      const start = this.#at;
      this.#at = end;
      group.push(take({ bytes: this.#bytes, start, end, at: this.#base + start, valueAt: -1 }));
      if ((await this.#separator(closeBracket)) === closeBracket) break;
    }
    yield group;
  }

  async #elements(taker: ElementTaker | undefined, signal: AbortSignal): Promise<void> {
    const key = Buffer.from(taker?.key ?? "");
    if ((await this.#peek()) === closeBracket) this.#at += 1;
    else {
      for (;;) {
        const first = await this.#peek();
        let end = first === openBrace || first === openBracket ? this.#endOf(key) : await this.#endOfPlain();
        while (end < 0) {
          if (this.#isWhole) throw this.#error("the file ends within this element", this.#base + this.#at);
          await this.#fill();
          signal.throwIfAborted();
          end = this.#endOf(key);
        }
        const start = this.#at;
        this.#at = end;
        taker?.take({ bytes: this.#bytes, start, end, at: this.#base + start, valueAt: this.#valueAt });
        // The common case needs no wait.
        if (end < this.#end && this.#bytes[end] === comma) {
          this.#at += 1;
          continue;
        }
        if ((await this.#separator(closeBracket)) === closeBracket) break;
      }
    }
    taker?.end?.();
  }

  /** Returns the end of the object or array at the position; -1 if it is not in the buffer as a whole. */
  #endOf(key: Buffer): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const keyLength = key.length;
    let depth = 0;
    this.#valueAt = -1;
    for (let at = this.#at; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        const start = at + 1;
        for (at = start; at < end; at += 1) {
          const inner = bytes[at];
          if (inner === backslash) at += 1;
          else if (inner === quote) break;
        }
        if (depth !== 1 || at - start !== keyLength || at >= end || keyLength === 0) continue;
        if (bytes[start] !== key[0] || bytes.compare(key, 0, keyLength, start, at) !== 0) continue;
        let next = at + 1;
        while (isSpace(bytes[next])) next += 1;
        if (bytes[next] !== colon) continue;
        next += 1;
        while (isSpace(bytes[next])) next += 1;
        this.#valueAt = next;
      } else if (byte >= openBracket) {
        if (byte === openBrace || byte === openBracket) depth += 1;
        else if (byte === closeBrace || byte === closeBracket) {
          depth -= 1;
          if (depth === 0) return at + 1;
        }
      }
    }
    return -1;
  }

  /** Returns the end of a number, a text or a word. */
  async #endOfPlain(): Promise<number> {
    this.#valueAt = -1;
    for (;;) {
      const end = this.#plainEnd();
      if (end >= 0) return end;
      if (this.#isWhole) throw this.#error("the file ends here");
      await this.#fill();
    }
  }

  #plainEnd(): number {
    const isText = this.#bytes[this.#at] === quote;
    for (let at = this.#at + 1; at < this.#end; at += 1) {
      const byte = this.#bytes[at] as number;
      if (!isText && (byte === comma || byte === closeBracket || byte === closeBrace || isSpace(byte))) return at;
      if (isText && byte === backslash) at += 1;
      else if (isText && byte === quote) return at + 1;
    }
    return -1;
  }

  async #value(name: string, sections: Sections): Promise<void> {
    const first = await this.#peek();
    if (first === closeBrace || first === comma || first === -1) throw this.#error("a value is missing");
    let end = first === openBrace ? this.#endOf(Buffer.alloc(0)) : await this.#endOfPlain();
    while (end < 0) {
      if (this.#isWhole) throw this.#error(`the file ends within "${name}"`);
      await this.#fill();
      end = this.#endOf(Buffer.alloc(0));
    }
    sections.onValue?.(name, this.#bytes.toString("utf8", this.#at, end));
    this.#at = end;
  }

  async #string(): Promise<string> {
    if ((await this.#peek()) !== quote) throw this.#error("a name in quotes is expected");
    const end = await this.#endOfPlain();
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end;
    try {
      return JSON.parse(text) as string;
    } catch (error) {
      throw this.#error((error as Error).message);
    }
  }

  async #separator(close: number): Promise<number> {
    const byte = await this.#peek();
    if (byte !== comma && byte !== close) {
      throw this.#error(byte === -1 ? "the file ends here" : `"," or "${String.fromCharCode(close)}" is expected`);
    }
    this.#at += 1;
    return byte;
  }

  async #expect(byte: number, what: string): Promise<void> {
    if ((await this.#peek()) !== byte) throw this.#error(`${what} is expected`);
    this.#at += 1;
  }

  /** Returns the next byte that is not a space; -1 at the end of the file. */
  async #peek(): Promise<number> {
    for (;;) {
      while (this.#at < this.#end && isSpace(this.#bytes[this.#at])) this.#at += 1;
      if (this.#at < this.#end) return this.#bytes[this.#at] as number;
      if (this.#isWhole) return -1;
      await this.#fill();
    }
  }

  /** Reads more bytes behind those that are not used yet. */
  async #fill(): Promise<void> {
    const rest = this.#end - this.#at;
    if (rest + chunkBytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe((rest + chunkBytes) * 2);
      this.#bytes.copy(larger, 0, this.#at, this.#end);
      this.#bytes = larger;
    } else this.#bytes.copyWithin(0, this.#at, this.#end);
    this.#base += this.#at;
    this.#at = 0;
    this.#end = rest;
    const room = this.#bytes.length - rest;
    const { bytesRead } = await this.#file.read(this.#bytes, rest, room, this.#base + rest);
    this.#end += bytesRead;
    this.#isWhole = bytesRead === 0;
  }

  #error(text: string, at = this.#base + this.#at): SourceError {
    return new SourceError("ERR_LABEL", `${this.#name} is not valid JSON at byte ${at}: ${text}`);
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

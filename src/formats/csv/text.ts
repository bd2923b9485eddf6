/** Reads the text of a CSV file as UTF-8 in chunks, and can read it again from the end of a line. */

import { openStream } from "../../core/files/open-stream.js";
import { utf8FromUtf16 } from "./utf16.js";

export const chunkBytes = 64 * 1024;

export interface CsvText {
  /** Returns the first line, at most about a chunk of it, and leaves it for `next`. Call it only before the first `next`. */
  peekLine(): Promise<string>;
  /** Reads a chunk and holds it; undefined at the end. */
  next(): Promise<Buffer | undefined>;
  /** Returns the number of held bytes. */
  heldBytes(): number;
  /** Releases the first held bytes. */
  release(bytes: number): void;
  /** Drops the first line of the held bytes but keeps its line break. The next read begins at this line break. */
  skipLine(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file, a pipe or a device once, and reads it from its beginning to its end. Recognizes UTF-16 by its byte order mark, or by the zero in its first
 * character. Bytes that are invalid in their encoding stay invalid, so that their cell fails.
 */
export function openText(path: string): CsvText {
  const chunks = readChunks(path);
  let unread: Buffer[] = [];
  let held: Buffer[] = [];
  let heldBytes = 0;
  let released = 0; // bytes of the first held chunk
  const read = async () => unread.shift() ?? (await chunks.next()).value;
  return {
    async peekLine() {
      let start: Buffer = Buffer.alloc(0);
      while (start.length < chunkBytes && !hasLineBreak(start)) {
        const chunk = await read();
        if (!chunk) break;
        start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
      }
      if (start.length > 0) unread.unshift(start);
      return start.toString("utf8").split(/\r|\n/, 1)[0] ?? "";
    },
    async next() {
      const chunk = await read();
      if (chunk) held.push(chunk);
      heldBytes += chunk?.length ?? 0;
      return chunk;
    },
    heldBytes: () => heldBytes,
    release(bytes) {
      heldBytes -= bytes;
      released += bytes;
      for (let [first] = held; first && first.length <= released; [first] = held) {
        held.shift();
        released -= first.length;
      }
    },
    async skipLine() {
      unread = [...held, ...unread];
      let from = released;
      [held, heldBytes, released] = [[], 0, 0];
      for (let chunk = await read(); chunk; chunk = await read()) {
        const rest = chunk.subarray(from);
        const end = rest.findIndex((byte) => byte === 10 || byte === 13);
        if (end >= 0) return void unread.unshift(rest.subarray(end));
        from = 0;
      }
    },
    async close() {
      await chunks.return(undefined);
    },
  };
}

function hasLineBreak(bytes: Buffer): boolean {
  return bytes.includes(10) || bytes.includes(13);
}

const byteOrderMark = Buffer.from("\uFEFF");

async function* readChunks(path: string): AsyncGenerator<Buffer, undefined> {
  const stream = openStream(path, { highWaterMark: chunkBytes });
  try {
    const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    let start: Buffer = Buffer.alloc(0);
    while (start.length < 3) {
      const { value, done } = await chunks.next();
      if (done) break;
      start = start.length === 0 ? value : Buffer.concat([start, value]); // a pipe may return single bytes
    }
    const rest = { [Symbol.asyncIterator]: () => chunks };
    const encoding = utf16In(start);
    if (encoding) {
      yield* utf8FromUtf16(start, rest, encoding);
      return;
    }
    yield start.subarray(start.subarray(0, 3).equals(byteOrderMark) ? 3 : 0);
    yield* rest;
  } finally {
    stream.destroy();
  }
}

function utf16In(start: Buffer): "little" | "big" | undefined {
  if (start.length < 2) return undefined;
  const [first = 0, second = 0] = start;
  if ((first === 0xff && second === 0xfe) || (first > 0 && second === 0)) return "little";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second > 0)) return "big";
  return undefined;
}

/** The text of a CSV file: UTF-8 in chunks, read as they are asked for, and again from the end of a line. */

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

export const chunkBytes = 64 * 1024;

export interface CsvText {
  /** Reads a chunk and holds it; undefined at the end. */
  next(): Promise<Buffer | undefined>;
  /** How much is held. */
  heldBytes(): number;
  /** Lets go of the first bytes that are held. */
  release(bytes: number): void;
  /** Gives up the first line of what is held, all but its line break; what comes after it is read again. */
  skipLine(): Promise<void>;
  close(): Promise<void>;
}

/** UTF-16 is told by its byte order mark, or by the zero in its first character. Bytes that are not UTF-8 are left as they are. */
export async function openText(path: string): Promise<CsvText> {
  const chunks = await openChunks(path);
  let unread: Buffer[] = [];
  let held: Buffer[] = [];
  let heldBytes = 0;
  let released = 0; // of the first chunk that is held
  const read = async () => unread.shift() ?? (await chunks.next()).value;
  return {
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

async function openChunks(path: string): Promise<AsyncGenerator<Buffer, undefined>> {
  const file = await open(path);
  const start = Buffer.alloc(3);
  try {
    const { bytesRead } = await file.read(start, 0, 3, 0);
    if (bytesRead < 2) return readUtf8(path, 0);
  } finally {
    await file.close();
  }
  const [first = 0, second = 0] = start;
  if ((first === 0xff && second === 0xfe) || (first > 0 && second === 0)) return readUtf16(path, "utf-16le");
  if ((first === 0xfe && second === 0xff) || (first === 0 && second > 0)) return readUtf16(path, "utf-16be");
  return readUtf8(path, start.equals(Buffer.from("\uFEFF")) ? 3 : 0);
}

async function* readUtf8(path: string, start: number): AsyncGenerator<Buffer, undefined> {
  yield* createReadStream(path, { start, highWaterMark: chunkBytes }) as AsyncIterable<Buffer>;
}

async function* readUtf16(path: string, encoding: string): AsyncGenerator<Buffer, undefined> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    yield Buffer.from(decoder.decode(chunk, { stream: true }), "utf8");
  }
  yield Buffer.from(decoder.decode(), "utf8");
}

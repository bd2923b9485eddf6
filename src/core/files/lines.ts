/** The lines of a text file, read as they are asked for. */

import { openStream } from "./open-stream.js";

export interface Line {
  /** From 1. */
  number: number;
  /** Without its line break; undefined for a line that is longer than allowed. */
  bytes: Buffer | undefined;
}

/**
 * Yields each line, ended by LF or CRLF; of a line longer than `maxBytes` nothing is kept. Reads the first `sizeBytes` of the file only, where they are
 * given. Closes the file at the end and on an early stop.
 */
export async function* readLines(path: string, maxBytes: number, sizeBytes?: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 0;
  const add = (part: Buffer) => {
    length += part.length;
    if (length > maxBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const take = (): Line => {
    const bytes =
      length > maxBytes ? undefined : withoutReturn(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
    parts = [];
    length = 0;
    number += 1;
    return { number, bytes };
  };
  const range = sizeBytes === undefined ? {} : { end: sizeBytes - 1 };
  for await (const chunk of openStream(path, { highWaterMark: 256 * 1024, ...range }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      yield take();
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 13 ? line.subarray(0, -1) : line;
}

/** Reads the lines of a text file on demand. */

import { openStream } from "./open-stream.js";

export interface Line {
  /** From 1. */
  number: number;
  /** The line without its line break; undefined if it is longer than the limit. */
  bytes: Buffer | undefined;
}

/**
 * Yields each line, ended by LF or CRLF, without the bytes of lines longer than `maxBytes`. With `sizeBytes`, reads only the first bytes of the file.
 * Closes the file at the end and on an early stop.
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

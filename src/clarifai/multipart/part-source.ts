/** The content of an upload in parts: bytes of a file, and perhaps bytes before and behind it. */

import { createReadStream } from "node:fs";
import { openUri } from "../../core/content/open-uri.js";
import { describeError, InputError } from "../../core/errors.js";
import { nameOfContent, sizeOfContent } from "../../core/input/content.js";
import type { ReadableContent } from "../../core/input/input.js";

export interface PartSource {
  sizeBytes: number;
  /** Reads bytes, as often as called. @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_CHANGED, and what `openUri` throws */
  read(start: number, end: number): AsyncGenerator<Buffer, void>;
}

/** Reads a content alone. */
export function contentSource(content: ReadableContent): PartSource {
  return { sizeBytes: sizeOfContent(content), read: (start, end) => readRange(content, start, end) };
}

/** Reads bytes in memory around a source. */
export function withEnvelope(source: PartSource, before: Buffer, after: Buffer): PartSource {
  const contentEnd = before.length + source.sizeBytes;
  const sizeBytes = contentEnd + after.length;
  return {
    sizeBytes,
    async *read(start, end) {
      if (start < before.length) yield before.subarray(start, Math.min(end, before.length));
      const from = Math.max(start, before.length);
      const to = Math.min(end, contentEnd);
      if (from < to) yield* source.read(from - before.length, to - before.length);
      if (end > contentEnd) yield after.subarray(Math.max(start, contentEnd) - contentEnd, end - contentEnd);
    },
  };
}

async function* readRange(content: ReadableContent, start: number, end: number): AsyncGenerator<Buffer, void> {
  if ("bytes" in content) {
    yield Buffer.from(content.bytes.buffer, content.bytes.byteOffset + start, end - start);
    return;
  }
  if ("uri" in content) {
    yield* openUri(content, { offset: start, length: end - start });
    return;
  }
  const { path, offset = 0 } = content;
  let read = 0;
  try {
    const stream = createReadStream(path, { start: offset + start, end: offset + end - 1 });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  if (read === end - start) return;
  const text = `${nameOfContent(content)} changed while it was uploaded: it ended after ${start + read} bytes`;
  throw new InputError("ERR_FILE_CHANGED", text);
}

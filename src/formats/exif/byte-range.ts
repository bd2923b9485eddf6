/** Byte ranges: read a file, bytes in memory, or a part of either piece by piece. */

import { closeSync, fstatSync, open, read, readSync } from "node:fs";
import { promisify } from "node:util";
import { withParts } from "../../core/content/read-parts.js";
import { describeError, InputError } from "../../core/errors.js";
import { nameOfContent } from "../../core/input/content.js";
import type { Content } from "../../core/input/input.js";
import { redactUrl } from "../../core/redact-urls.js";

/** Bytes of the first read. In most photographs, they contain the EXIF block. */
const firstBytes = 64 * 1024;
/** Bytes of each later read: a header, and the data that often follow it. */
const nextBytes = 4 * 1024;
/** Maximum bytes of one read; a length in a damaged header can be anything. */
const maxBytes = 1024 * 1024;

const openFile = promisify(open);
const readFile = promisify(read);

/** A part of a content that is read on demand. */
export interface ByteRange {
  readonly size: number;
  /** Reads bytes from a position of the range; fewer at its end. @throws {Error} for more than 1 MB */
  read(position: number, length: number): Buffer;
}

/**
 * Opens the bytes of an image, calls `use`, and closes them. Reads the start of a file asynchronously. If `use` needs more, reads it synchronously, a header
 * at a time, which takes less time than a call to the thread pool.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE
 */
export async function withBytes<T>(image: Content, use: (file: ByteRange) => T): Promise<T> {
  if ("url" in image)
    throw new InputError(
      "ERR_CONTENT_REMOTE",
      `${redactUrl(image.url)} is a URL; only files and bytes in memory can be read`,
    );
  if ("bytes" in image) {
    const { buffer, byteOffset, byteLength } = image.bytes;
    return use(rangeOf(Buffer.from(buffer, byteOffset, byteLength)));
  }
  if ("uri" in image)
    return withParts(image, (read) => use({ size: image.sizeBytes, read: (at, length) => read(at, checked(length)) }));
  const unreadable = (error: unknown): never => {
    const text = `${nameOfContent(image)} cannot be read: ${describeError(error)}`;
    throw new InputError("ERR_FILE_UNREADABLE", text, { cause: error });
  };
  const file = await openFile(image.path, "r").catch(unreadable);
  try {
    const { offset = 0 } = image;
    const size = image.sizeBytes ?? image.length ?? fstatSync(file).size;
    const first = Buffer.allocUnsafe(Math.min(firstBytes, size));
    const { bytesRead } = await readFile(file, first, 0, first.length, offset).catch(unreadable);
    return use(new FileRange({ file, offset, size }, first.subarray(0, bytesRead), unreadable));
  } finally {
    closeSync(file);
  }
}

/** Makes a range of bytes in memory. */
export function rangeOf(bytes: Buffer): ByteRange {
  return {
    size: bytes.length,
    read(position, length) {
      return bytes.subarray(position, position + checked(length));
    },
  };
}

/** Thrown by a range of the first bytes of a file, if it is asked for later ones. */
export const beyondStart = new Error("the bytes lie behind the first ones");

/** Makes a range of a file of which only the first bytes are known. Throws `beyondStart` for others. */
export function rangeOfStart(start: Buffer, size: number): ByteRange {
  return {
    size,
    read(position, length) {
      const end = Math.min(size, position + checked(length));
      if (end > start.length) throw beyondStart;
      return start.subarray(Math.min(position, end), end);
    },
  };
}

/** Makes a range of a part of a range. It ends at the end of the range. */
export function partOf(range: ByteRange, start: number, length: number): ByteRange {
  const size = Math.max(0, Math.min(length, range.size - start));
  return {
    size,
    read(position, wanted) {
      return range.read(start + position, Math.max(0, Math.min(checked(wanted), size - position)));
    },
  };
}

/** Joins several ranges. */
export function joined(parts: readonly ByteRange[]): ByteRange {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  return {
    size: parts.reduce((sum, part) => sum + part.size, 0),
    read(position, length) {
      const pieces: Buffer[] = [];
      let [start, left] = [position, checked(length)];
      for (const part of parts) {
        if (left > 0 && start < part.size) {
          const piece = part.read(start, Math.min(left, part.size - start));
          pieces.push(piece);
          left -= piece.length;
        }
        start = Math.max(0, start - part.size);
      }
      return Buffer.concat(pieces);
    },
  };
}

/** Reads a range as a whole. @throws {Error} for more than 1 MB */
export function wholeOf(range: ByteRange): Buffer {
  return range.read(0, range.size);
}

function checked(length: number): number {
  if (length > maxBytes) throw new Error(`${length} bytes in one read; the limit is ${maxBytes}`);
  return length;
}

/** Caches the first bytes, and those of the last read, since headers lie close together. */
class FileRange implements ByteRange {
  readonly size: number;
  readonly #file: number;
  readonly #offset: number;
  readonly #first: Buffer;
  readonly #unreadable: (error: unknown) => never;
  #window: Buffer;
  #begins = 0;

  constructor(
    { file, offset, size }: { file: number; offset: number; size: number },
    first: Buffer,
    unreadable: (error: unknown) => never,
  ) {
    this.#file = file;
    this.#offset = offset;
    this.size = size;
    this.#first = first;
    this.#window = first;
    this.#unreadable = unreadable;
  }

  read(position: number, length: number): Buffer {
    const end = Math.min(this.size, position + checked(length));
    if (end <= this.#first.length) return this.#first.subarray(Math.min(position, end), end);
    if (end <= position) return this.#first.subarray(0, 0);
    if (position < this.#begins || end > this.#begins + this.#window.length) this.#move(position, end);
    return this.#window.subarray(position - this.#begins, end - this.#begins);
  }

  #move(position: number, end: number): void {
    const buffer = Buffer.allocUnsafe(Math.min(Math.max(nextBytes, end - position), this.size - position));
    try {
      this.#window = buffer.subarray(0, readSync(this.#file, buffer, 0, buffer.length, this.#offset + position));
    } catch (error) {
      this.#unreadable(error);
    }
    this.#begins = position;
  }
}

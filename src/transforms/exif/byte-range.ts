/** Byte ranges: a file, bytes in memory or a part of either, read piece by piece. */

import { type FileHandle, open } from "node:fs/promises";
import { describeError, InputError } from "../../core/errors.js";
import type { Content } from "../../core/input.js";

/** Bytes of the first read; in most photographs, the EXIF block lies in them. */
const firstBytes = 64 * 1024;
/** Bytes of each later read: a header, and what often follows it. */
const nextBytes = 4 * 1024;
/** Most bytes of one read; a length in a damaged header can be anything. */
const maxBytes = 1024 * 1024;

/** A part of a content that is read on demand. */
export interface ByteRange {
  readonly size: number;
  /** Reads bytes from a position of the range. Gives fewer where the range ends. @throws {Error} for more than 1 MB */
  read(position: number, length: number): Promise<Buffer>;
}

/** Opens the bytes of an image for `use`, and closes them after it. @throws {InputError} ERR_FILE_UNREADABLE */
export async function withBytes<T>(image: Content, use: (file: ByteRange) => Promise<T>): Promise<T> {
  if ("url" in image) throw new InputError("ERR_CONTENT_REMOTE", `${image.url} is a URL; its bytes are not here`);
  if ("bytes" in image) {
    const { buffer, byteOffset, byteLength } = image.bytes;
    return use(rangeOf(Buffer.from(buffer, byteOffset, byteLength)));
  }
  const unreadable = (error: unknown): never => {
    const text = `${image.path} cannot be read: ${describeError(error)}`;
    throw new InputError("ERR_FILE_UNREADABLE", text, { cause: error });
  };
  const file = await open(image.path).catch(unreadable);
  try {
    const size = image.sizeBytes ?? (await file.stat().catch(unreadable)).size;
    return await use(new FileRange(file, size, unreadable));
  } finally {
    await file.close();
  }
}

/** Bytes in memory as a range. */
export function rangeOf(bytes: Buffer): ByteRange {
  return {
    size: bytes.length,
    async read(position, length) {
      return bytes.subarray(position, position + checked(length));
    },
  };
}

/** A part of a range, cut where the range ends. */
export function partOf(range: ByteRange, start: number, length: number): ByteRange {
  const size = Math.max(0, Math.min(length, range.size - start));
  return {
    size,
    async read(position, wanted) {
      return range.read(start + position, Math.max(0, Math.min(checked(wanted), size - position)));
    },
  };
}

/** Several ranges as one. */
export function joined(parts: readonly ByteRange[]): ByteRange {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  return {
    size: parts.reduce((sum, part) => sum + part.size, 0),
    async read(position, length) {
      const pieces: Buffer[] = [];
      let [start, left] = [position, checked(length)];
      for (const part of parts) {
        if (left > 0 && start < part.size) {
          const piece = await part.read(start, Math.min(left, part.size - start));
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
export function wholeOf(range: ByteRange): Promise<Buffer> {
  return range.read(0, range.size);
}

function checked(length: number): number {
  if (length > maxBytes) throw new Error(`${length} bytes in one piece; at most ${maxBytes} are read`);
  return length;
}

/** Keeps the bytes of the last read: headers stand close together. */
class FileRange implements ByteRange {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #unreadable: (error: unknown) => never;
  #window: Buffer = Buffer.alloc(0);
  #begins = 0;

  constructor(file: FileHandle, size: number, unreadable: (error: unknown) => never) {
    this.#file = file;
    this.size = size;
    this.#unreadable = unreadable;
  }

  async read(position: number, length: number): Promise<Buffer> {
    const end = Math.min(this.size, position + checked(length));
    if (end <= position) return this.#window.subarray(0, 0);
    if (position < this.#begins || end > this.#begins + this.#window.length) await this.#move(position, end);
    return this.#window.subarray(position - this.#begins, end - this.#begins);
  }

  async #move(position: number, end: number): Promise<void> {
    const least = position === 0 ? firstBytes : nextBytes;
    const buffer = Buffer.allocUnsafe(Math.min(Math.max(least, end - position), this.size - position));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, position).catch(this.#unreadable);
    this.#window = buffer.subarray(0, bytesRead);
    this.#begins = position;
  }
}

/** Reads the content of one input while its request is sent. */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { openUri } from "../../core/content/open-uri.js";
import { codeOf, describeError, InputError } from "../../core/errors.js";
import { nameOfContent } from "../../core/input/content.js";
import type { Content, FileContent, UriContent } from "../../core/input/input.js";

/** Opens a pipe without waiting for its writer; Windows has no such flag. */
const readNow = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A content changed after its batch was made, or cannot be read; the other inputs of the batch can be sent without it. */
export class ContentChangedError extends InputError {
  /** Index of the input in its request. */
  readonly index: number;

  constructor(index: number, code: string, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(code, message, options);
    this.index = index;
  }
}

/** Reads a content from its start to its end. */
export interface MediaReader {
  /**
   * Reads at most `length` bytes into a buffer, and returns their number: 0 at the end. Returns a promise if it has to wait. Throws a ContentChangedError, also
   * as a rejection.
   */
  read(into: Buffer, length: number): number | Promise<number>;
  close(): void;
}

/** Opens a file, a part of a file, or what an opener reads. `index` is that of the input in its request. @throws {ContentChangedError} ERR_FILE_… */
export function openMedia(index: number, content: FileContent | UriContent): MediaReader {
  return "uri" in content ? new UriReader(index, content) : new FileReader(index, content);
}

/** Checks that a content has the size with which it was measured. @throws {ContentChangedError} ERR_FILE_CHANGED */
export function checkSize(index: number, content: Content, found: number, expected: number): void {
  if (found === expected) return;
  const now = found > expected ? "more" : found;
  const text = `${nameOfContent(content)} changed while it was uploaded: it had ${expected} bytes, now it has ${now}`;
  throw new ContentChangedError(index, "ERR_FILE_CHANGED", text);
}

/**
 * Reads until the buffer has `length` bytes or the content ends, so that only the last read is short. Yields a promise when it has to wait; `awaited` waits for
 * it.
 */
export function* fill(media: MediaReader, into: Buffer, length: number): Generator<never, number, unknown> {
  let filled = 0;
  while (filled < length) {
    const reading = media.read(into.subarray(filled), length - filled);
    const read = typeof reading === "number" ? reading : ((yield reading as never) as number);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

/** Runs a generator that yields promises between its chunks: waits for each, and gives it the result. */
export async function* awaited<T>(steps: Generator<T, void, unknown>): AsyncGenerator<T, void> {
  try {
    for (let step = steps.next(); !step.done; ) {
      if (step.value instanceof Promise) {
        const result = await step.value.then(
          (value: unknown) => () => steps.next(value),
          (error: unknown) => () => steps.throw(error),
        );
        step = result();
      } else {
        yield step.value;
        step = steps.next();
      }
    }
  } finally {
    steps.return();
  }
}

class FileReader implements MediaReader {
  readonly #index: number;
  readonly #content: FileContent;
  readonly #file: number;
  /** Where the next byte of a part is; null for a whole file. */
  #position: number | null;
  #left: number;

  constructor(index: number, content: FileContent) {
    const { path, offset, length = 0 } = content;
    this.#index = index;
    this.#content = content;
    this.#position = offset ?? null;
    this.#left = offset === undefined ? Number.POSITIVE_INFINITY : length;
    try {
      this.#file = openSync(path, readNow);
    } catch (error) {
      throw this.#unreadable(error);
    }
    if (offset !== undefined) this.#checkTime();
  }

  read(into: Buffer, length: number): number {
    try {
      const read = readSync(this.#file, into, 0, Math.min(length, this.#left), this.#position);
      if (this.#position !== null) this.#position += read;
      this.#left -= read;
      return read;
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** A part of another size cannot be noticed, so the time of its file is compared. */
  #checkTime(): void {
    const { path, modifiedMs } = this.#content;
    if (modifiedMs === undefined || fstatSync(this.#file).mtimeMs === modifiedMs) return;
    this.close();
    const text = `${path} changed after its parts were listed; list them again`;
    throw new ContentChangedError(this.#index, "ERR_FILE_CHANGED", text);
  }

  #unreadable(cause: unknown): ContentChangedError {
    const text = `${nameOfContent(this.#content)} cannot be read: ${describeError(cause)}`;
    return new ContentChangedError(this.#index, "ERR_FILE_UNREADABLE", text, { cause });
  }
}

class UriReader implements MediaReader {
  readonly #index: number;
  readonly #chunks: AsyncGenerator<Buffer, void>;
  readonly #stop = new AbortController();
  #rest: Buffer = Buffer.alloc(0);

  constructor(index: number, content: UriContent) {
    this.#index = index;
    this.#chunks = openUri(content, { signal: this.#stop.signal });
  }

  read(into: Buffer, length: number): number | Promise<number> {
    return this.#rest.length > 0 ? this.#take(into, length) : this.#next(into, length);
  }

  close(): void {
    this.#stop.abort(new Error("the request ended"));
    void this.#chunks.return().catch(() => undefined);
  }

  async #next(into: Buffer, length: number): Promise<number> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done) return 0;
      this.#rest = value as Buffer;
    } catch (cause) {
      const retryable = cause instanceof InputError && cause.retryable;
      const code = codeOf(cause, "ERR_CONTENT_UNREADABLE");
      throw new ContentChangedError(this.#index, code, describeError(cause), { cause, retryable });
    }
    return this.#take(into, length);
  }

  #take(into: Buffer, length: number): number {
    const taken = this.#rest.copy(into, 0, 0, Math.min(length, this.#rest.length));
    this.#rest = this.#rest.subarray(taken);
    return taken;
  }
}

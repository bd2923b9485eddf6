/** A file during its download: hashed as it arrives, written in large pieces, and renamed when it is complete. */

import { createHash, type Hash, hash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fstatSync,
  ftruncateSync,
  lstatSync,
  renameSync,
  rmSync,
  writeFileSync,
  writev,
} from "node:fs";
import { promisify } from "node:util";
import { describeError, InputError } from "../../core/errors.js";
import { openPlainFileNow } from "./plain-file.js";
import type { SmallWriter } from "./small-writer.js";

/** Bytes that are collected before they are written; a smaller file is written at once when it is complete. */
const pieceBytes = 512 * 1024;
/** Bytes at the start of a file from which its type is found. */
const headBytes = 4100;

const writeInBackground = promisify(writev);

export interface PartialFileOptions {
  /** Path of the bytes during the download, by the tag of the content. */
  pathOf: (etag: string | undefined) => string;
  small: SmallWriter;
}

/**
 * Takes the bytes of one file. While it writes a piece it collects the next one, so that at most two pieces are in memory. Written bytes remain after a
 * kill, and `resume` continues with them.
 */
export class PartialFile {
  /** Bytes taken so far. */
  sizeBytes = 0;
  /** Tag of their content. */
  etag: string | undefined;
  /** Bytes of the complete file, if known. */
  totalBytes: number | undefined;
  /** The first bytes, for finding the type. */
  head: Buffer = Buffer.alloc(0);
  readonly #options: PartialFileOptions;
  #file: number | undefined;
  #hash: Hash | undefined;
  #collected: Buffer[] = [];
  #collectedBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: InputError | undefined;

  constructor(options: PartialFileOptions) {
    this.#options = options;
  }

  /** Continues with the bytes of an earlier run, and reads them for the hash. @throws {InputError} ERR_DOWNLOAD_PATH */
  async resume(etag: string | undefined): Promise<void> {
    this.etag = etag;
    this.#file = openPlainFileNow(this.path).file;
    const stream = createReadStream("", { fd: this.#file, autoClose: false, start: 0, highWaterMark: pieceBytes });
    this.#hash = createHash("sha256");
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      this.#count(bytes);
      this.#hash.update(bytes);
    }
  }

  /** Path of the bytes until the file is complete. */
  get path(): string {
    return this.#options.pathOf(this.etag);
  }

  /** Takes some bytes. If it returns a promise, it takes the next bytes when it has resolved. */
  take(bytes: Buffer): Promise<void> | undefined {
    if (this.#failure) throw this.#failure;
    this.#count(bytes);
    this.#collected.push(bytes);
    this.#collectedBytes += bytes.length;
    if (this.#collectedBytes < pieceBytes) return undefined;
    const earlier = this.#writing;
    this.#writing = earlier ? earlier.then(() => this.#write()) : this.#write();
    return earlier;
  }

  /** Discards all bytes: the next byte is the first one of the content with this tag. No write may be open. */
  restart(etag: string | undefined): void {
    if (this.#file !== undefined) rmSync(this.path, { force: true });
    this.#close();
    this.#hash = undefined;
    this.#collected = [];
    this.#collectedBytes = 0;
    this.head = Buffer.alloc(0);
    this.sizeBytes = 0;
    this.totalBytes = undefined;
    this.etag = etag;
  }

  /** Resolves when no write is open. @throws {InputError} ERR_FILE_UNWRITABLE, ERR_DOWNLOAD_PATH */
  async settled(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  /** Returns the hash of all bytes; after it, the file takes no more. @throws {InputError} ERR_FILE_UNWRITABLE, ERR_DOWNLOAD_PATH */
  async sha256(): Promise<string> {
    await this.settled();
    if (!this.#hash) return hash("sha256", this.#allCollected(), "hex");
    if (this.#collectedBytes > 0) await this.#write();
    await this.settled();
    return this.#hash.digest("hex");
  }

  /** Gives the complete file its name; call `sha256` before. @throws {InputError} ERR_FILE_UNWRITABLE, ERR_FILE_CHANGED, ERR_DOWNLOAD_PATH */
  async place(path: string): Promise<void> {
    try {
      if (this.#file === undefined) {
        await this.#options.small.write(this.path, path, this.#allCollected());
      } else {
        this.#checkOnDisk(this.#file);
        this.#close();
        renameSync(this.path, path);
      }
    } catch (error) {
      throw unwritable(path, error);
    }
    this.#collectedBytes = 0;
  }

  /** Closes the file and keeps its bytes for the next run; returns whether it has any. */
  async keep(): Promise<boolean> {
    await this.#writing;
    if (this.#collectedBytes > 0 && !this.#failure) await this.#write();
    const isOpen = this.#file !== undefined;
    this.#close();
    return isOpen;
  }

  /** Refuses a file that differs from the written bytes: another program cut or replaced it, or the disk lost a part. */
  #checkOnDisk(file: number): void {
    const opened = fstatSync(file);
    const named = lstatSync(this.path, { throwIfNoEntry: false });
    if (opened.size === this.sizeBytes && named?.ino === opened.ino) return;
    const { sizeBytes, path } = this;
    this.restart(undefined);
    const text = `${path} has ${named?.size ?? 0} bytes on disk, and ${sizeBytes} were written; does another program change the folder?`;
    throw new InputError("ERR_FILE_CHANGED", text, { retryable: true });
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #count(bytes: Buffer): void {
    this.sizeBytes += bytes.length;
    const { head } = this;
    if (head.length >= headBytes) return;
    this.head = (head.length === 0 ? bytes : Buffer.concat([head, bytes])).subarray(0, headBytes);
  }

  #allCollected(): Buffer {
    const [first = Buffer.alloc(0)] = this.#collected;
    if (this.#collected.length <= 1) return first;
    const all = Buffer.concat(this.#collected);
    this.#collected = [all];
    return all;
  }

  /** Hashes and writes the collected bytes; the next call throws a failure. */
  async #write(): Promise<void> {
    const pieces = this.#collected;
    const bytes = this.#collectedBytes;
    this.#collected = [];
    this.#collectedBytes = 0;
    try {
      this.#hash ??= createHash("sha256");
      for (const piece of pieces) this.#hash.update(piece);
      this.#file ??= openEmpty(this.path);
      const { bytesWritten } = await writeInBackground(this.#file, pieces);
      if (bytesWritten < bytes) writeFileSync(this.#file, Buffer.concat(pieces).subarray(bytesWritten));
    } catch (error) {
      this.#failure = unwritable(this.path, error);
    }
  }
}

function openEmpty(path: string): number {
  const { file, sizeBytes } = openPlainFileNow(path);
  if (sizeBytes > 0) ftruncateSync(file);
  return file;
}

function unwritable(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_FILE_UNWRITABLE", `${path} cannot be written: ${describeError(error)}`, { cause: error });
}

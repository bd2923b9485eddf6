/** A file on its way to the disk: hashed as it comes, written in large pieces, and under its name when it is whole. */

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

/** Bytes that are gathered before they are written; a file that has fewer is written in one go when it is whole. */
const pieceBytes = 512 * 1024;
/** Bytes at the start of a file that tell its type. */
const headBytes = 4100;

const writeInBackground = promisify(writev);

export interface PartialFileOptions {
  /** Where the bytes are while they come, by the tag of the content. */
  pathOf: (etag: string | undefined) => string;
  small: SmallWriter;
}

/**
 * Takes the bytes of one file. While a piece is written the next is gathered, so that at most two pieces are in memory. What was written is there
 * after a kill, and `resume` goes on with it.
 */
export class PartialFile {
  /** Bytes taken so far. */
  sizeBytes = 0;
  /** Tag of the content that they are of. */
  etag: string | undefined;
  /** Bytes that the whole has, when that is known. */
  totalBytes: number | undefined;
  /** The first bytes, for finding the type. */
  head: Buffer = Buffer.alloc(0);
  readonly #options: PartialFileOptions;
  #file: number | undefined;
  #hash: Hash | undefined;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: InputError | undefined;

  constructor(options: PartialFileOptions) {
    this.#options = options;
  }

  /** Goes on with what an earlier run left behind: reads it, for the hash. @throws {InputError} ERR_DOWNLOAD_PATH */
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

  /** Where the bytes are until the file is whole. */
  get path(): string {
    return this.#options.pathOf(this.etag);
  }

  /** Takes some bytes. While a promise that it gives back is open, it takes no more. */
  take(bytes: Buffer): Promise<void> | undefined {
    if (this.#failure) throw this.#failure;
    this.#count(bytes);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes < pieceBytes) return undefined;
    const earlier = this.#writing;
    this.#writing = earlier ? earlier.then(() => this.#write()) : this.#write();
    return earlier;
  }

  /** Takes back what was taken: the next byte is the first, of the content with this tag. Nothing may be on its way to the disk. */
  restart(etag: string | undefined): void {
    if (this.#file !== undefined) rmSync(this.path, { force: true });
    this.#close();
    this.#hash = undefined;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.head = Buffer.alloc(0);
    this.sizeBytes = 0;
    this.totalBytes = undefined;
    this.etag = etag;
  }

  /** Resolves when nothing is on its way to the disk. @throws {InputError} ERR_FILE_UNWRITABLE, ERR_DOWNLOAD_PATH */
  async settled(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  /** Gives the hash of all that was taken; after it, the file takes no more. @throws {InputError} ERR_FILE_UNWRITABLE, ERR_DOWNLOAD_PATH */
  async sha256(): Promise<string> {
    await this.settled();
    if (!this.#hash) return hash("sha256", this.#allGathered(), "hex");
    if (this.#gatheredBytes > 0) await this.#write();
    await this.settled();
    return this.#hash.digest("hex");
  }

  /** Puts the whole file under its name; its hash was taken before. @throws {InputError} ERR_FILE_UNWRITABLE, ERR_FILE_CHANGED, ERR_DOWNLOAD_PATH */
  async place(path: string): Promise<void> {
    try {
      if (this.#file === undefined) {
        await this.#options.small.write(this.path, path, this.#allGathered());
      } else {
        this.#checkOnDisk(this.#file);
        this.#close();
        renameSync(this.path, path);
      }
    } catch (error) {
      throw unwritable(path, error);
    }
    this.#gatheredBytes = 0;
  }

  /** Closes it and leaves what came for the next run; gives back whether that is anything. */
  async keep(): Promise<boolean> {
    await this.#writing;
    if (this.#gatheredBytes > 0 && !this.#failure) await this.#write();
    const isOpen = this.#file !== undefined;
    this.#close();
    return isOpen;
  }

  /** Refuses a file that is not what was written: cut or replaced by somebody else, or on a disk that lost some of it. */
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

  #allGathered(): Buffer {
    const [first = Buffer.alloc(0)] = this.#gathered;
    if (this.#gathered.length <= 1) return first;
    const all = Buffer.concat(this.#gathered);
    this.#gathered = [all];
    return all;
  }

  /** Hashes and writes what was gathered; a failure is told by the next call. */
  async #write(): Promise<void> {
    const pieces = this.#gathered;
    const bytes = this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
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

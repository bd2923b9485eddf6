/** The store of `nearDuplicates`: the kept images of all runs, one line each, in a file that one process uses at a time. */

import { describeError, InputError } from "../../core/errors.js";
import { LockedError, takeLock } from "../../core/files/file-lock.js";
import { readLines } from "../../core/files/lines.js";
import { AppendFile } from "../../core/journal/append-file.js";
import { lastLineEnd } from "../../core/journal/last-line.js";
import { decodeLine, encodeLine } from "../../core/journal/lines.js";
import { type Hash64, hashMethod } from "../../formats/perceptual-hash/hash.js";
import type { KeptImage } from "./kept-images.js";

/** A line of the store. */
type StoredLine = { hash: string } & KeptImage;

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

const maxLineBytes = 100_000;
const beginsLike = /^\{"sum":"[0-9a-f]{8}","nearDuplicates":1,/;

/** Reads the store, and appends to it. */
export class HashStore {
  readonly #path: string;
  readonly #waiting = new Set<Waiting>();
  #file: AppendFile | undefined;
  #release: (() => Promise<void>) | undefined;
  #failure: Error | undefined;
  /** Lines whose checksum is wrong. */
  damagedLines = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads the images of earlier runs. Unless this is a dry run, takes the lock and opens the file for appending. @throws {InputError} ERR_HASH_STORE */
  async open(dryRun: boolean, add: (hash: Hash64, image: KeptImage) => void): Promise<void> {
    try {
      if (!dryRun) this.#release = await takeLock(this.#path);
      const text = `${this.#path} is not a store of nearDuplicates; name another file`;
      const end = await lastLineEnd(this.#path, (head) => beginsLike.test(head), this.#error(text));
      if (end > 0) await this.#read(end, add);
      if (dryRun) return;
      this.#file = await AppendFile.open(this.#path, end);
      this.#file.onFailure = (error) => this.#fail(error);
      if (end === 0) await this.#append({ nearDuplicates: 1, method: hashMethod });
    } catch (error) {
      await this.close();
      throw error instanceof InputError ? error : this.#error(this.#reasonOf(error), error);
    }
  }

  /** Adds a kept image; resolves when it is on disk. @throws {InputError} ERR_HASH_STORE */
  add({ high, low }: Hash64, { id, origin, content }: KeptImage): Promise<void> {
    const hash = [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
    return this.#append({ hash, id, origin, content });
  }

  async close(): Promise<void> {
    await this.#file?.close().catch(() => undefined); // the failure was reported with the images that wait
    this.#file = undefined;
    await this.#release?.();
    this.#release = undefined;
  }

  async #read(end: number, add: (hash: Hash64, image: KeptImage) => void): Promise<void> {
    for await (const { number, bytes } of readLines(this.#path, maxLineBytes, end)) {
      const line = bytes && (decodeLine(bytes) as (StoredLine & { method?: string }) | undefined);
      if (!line) this.damagedLines += 1;
      else if (number === 1) this.#checkMethod(line.method);
      else add(hashOf(line.hash), { id: line.id, origin: line.origin, content: line.content });
    }
  }

  #checkMethod(method: string | undefined): void {
    if (method === hashMethod) return;
    throw this.#error(`${this.#path} has hashes of the method "${method}", not "${hashMethod}"; name another file`);
  }

  #append(record: object): Promise<void> {
    const { promise, ...waiting } = promised();
    if (this.#failure) waiting.reject(this.#failure);
    else if (this.#file) {
      this.#waiting.add(waiting);
      this.#file.append(encodeLine(record), () => {
        this.#waiting.delete(waiting);
        waiting.resolve();
      });
    } else waiting.resolve(); // a dry run
    return promise;
  }

  #fail(cause: unknown): void {
    this.#failure = this.#error(`${this.#path} cannot be written: ${describeError(cause)}`, cause);
    for (const { reject } of this.#waiting) reject(this.#failure);
    this.#waiting.clear();
  }

  #reasonOf(error: unknown): string {
    if (error instanceof LockedError) {
      return `${this.#path} is in use by process ${error.owner.pid}; give each process a store of its own, or wait`;
    }
    return `${this.#path} cannot be opened: ${describeError(error)}`;
  }

  #error(reason: string, cause?: unknown): InputError {
    return new InputError("ERR_HASH_STORE", `the store ${reason}`, { cause });
  }
}

function hashOf(text: string): Hash64 {
  return { high: Number.parseInt(text.slice(0, 8), 16), low: Number.parseInt(text.slice(8), 16) };
}

function promised(): Waiting & { promise: Promise<void> } {
  let waiting: Waiting | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    waiting = { resolve, reject };
  });
  return { promise, ...(waiting as Waiting) };
}

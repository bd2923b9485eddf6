/** Media files of the store. They are written as they arrive, and named by the SHA-256 of their content. */

import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface StoredMedia {
  sha256: string;
  sizeBytes: number;
  /** False if the bytes were not valid base64. */
  valid: boolean;
  /** Whether the bytes were unpacked from an archive, in which a video may be larger than in a request. */
  isUnpacked?: boolean | undefined;
}

/** Bytes are buffered up to this number before they are written to the file. */
const bufferBytes = 256 * 1024;

export class MediaFiles {
  readonly #folder: string;
  readonly #temporary: string;
  /** Number of requests and fetches that hold a file, by its SHA-256. They hold it until the row of the input exists. */
  readonly #holders = new Map<string, number>();
  /** Folders of files that exist, by the two digits in their names. */
  readonly #prefixes = new Set<string>();
  #counter = 0;

  constructor(folder: string) {
    this.#folder = join(folder, "media");
    this.#temporary = join(folder, "incoming");
    mkdirSync(this.#folder, { recursive: true });
    mkdirSync(this.#temporary, { recursive: true });
    for (const name of readdirSync(this.#temporary)) rmSync(join(this.#temporary, name)); // A killed process left these files.
  }

  /** Returns the names of all files that begin with these two digits. */
  list(prefix: string): string[] {
    const folder = join(this.#folder, prefix);
    return exists(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name)) : [];
  }

  pathOf(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }

  /** Creates a file. When its content is complete, it gets its final name, and is held until `release`. */
  create(): MediaWriter {
    this.#counter += 1;
    const finalPath = (sha256: string) => {
      const path = this.pathOf(sha256);
      if (exists(path)) return undefined;
      this.#makeFolder(sha256.slice(0, 2));
      return path;
    };
    const hold = (sha256: string) => void this.#holders.set(sha256, (this.#holders.get(sha256) ?? 0) + 1);
    return new MediaWriter(join(this.#temporary, String(this.#counter)), finalPath, hold);
  }

  #makeFolder(prefix: string): void {
    if (this.#prefixes.has(prefix)) return;
    mkdirSync(join(this.#folder, prefix), { recursive: true });
    this.#prefixes.add(prefix);
  }

  /** Releases complete files. Files that are neither held nor used are deleted. */
  release(media: readonly StoredMedia[], isUsed: (sha256: string) => boolean): void {
    for (const { sha256 } of media) {
      const holders = (this.#holders.get(sha256) ?? 1) - 1;
      if (holders > 0) this.#holders.set(sha256, holders);
      else this.#holders.delete(sha256);
      if (!isUsed(sha256)) this.remove(sha256);
    }
  }

  /** Deletes a file, unless a request holds it. */
  remove(sha256: string): void {
    if (!this.#holders.has(sha256)) rmSync(this.pathOf(sha256), { force: true });
  }
}

/** `existsSync` takes ten times as long if a file is missing, because it makes an error. */
function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** A file that is being written. */
export class MediaWriter {
  readonly #path: string;
  readonly #finalPath: (sha256: string) => string | undefined;
  readonly #hold: (sha256: string) => void;
  readonly #hash = createHash("sha256");
  #pieces: Buffer[] = [];
  #buffered = 0;
  #file: number | undefined;
  sizeBytes = 0;

  constructor(path: string, finalPath: (sha256: string) => string | undefined, hold: (sha256: string) => void) {
    this.#path = path;
    this.#finalPath = finalPath;
    this.#hold = hold;
  }

  write(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.sizeBytes += bytes.length;
    this.#pieces.push(bytes);
    this.#buffered += bytes.length;
    if (this.#buffered >= bufferBytes) this.#flush();
  }

  /** Closes the file and gives it its final name. */
  finish(valid: boolean): StoredMedia {
    const sha256 = this.#hash.digest("hex");
    const final = this.#finalPath(sha256);
    if (final === undefined) {
      this.discard();
    } else {
      this.#flush();
      closeSync(this.#file ?? openSync(this.#path, "w"));
      this.#file = undefined;
      renameSync(this.#path, final);
    }
    this.#hold(sha256);
    return { sha256, sizeBytes: this.sizeBytes, valid };
  }

  /** Closes and deletes the file. */
  discard(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
    this.#file = undefined;
  }

  #flush(): void {
    this.#file ??= openSync(this.#path, "w");
    for (const piece of this.#pieces) writeAll(this.#file, piece);
    this.#pieces = [];
    this.#buffered = 0;
  }
}

/** Writes all bytes. On a nearly full disk, one call may write only a part of them. */
function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

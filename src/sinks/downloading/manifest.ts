/** The manifest of a download folder: one line of JSON for each file. */

import { lstatSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError, SinkError } from "../../core/errors.js";
import { fileNameFor } from "../../core/file-names.js";
import { readLines } from "../../core/lines.js";
import { makeFolder } from "../../core/make-folder.js";
import { openPlainFile } from "./plain-file.js";

/** A line of the manifest; `path` is relative to the folder. */
export interface ManifestEntry {
  id: string;
  kind: string;
  path: string;
  sizeBytes: number;
  sha256: string;
}

/** Longest line, in bytes. */
const maxLineBytes = 100_000;

/** Lines are gathered for this long, and then written in one go. */
const gatherMs = 10;

/** Reads what earlier runs wrote, and appends. */
export class Manifest {
  readonly #folder: string;
  readonly #known = new Map<string, { path: string; sizeBytes: number }>();
  #file: FileHandle | undefined;
  #lines = "";
  /** The write that `#lines` wait for, and the one before it. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(): Promise<void> {
    const path = join(this.#folder, "manifest.jsonl");
    try {
      makeFolder(this.#folder);
      this.#file = await openPlainFile(path);
      await this.#load(path);
      await this.#endLastLine(this.#file);
    } catch (error) {
      throw new SinkError("ERR_FILE_UNWRITABLE", `download: ${this.#folder}: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  /** Reads what earlier runs wrote, for a plan, and opens nothing for writing. */
  async look(): Promise<void> {
    await this.#load(join(this.#folder, "manifest.jsonl")).catch(() => undefined); // without one, all is missing
  }

  /** Whether the file of an input is there in full size. */
  has(id: string, kind: string): boolean {
    const known = this.#known.get(`${kind}:${id}`);
    if (!known) return false;
    try {
      const found = lstatSync(join(this.#folder, known.path), { throwIfNoEntry: false });
      return found?.isFile() === true && found.size === known.sizeBytes;
    } catch {
      return false; // a name that cannot be looked up
    }
  }

  /** Adds a file that is in its place. Resolves when its line is written, together with those of others. */
  add(entry: ManifestEntry): Promise<void> {
    this.#lines += `${JSON.stringify(entry)}\n`;
    if (!this.#next) {
      this.#next = this.#last.then(() => sleep(gatherMs)).then(() => this.#write());
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  /** Call it when the lines of all files are written. */
  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #write(): Promise<void> {
    const lines = this.#lines;
    this.#lines = "";
    this.#next = undefined;
    await this.#file?.appendFile(lines);
  }

  /** A run that was killed may have left half a line; the next one is not to be joined to it. */
  async #endLastLine(file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    if (size === 0) return;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    if (buffer.toString() !== "\n") await file.appendFile("\n");
  }

  async #load(path: string): Promise<void> {
    for await (const { bytes } of readLines(path, maxLineBytes)) {
      try {
        const { id, kind, path: name, sizeBytes } = JSON.parse(String(bytes)) as ManifestEntry;
        // A name that this sink does not make (a path, say) is none of its files.
        if (name !== fileNameFor(id, extname(name).slice(1))) continue;
        this.#known.set(`${kind}:${id}`, { path: name, sizeBytes });
      } catch {
        // a torn line of a run that was killed: that file is fetched again
      }
    }
  }
}

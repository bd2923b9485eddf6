/** The manifest of a download folder: one line of JSON for each file. */

import { type FileHandle, lstat, mkdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { describeError, SinkError } from "../../core/errors.js";
import { fileNameFor } from "../../core/file-names.js";
import { readLines } from "../../core/lines.js";
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

/** Reads what earlier runs wrote, and appends. */
export class Manifest {
  readonly #folder: string;
  readonly #known = new Map<string, { path: string; sizeBytes: number }>();
  #file: FileHandle | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(): Promise<void> {
    const path = join(this.#folder, "manifest.jsonl");
    try {
      await mkdir(this.#folder, { recursive: true });
      this.#file = await openPlainFile(path);
      await this.#load(path);
    } catch (error) {
      throw new SinkError("ERR_FILE_UNWRITABLE", `download: ${this.#folder}: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  /** Whether the file of an input is there in full size. */
  async has(id: string, kind: string): Promise<boolean> {
    const known = this.#known.get(`${kind}:${id}`);
    if (!known) return false;
    const found = await lstat(join(this.#folder, known.path)).catch(() => undefined);
    return found?.isFile() === true && found.size === known.sizeBytes;
  }

  async add(entry: ManifestEntry): Promise<void> {
    await this.#file?.appendFile(`${JSON.stringify(entry)}\n`);
  }

  async close(): Promise<void> {
    await this.#file?.close();
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

/** The manifest of a download folder: one line of JSON for each file. */

import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describeError, SinkError } from "../../core/errors.js";

/** A line of the manifest; `path` is relative to the folder. */
export interface ManifestEntry {
  id: string;
  kind: string;
  path: string;
  sizeBytes: number;
  sha256: string;
}

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
      this.#file = await open(path, "a");
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
    const found = await stat(join(this.#folder, known.path)).catch(() => undefined);
    return found?.size === known.sizeBytes;
  }

  async add(entry: ManifestEntry): Promise<void> {
    await this.#file?.appendFile(`${JSON.stringify(entry)}\n`);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #load(path: string): Promise<void> {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      try {
        const entry = JSON.parse(line) as ManifestEntry;
        // A name that this sink did not make (a path, say) is none of its files.
        if (!/^[A-Za-z0-9_.-]+$/.test(entry.path)) continue;
        this.#known.set(`${entry.kind}:${entry.id}`, { path: entry.path, sizeBytes: entry.sizeBytes });
      } catch {
        // a torn line of a run that was killed: that file is fetched again
      }
    }
  }
}

/** Deletes inputs and their media. */

import type { MediaFiles } from "../media/media-files.js";
import { isDiskFull } from "./disk-full.js";
import type { AppRow, InputRow } from "./model.js";
import type { Store } from "./store.js";

/** Wait before a deletion is tried again that failed on a full disk, in milliseconds. */
const retryMs = 200;

/** Deletes inputs in the background, as the platform does. It marks their rows first, so the next start finishes the deletions of a killed process. */
export class Deletions {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #delayMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, files: MediaFiles, delayMs: number) {
    this.#store = store;
    this.#files = files;
    this.#delayMs = delayMs;
    this.finish();
  }

  /** Marks inputs, and deletes them after the delay. */
  add(app: AppRow, ids: readonly string[] | "all"): void {
    this.#store.transaction(() => {
      const sql = "UPDATE inputs SET deleting = 1 WHERE app = ?";
      if (ids === "all") this.#store.run(sql, app.seq);
      else for (const id of ids) this.#store.run(`${sql} AND id = ?`, app.seq, id);
    });
    this.#timer ??= setTimeout(() => this.finish(), this.#delayMs).unref();
  }

  /** Deletes an input at once. @throws {Error} if the disk is full */
  now(row: InputRow): void {
    this.#delete(() => [row]);
  }

  /** Deletes all marked inputs now. */
  finish(isClosing = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.#delete(() => this.#store.all<InputRow>("SELECT * FROM inputs WHERE deleting = 1"));
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (!isClosing) this.#timer = setTimeout(() => this.finish(), retryMs).unref(); // Otherwise the next start deletes them.
    }
  }

  /** Deletes rows before files. If the process is killed in between, files without rows remain, which the next start deletes. */
  #delete(rows: () => InputRow[]): void {
    const unused = this.#store.transaction(() => this.#store.deleteInputs(rows()));
    for (const sha256 of unused) this.#files.remove(sha256);
  }
}

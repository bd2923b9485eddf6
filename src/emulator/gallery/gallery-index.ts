/** The index of the gallery, which makes filters fast. It is in temporary tables, and only exists after the gallery was opened. */

import type { MediaFiles } from "../media/media-files.js";
import type { Store } from "../store/store.js";
import { indexTexts, removeGone } from "./find/texts-index.js";
import { collectTerms, removeUses, schema, storeTerms } from "./index-tables.js";

/** Target duration of one slice of work, in milliseconds. */
const sliceMs = 10;
/** The work continues for this time after the last request, in milliseconds. */
const watchedMs = 10_000;

/** Keeps the index up to date while the gallery is open. It uses at most half of the time, and a tenth while inputs are uploaded. */
export class GalleryIndex {
  readonly #store: Store;
  readonly #files: MediaFiles;
  #watchedUntil = 0;
  #running = false;
  #closed = false;
  #sliceSize = 50;
  /** Number of row changes by the index itself. */
  #ownChanges = 0;
  #idle: (() => void)[] = [];

  constructor(store: Store, files: MediaFiles) {
    this.#store = store;
    this.#files = files;
    store.transaction(() => store.database.exec(schema));
  }

  /** Returns a number that changes when a row of the store changes. */
  version(): number {
    return this.#changes() - this.#ownChanges;
  }

  /** Does work on rows that no list shows, so that the version stays the same. */
  uncounted(work: () => void): void {
    const before = this.#changes();
    try {
      work();
    } finally {
      this.#ownChanges += this.#changes() - before;
    }
  }

  /** Returns the number of inputs that are not indexed yet. */
  unindexed(): number {
    const sql = "SELECT count(*) AS count FROM gallery_entries WHERE indexed <> 1";
    return this.#store.get<{ count: number }>(sql)?.count ?? 0;
  }

  /** Indexes the remaining inputs in the background. Each request of the page calls this. */
  watch(): void {
    this.#watchedUntil = performance.now() + watchedMs;
    if (!this.#running && !this.#closed) void this.#run();
  }

  /** Resolves when all inputs are indexed, or after `ms`. */
  async settled(ms: number): Promise<void> {
    this.watch();
    if (!this.#running) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  close(): void {
    this.#closed = true;
  }

  /** Returns a number that changes when a row of the store or of the index changes. */
  #changes(): number {
    return this.#store.get<{ changes: number }>("SELECT total_changes() AS changes")?.changes ?? 0;
  }

  async #run(): Promise<void> {
    this.#running = true;
    let version = this.version();
    while (!this.#closed && performance.now() < this.#watchedUntil) {
      const isBusy = this.version() !== version;
      const start = performance.now();
      if (!this.#trySlice()) break;
      const ms = performance.now() - start;
      this.#sliceSize = Math.round(Math.min(1000, Math.max(10, (this.#sliceSize * sliceMs) / ms)));
      version = this.version();
      await new Promise<void>((resolve) => void setTimeout(resolve, isBusy ? ms * 9 : ms).unref());
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Indexes some inputs; false if it fails, for example on a full disk. The next request tries again. */
  #trySlice(): boolean {
    try {
      return this.#slice();
    } catch {
      return false;
    }
  }

  /** Indexes some inputs; false if no input is left. */
  #slice(): boolean {
    const sql = "SELECT seq, indexed FROM gallery_entries WHERE indexed <> 1 ORDER BY seq DESC LIMIT ?";
    const rows = this.#store.all<{ seq: number; indexed: number }>(sql, this.#sliceSize);
    const seqs = rows.map(({ seq }) => seq);
    const changed = rows.filter(({ indexed }) => indexed === 2).map(({ seq }) => seq);
    if (seqs.length === 0) {
      let hasRemoved = false;
      this.uncounted(() => {
        hasRemoved = removeGone(this.#store);
      });
      return hasRemoved;
    }
    this.uncounted(() => {
      this.#store.transaction(() => {
        if (changed.length > 0) this.#store.run(removeUses, JSON.stringify(changed));
        indexTexts(this.#store, this.#files, seqs);
        for (const statement of collectTerms) this.#store.run(statement, JSON.stringify(seqs));
        for (const statement of storeTerms) this.#store.run(statement);
      });
    });
    return true;
  }
}

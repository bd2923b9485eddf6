/** The index of the gallery: what makes filters fast, in temporary tables that only a store with an open gallery has. */

import type { Store } from "../store/store.js";
import { lookAtInputs, schema, takeFound } from "./index-tables.js";

/** Time that a slice of the work is to take, and how long the work goes on after the last request, in milliseconds. */
const sliceMs = 10;
const watchedMs = 10_000;

/** Follows the rows of the store for as long as somebody looks. It takes half of the time at most, and a tenth while uploads go on. */
export class GalleryIndex {
  readonly #store: Store;
  #watchedUntil = 0;
  #running = false;
  #closed = false;
  #sliceSize = 50;
  /** Changes of rows that the index made itself. */
  #own = 0;
  #idle: (() => void)[] = [];

  constructor(store: Store) {
    this.#store = store;
    store.transaction(() => store.database.exec(schema));
  }

  /** Another number when a row of the store changed. */
  version(): number {
    return this.#changes() - this.#own;
  }

  /** Inputs that are not looked at yet. */
  left(): number {
    const sql = "SELECT count(*) AS count FROM gallery_entries WHERE indexed <> 1";
    return this.#store.get<{ count: number }>(sql)?.count ?? 0;
  }

  /** Somebody looks: goes on with what is not looked at yet. */
  watch(): void {
    this.#watchedUntil = performance.now() + watchedMs;
    if (!this.#running && !this.#closed) void this.#run();
  }

  /** Resolves when everything is looked at, or after `ms`. */
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

  /** Another number when a row of the store or of the index changed. */
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

  /** What fails, on a full disk say, is tried again when somebody looks. */
  #trySlice(): boolean {
    try {
      return this.#slice();
    } catch {
      return false;
    }
  }

  /** Looks at some inputs; false when there are none left. */
  #slice(): boolean {
    const sql = "SELECT seq FROM gallery_entries WHERE indexed <> 1 ORDER BY seq DESC LIMIT ?";
    const seqs = this.#store.all<{ seq: number }>(sql, this.#sliceSize).map(({ seq }) => seq);
    if (seqs.length === 0) return false;
    const before = this.#changes();
    this.#store.transaction(() => {
      for (const statement of lookAtInputs) this.#store.run(statement, JSON.stringify(seqs));
      for (const statement of takeFound) this.#store.run(statement);
    });
    this.#own += this.#changes() - before;
    return true;
  }
}

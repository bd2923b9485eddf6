/** The inputs that the grid shows, a page at a time, of lists as long as they may be. */

import type { ItemShape, PageShape } from "../shapes.js";
import { ask, NoSession } from "./api.js";

const pageSize = 100;
/** Pages that are kept; those that were shown longest ago go first. */
const maxPages = 40;

export class InputPages {
  /** How many there are; undefined until the first answer. */
  total: number | undefined;
  top = 0;
  /** A page could not be loaded. None is asked for again before the next refresh. */
  isIncomplete = false;
  readonly #parameters: URLSearchParams;
  readonly #changed: (error?: unknown) => void;
  readonly #pages = new Map<number, ItemShape[]>();
  readonly #loading = new Map<number, AbortController>();
  #visible: [first: number, last: number] = [0, 0];

  constructor(parameters: URLSearchParams, changed: (error?: unknown) => void) {
    this.#parameters = parameters;
    this.#changed = changed;
    void this.#load(0);
  }

  close(): void {
    for (const loading of this.#loading.values()) loading.abort();
  }

  item(index: number): ItemShape | undefined {
    return this.#pages.get(Math.floor(index / pageSize))?.[index % pageSize];
  }

  /** The place of an input that is loaded. */
  indexOf(seq: number): number | undefined {
    for (const [page, items] of this.#pages) {
      const index = items.findIndex((item) => item.seq === seq);
      if (index >= 0) return page * pageSize + index;
    }
    return undefined;
  }

  /** Loads what is missing between two places, and stops loading what is elsewhere. */
  show(from: number, to: number): void {
    if (this.total === undefined) return;
    const last = Math.floor(Math.max(0, Math.min(to, this.total - 1)) / pageSize);
    const first = Math.min(last, Math.floor(Math.max(0, from) / pageSize));
    this.#visible = [first, last];
    for (const [page, loading] of this.#loading) if (page < first || page > last) loading.abort();
    for (let page = first; page <= last && !this.isIncomplete; page += 1) {
      if (!this.#pages.has(page) && !this.#loading.has(page)) void this.#load(page);
    }
  }

  /** Takes in what changed: from the top with what is new, elsewhere without moving what is shown. */
  async refresh(fromTop: boolean): Promise<void> {
    const [first, last] = this.#visible;
    this.isIncomplete = false;
    const isFirst = this.total === undefined;
    for (const page of [...this.#pages.keys()]) if (page < first || page > last) this.#pages.delete(page);
    for (let page = first; page <= last; page += 1)
      await this.#load(page, { fresh: true, fromTop: (fromTop || isFirst) && page === 0 });
  }

  async #load(page: number, options: { fresh?: boolean; fromTop?: boolean } = {}): Promise<void> {
    const { fresh = false, fromTop = page === 0 && !fresh } = options;
    this.#loading.get(page)?.abort();
    const loading = new AbortController();
    this.#loading.set(page, loading);
    const parameters = new URLSearchParams(this.#parameters);
    parameters.set("limit", String(pageSize));
    if (!fromTop) parameters.set("top", String(this.top));
    // From the nearest page before it that is known, the store goes on without counting from the start.
    const before = fresh ? undefined : this.#before(page);
    if (before) parameters.set("after", String(before.seq));
    parameters.set("skip", String(pageSize * (page - (before?.page ?? -1) - 1)));
    try {
      const answer = await ask<PageShape>("inputs", parameters, loading.signal);
      this.total = answer.total ?? this.total;
      this.top = answer.top;
      this.#pages.delete(page);
      this.#pages.set(page, answer.items);
      for (const oldest of this.#pages.keys()) if (this.#pages.size > maxPages) this.#pages.delete(oldest);
      this.#changed();
    } catch (error) {
      if (loading.signal.aborted && !(error instanceof NoSession)) return;
      this.isIncomplete = true;
      this.#changed(error);
    } finally {
      if (this.#loading.get(page) === loading) this.#loading.delete(page);
    }
  }

  #before(page: number): { page: number; seq: number } | undefined {
    const known = [...this.#pages].filter(([number, items]) => number < page && items.length === pageSize);
    const nearest = known.sort(([one], [other]) => other - one)[0];
    return nearest && { page: nearest[0], seq: (nearest[1].at(-1) as ItemShape).seq };
  }
}

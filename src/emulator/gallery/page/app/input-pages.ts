/** Loads the inputs of the grid in pages, so that lists of any length can be shown. */

import type { ItemShape, PageShape } from "../../shapes.js";
import { getJson, NoSession } from "../api.js";

const pageSize = 100;
/** Maximum number of pages in memory. The pages that were loaded first are dropped first. */
const maxPages = 40;

export class InputPages {
  /** Number of inputs. Undefined until the first answer. */
  total: number | undefined;
  /** The newest input of the listing. */
  top = 0;
  /** A page could not be loaded. No page is requested again before the next refresh. */
  isIncomplete = false;
  readonly #parameters: URLSearchParams;
  readonly #onChange: (error?: unknown) => void;
  readonly #pages = new Map<number, ItemShape[]>();
  readonly #loading = new Map<number, AbortController>();
  #visible: [first: number, last: number] = [0, 0];

  constructor(parameters: URLSearchParams, onChange: (error?: unknown) => void) {
    this.#parameters = parameters;
    this.#onChange = onChange;
    void this.#load(0);
  }

  close(): void {
    for (const loading of this.#loading.values()) loading.abort();
  }

  item(index: number): ItemShape | undefined {
    return this.#pages.get(Math.floor(index / pageSize))?.[index % pageSize];
  }

  /** Returns the position of an input by its number or its id. Undefined: it is not loaded. */
  indexOf(input: number | string): number | undefined {
    for (const [page, items] of this.#pages) {
      const index = items.findIndex((item) => item.seq === input || item.id === input);
      if (index >= 0) return page * pageSize + index;
    }
    return undefined;
  }

  /** Loads the missing pages between two positions, and stops loading other pages. */
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

  /** Loads the visible pages again. `fromTop` includes new inputs; otherwise the visible inputs stay in their positions. */
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
    // In the order of arrival, the emulator continues after the nearest loaded page, so it does not have to count from the start.
    const isByArrival = ["", "oldest"].includes(this.#parameters.get("sort") ?? "");
    const previous = fresh || !isByArrival ? undefined : this.#nearestBefore(page);
    if (previous) parameters.set("after", String(previous.seq));
    parameters.set("skip", String(pageSize * (page - (previous?.page ?? -1) - 1)));
    try {
      const answer = await getJson<PageShape>("inputs", parameters, loading.signal);
      this.total = answer.total ?? this.total;
      this.top = answer.top;
      this.#pages.delete(page);
      this.#pages.set(page, answer.items);
      for (const oldest of this.#pages.keys()) if (this.#pages.size > maxPages) this.#pages.delete(oldest);
      this.#onChange();
    } catch (error) {
      if (loading.signal.aborted && !(error instanceof NoSession)) return;
      this.isIncomplete = true;
      this.#onChange(error);
    } finally {
      if (this.#loading.get(page) === loading) this.#loading.delete(page);
    }
  }

  #nearestBefore(page: number): { page: number; seq: number } | undefined {
    const loaded = [...this.#pages].filter(([number, items]) => number < page && items.length === pageSize);
    const nearest = loaded.sort(([one], [other]) => other - one)[0];
    return nearest && { page: nearest[0], seq: (nearest[1].at(-1) as ItemShape).seq };
  }
}

/** The selection of inputs in the grid: some inputs, or all that match the filters except some. */

import { useMemo, useState } from "preact/hooks";
import type { SelectionRequest, SelectionShape } from "../../actions/shapes.js";
import type { SeqsShape } from "../../shapes.js";
import { getJson, postJson } from "../api.js";
import type { InputPages } from "../app/input-pages.js";

/** Inputs that a range can select at once. */
const maxRange = 100_000;

/** The selection, also before the page was rendered again: keys and clicks may follow each other faster. */
export class Selection {
  readonly #parameters: string;
  readonly #pages: InputPages;
  readonly #onChange: () => void;
  readonly #onFailed: (error: unknown) => void;
  #isAll = false;
  /** If `#isAll` is set, the inputs that are excluded from the selection; else the selected inputs. */
  #seqs: ReadonlySet<number> = new Set();
  /** The input that was toggled last, where the next range begins. */
  #anchor: { index: number; seq: number } | undefined;

  constructor(parameters: string, pages: InputPages, onChange: () => void, onFailed: (error: unknown) => void) {
    this.#parameters = parameters;
    this.#pages = pages;
    this.#onChange = onChange;
    this.#onFailed = onFailed;
  }

  /** Whether all inputs are selected that match, except some. */
  get isAll(): boolean {
    return this.#isAll;
  }

  /** Number of selected inputs, as far as the page knows. */
  get count(): number {
    return this.#isAll ? Math.max(0, (this.#pages.total ?? 0) - this.#seqs.size) : this.#seqs.size;
  }

  has(seq: number | undefined): boolean {
    return seq !== undefined && this.#seqs.has(seq) !== this.#isAll;
  }

  /** Selects the input at a position, or leaves it out. */
  toggle(index: number): void {
    const seq = this.#pages.item(index)?.seq;
    if (seq === undefined) return;
    this.#anchor = { index, seq };
    const next = new Set(this.#seqs);
    if (!next.delete(seq)) next.add(seq);
    this.#set(this.#isAll, next);
  }

  /** Selects all from the last toggled input, or from the active one, to a position. */
  selectTo(index: number, active: number): void {
    const anchor = this.#anchor;
    const from = anchor ? (this.#pages.indexOf(anchor.seq) ?? anchor.index) : active;
    const seq = this.#pages.item(from)?.seq;
    if (!anchor && seq !== undefined) this.#anchor = { index: from, seq };
    seqsBetween(this.#pages, this.#parameters, from, index).then((seqs) => this.add(seqs), this.#onFailed);
  }

  add(seqs: readonly number[]): void {
    const next = new Set(this.#seqs);
    for (const seq of seqs) {
      if (this.#isAll) next.delete(seq);
      else next.add(seq);
    }
    this.#set(this.#isAll, next);
  }

  selectAll(): void {
    this.#set(true, new Set());
  }

  clear(): void {
    this.#anchor = undefined;
    this.#set(false, new Set());
  }

  /** Records the selection on the server, as it is now. */
  record(): Promise<SelectionShape> {
    const seqs = [...this.#seqs];
    const request: SelectionRequest = this.#isAll ? { all: true, except: seqs } : { seqs };
    return postJson<SelectionShape>("selections", new URLSearchParams(this.#parameters), request);
  }

  #set(isAll: boolean, seqs: ReadonlySet<number>): void {
    this.#isAll = isAll;
    this.#seqs = seqs;
    this.#onChange();
  }
}

/** Returns the selection, and renders again when it changes. Other filters begin a new one. */
export function useSelection(parameters: string, pages: InputPages, onFailed: (error: unknown) => void): Selection {
  const [, render] = useState(0);
  return useMemo(() => {
    return new Selection(parameters, pages, () => render((count) => count + 1), onFailed);
  }, [parameters, pages]);
}

/** Returns the numbers of the inputs from one position to another. Those that are not loaded come from the server. */
async function seqsBetween(pages: InputPages, parameters: string, one: number, other: number): Promise<number[]> {
  const [first, last] = one < other ? [one, other] : [other, one];
  const loaded = Array.from({ length: last - first + 1 }, (_, n) => pages.item(first + n)?.seq);
  if (loaded.every((seq) => seq !== undefined)) return loaded;
  if (loaded.length > maxRange) throw new Error("A range has at most 100,000 inputs. Use filters and select all.");
  const query = new URLSearchParams(parameters);
  const range = { top: pages.top, skip: first, limit: loaded.length };
  for (const [name, value] of Object.entries(range)) query.set(name, String(value));
  return (await getJson<SeqsShape>("seqs", query)).seqs;
}

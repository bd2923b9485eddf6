/** The selection of inputs in the grid: some inputs, or all that match the filters except some. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { SelectionRequest, SelectionShape } from "../../actions/shapes.js";
import type { SeqsShape } from "../../shapes.js";
import { getJson, postJson } from "../api.js";
import type { InputPages } from "../app/input-pages.js";

/** Inputs that a range can select at once. */
const maxRange = 100_000;

interface Picked {
  /** Whether all inputs are selected that match. */
  isAll: boolean;
  /** The selected inputs, or those that are left out of all. */
  seqs: ReadonlySet<number>;
}

const nothing: Picked = { isAll: false, seqs: new Set() };

export interface Selection {
  /** Number of selected inputs, as far as the page knows. */
  count: number;
  isAll: boolean;
  has(seq: number | undefined): boolean;
  /** Selects the input at a position, or leaves it out. It is where the next range begins. */
  toggle(index: number): void;
  /** Selects all from the last toggled input to a position. */
  selectTo(index: number, active: number): void;
  add(seqs: readonly number[]): void;
  selectAll(): void;
  clear(): void;
  /** Records the selection on the server, as it is now. */
  record(): Promise<SelectionShape>;
}

/** Returns the selection, and renders again when it changes. Other filters begin a new one. */
export function useSelection(parameters: string, pages: InputPages, onFailed: (error: unknown) => void): Selection {
  const [picked, setPicked] = useState<Picked>(nothing);
  const anchor = useRef<{ index: number; seq: number } | undefined>(undefined);
  const clear = () => {
    setPicked(nothing);
    anchor.current = undefined;
  };
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) clear();
    isFirst.current = false;
  }, [parameters]);
  return useMemo(() => {
    const { isAll, seqs } = picked;
    const add = (more: readonly number[]) =>
      setPicked(({ isAll: wasAll, seqs: before }) => {
        const next = new Set(before);
        for (const seq of more) wasAll ? next.delete(seq) : next.add(seq);
        return { isAll: wasAll, seqs: next };
      });
    const has = (seq: number | undefined) => seq !== undefined && seqs.has(seq) !== isAll;
    return {
      count: isAll ? Math.max(0, (pages.total ?? 0) - seqs.size) : seqs.size,
      isAll,
      has,
      add,
      clear,
      selectAll: () => setPicked({ isAll: true, seqs: new Set() }),
      toggle(index) {
        const seq = pages.item(index)?.seq;
        if (seq === undefined) return;
        anchor.current = { index, seq };
        const next = new Set(seqs);
        if (!next.delete(seq)) next.add(seq);
        setPicked({ isAll, seqs: next });
      },
      selectTo(index, active) {
        const from = anchor.current ? (pages.indexOf(anchor.current.seq) ?? anchor.current.index) : active;
        const seq = pages.item(from)?.seq;
        if (!anchor.current && seq !== undefined) anchor.current = { index: from, seq };
        seqsBetween(pages, parameters, from, index).then(add, onFailed);
      },
      record() {
        const request: SelectionRequest = isAll ? { all: true, except: [...seqs] } : { seqs: [...seqs] };
        return postJson<SelectionShape>("selections", new URLSearchParams(parameters), request);
      },
    };
  }, [picked, pages, pages.total, parameters]);
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

/** The state of the view, kept in the address, so that reload, back and bookmarks work. */

import { useCallback, useEffect, useState } from "preact/hooks";

const filterParts = ["kind", "status", "dataset", "concept", "key", "value", "id", "area"] as const;
const parts = ["app", ...filterParts, "map", "input"] as const;

/** The parts of the state. An empty part is left out of the address. */
export type View = Partial<Record<(typeof parts)[number], string>>;

/** Reads the state from the part of the address after the "#". */
export function viewIn(hash: string): View {
  const stored = new URLSearchParams(hash.replace(/^#/, ""));
  return Object.fromEntries(parts.flatMap((part) => (stored.get(part) ? [[part, stored.get(part)]] : []))) as View;
}

/** Returns the filters as parameters of a request. */
export function parametersOf(view: View, app: number): URLSearchParams {
  const parameters = new URLSearchParams({ app: String(app) });
  for (const part of filterParts) if (view[part]) parameters.set(part, view[part]);
  return parameters;
}

/** Counts the filters. A metadata key without a value does not filter. */
export function countFilters(view: View): number {
  return filterParts.filter((part) => part !== "key" && view[part]).length;
}

export const noFilters: View = Object.fromEntries(filterParts.map((part) => [part, ""]));

/** Returns the state, and a function that changes parts of it. Opening an input adds a step to the history, so "back" closes it. */
export function useView(): [View, (change: View) => void] {
  const [view, setView] = useState(() => viewIn(location.hash));
  useEffect(() => {
    const read = () => setView(viewIn(location.hash));
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);
  const change = useCallback((changes: View) => {
    const before = viewIn(location.hash);
    const next = { ...before, ...changes };
    const filled = Object.entries(next).filter(([, text]) => text);
    const isStep = next.input && !before.input;
    history[isStep ? "pushState" : "replaceState"](null, "", `#${new URLSearchParams(filled)}`);
    setView(Object.fromEntries(filled) as View);
  }, []);
  return [view, change];
}

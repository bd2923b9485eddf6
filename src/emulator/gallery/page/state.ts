/** What is looked at, kept in the address, so that reload, back and bookmarks work. */

import { useCallback, useEffect, useState } from "preact/hooks";

const filterParts = ["kind", "status", "dataset", "concept", "key", "value", "id", "area"] as const;
const parts = ["app", ...filterParts, "map", "input"] as const;

/** The parts of the state; each is a text in the address, or is not there. */
export type View = Partial<Record<(typeof parts)[number], string>>;

export function viewIn(hash: string): View {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  return Object.fromEntries(parts.flatMap((part) => (given.get(part) ? [[part, given.get(part)]] : []))) as View;
}

/** The filters as parameters of a request. */
export function parametersOf(view: View, app: number): URLSearchParams {
  const parameters = new URLSearchParams({ app: String(app) });
  for (const part of filterParts) if (view[part]) parameters.set(part, view[part]);
  return parameters;
}

/** How many filters there are; a key of metadata without its value is none. */
export function filtersIn(view: View): number {
  return filterParts.filter((part) => part !== "key" && view[part]).length;
}

export const noFilters: View = Object.fromEntries(filterParts.map((part) => [part, ""]));

/** The view, and what changes parts of it; an input that is opened is a step that "back" undoes. */
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

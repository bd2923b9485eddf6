/** The state of the view, kept in the address, so that reload, back and bookmarks work. */

import { useCallback, useEffect, useState } from "preact/hooks";

/** Filters with several values, of which an input has any. */
export const groupParts = ["kind", "status", "dataset", "concept"] as const;
const textParts = ["key", "value", "q", "area"] as const;
/** Parts that requests contain besides the filters. */
const orderParts = ["sort"] as const;
const singleParts = ["app", ...textParts, ...orderParts, "map", "input", "seq"] as const;

export type GroupPart = (typeof groupParts)[number];

/**
 * The parts of the state. An empty part is left out of the address. `input` is the id of the open input. `seq` is its number, for a caller that
 * does not know the id.
 */
export type View = Partial<Record<(typeof singleParts)[number], string>> &
  Partial<Record<GroupPart, readonly string[]>>;

/** Reads the state from the part of the address after the "#". */
export function viewIn(hash: string): View {
  const stored = new URLSearchParams(hash.replace(/^#/, ""));
  const view: View = {};
  for (const part of groupParts) if (stored.has(part)) view[part] = stored.getAll(part);
  for (const part of singleParts) if (stored.get(part)) view[part] = stored.get(part) ?? "";
  return view;
}

/** Returns the filters and the order as parameters of a request. */
export function parametersOf(view: View, app: number): URLSearchParams {
  const parameters = new URLSearchParams({ app: String(app) });
  appendParts(parameters, view, [...textParts, ...orderParts]);
  return parameters;
}

/** Counts the filters: each value of a group, and each text. A metadata key without a value does not filter. */
export function countFilters(view: View): number {
  const texts = textParts.filter((part) => part !== "key" && view[part]).length;
  return groupParts.reduce((sum, part) => sum + (view[part]?.length ?? 0), texts);
}

export const noFilters: View = {
  ...Object.fromEntries(textParts.map((part) => [part, ""])),
  ...Object.fromEntries(groupParts.map((part) => [part, []])),
};

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
    const next = new URLSearchParams();
    const merged = { ...before, ...changes };
    appendParts(next, merged, singleParts);
    const isStep = isOpen(merged) && !isOpen(before);
    history[isStep ? "pushState" : "replaceState"](null, "", `#${next}`);
    setView(viewIn(location.hash));
  }, []);
  return [view, change];
}

/** Returns a link that opens an input by its id, whatever is filtered. */
export function linkTo(id: string): string {
  const { app } = viewIn(location.hash);
  return `#${new URLSearchParams({ ...(app ? { app } : {}), input: id })}`;
}

function isOpen({ input, seq }: View): boolean {
  return Boolean(input || seq);
}

/** Adds the filled parts: all groups, and these single parts. */
function appendParts(target: URLSearchParams, view: View, single: readonly (typeof singleParts)[number][]): void {
  for (const part of groupParts) for (const value of view[part] ?? []) target.append(part, value);
  for (const part of single) if (view[part]) target.set(part, view[part]);
}

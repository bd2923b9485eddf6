/** The search and the order of the listing. */

import { useEffect, useRef } from "preact/hooks";
import { type Sort, sorts } from "../../shapes.js";
import { TextFilter } from "../filters/filter-fields.js";
import { isTyping } from "../keys.js";
import type { View } from "../state.js";

const labels: Record<Sort, string> = {
  newest: "Newest first",
  oldest: "Oldest first",
  name: "Name",
  size: "Largest first",
  annotations: "Most annotations first",
};

interface SearchBarProps {
  view: View;
  change: (change: View) => void;
  /** More controls. */
  children?: preact.ComponentChildren;
}

/** The key "/" moves the focus into the search. */
export function SearchBar({ view, change, children }: SearchBarProps) {
  const bar = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      bar.current?.querySelector("input")?.select();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return (
    <search>
      <form ref={bar} class="search" onSubmit={(event) => event.preventDefault()}>
        {children}
        <TextFilter
          label="Search"
          value={view.q}
          onChange={(q) => change({ q })}
          placeholder="Search names, ids and texts"
        />
        <select
          aria-label="Sort"
          value={view.sort ?? "newest"}
          onChange={({ currentTarget: { value } }) => change({ sort: value === "newest" ? "" : value })}
        >
          {sorts.map((sort) => (
            <option key={sort} value={sort}>
              {labels[sort]}
            </option>
          ))}
        </select>
      </form>
    </search>
  );
}

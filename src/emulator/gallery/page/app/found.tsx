/** The line above the grid: how many inputs match, and what can be done about it. */

import { countText } from "../../../../core/util/format/format.js";

interface FoundProps {
  /** Number of inputs that match the filters. Undefined until the first answer. */
  total: number | undefined;
  /** Number of inputs without the filters. Undefined if no filter is set. */
  unfiltered: number | undefined;
  onClear: (() => void) | undefined;
  onShowNew: (() => void) | undefined;
  /** More buttons. */
  children?: preact.ComponentChildren;
}

export function Found({ total, unfiltered, onClear, onShowNew, children }: FoundProps) {
  return (
    <p class="found">
      <span role="status">{textOf(total, unfiltered)}</span>
      {onClear && (
        <button type="button" class="clear" onClick={onClear}>
          Clear the filters
        </button>
      )}
      {children}
      {onShowNew && (
        <button type="button" class="new" onClick={onShowNew}>
          New inputs ↑
        </button>
      )}
    </p>
  );
}

function textOf(total: number | undefined, unfiltered: number | undefined): string {
  if (total === undefined) return "Loading…";
  if (unfiltered !== undefined) {
    return `${countText(total)} of ${countText(Math.max(unfiltered, total))} inputs`;
  }
  return ""; // The header has the number of all inputs.
}

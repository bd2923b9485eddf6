/** The button that selects all inputs that match. */

import { countText } from "../../../../core/util/format/format.js";
import type { Selection } from "./selection.js";

export function SelectAll({ selection, total }: { selection: Selection; total: number | undefined }) {
  if (!total || selection.isAll) return null;
  return (
    <button type="button" class="clear" onClick={() => selection.selectAll()}>
      {`Select all ${countText(total)}`}
    </button>
  );
}

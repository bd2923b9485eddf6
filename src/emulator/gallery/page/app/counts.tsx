/** The counts in the header of the page. */

import { countText } from "../../../../core/util/format.js";
import type { FacetsShape, State } from "../../shapes.js";

export function Counts({ facets, unindexed }: { facets: FacetsShape | undefined; unindexed: number }) {
  if (!facets) return <span class="counts">…</span>;
  const sum = (state: State) =>
    facets.statuses.filter((entry) => entry.state === state).reduce((total, { count }) => total + count, 0);
  const [waiting, failures] = [sum("waiting"), sum("failed")];
  return (
    <span class="counts">
      <span>
        <b>{countText(facets.total)}</b> {facets.total === 1 ? "input" : "inputs"}
      </span>
      {waiting > 0 && <span class="waiting">{countText(waiting)} waiting</span>}
      {failures > 0 && <span class="failed">{countText(failures)} failed</span>}
      {unindexed > 0 && <span class="hint">indexing {countText(unindexed)} more…</span>}
    </span>
  );
}

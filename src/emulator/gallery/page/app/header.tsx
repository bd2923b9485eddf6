/** The header of the page: the app, its counts, the current error, the export, and the switch of the map. */

import { countText } from "../../../../core/util/format/format.js";
import type { FacetsShape, State } from "../../shapes.js";
import { Help } from "../help/help.js";

interface CountsProps {
  facets: FacetsShape | undefined;
  /** Number of inputs that are not indexed yet. */
  unindexed: number;
}

interface HeaderProps extends CountsProps {
  /** Chooses another app, if there are several. */
  choice: preact.ComponentChildren;
  /** The control that exports inputs. */
  exporting: preact.ComponentChildren;
  problem: string;
  hasMap: boolean;
  onMap: (isOn: boolean) => void;
}

export function Header({ choice, exporting, problem, hasMap, onMap, ...counts }: HeaderProps) {
  return (
    <header>
      <h1>Sluice</h1>
      {choice}
      <Counts {...counts} />
      <span class="problem" role="alert">
        {problem}
      </span>
      {exporting}
      <button type="button" aria-pressed={hasMap} onClick={() => onMap(!hasMap)}>
        Map
      </button>
      <Help />
    </header>
  );
}

function Counts({ facets, unindexed }: CountsProps) {
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

/** The list of the visible places, by the number of their inputs. It makes the groups of the map usable by keyboard. */

import { countText } from "../../../../core/util/format/format.js";
import { placeText } from "../../../../core/util/world/places.js";
import type { Bounds, Group } from "./frame.js";

/** Most places of the list. */
const maxPlaces = 30;

interface PlacesProps {
  groups: readonly Group[];
  onSelect: (group: Group) => void;
}

export function Places({ groups, onSelect }: PlacesProps) {
  const shown = [...groups].sort((one, other) => other.count - one.count).slice(0, maxPlaces);
  if (shown.length === 0) return null;
  const more = groups.length - shown.length;
  return (
    <ul class="places" aria-label="Places">
      {shown.map((group) => (
        <li key={group.bounds.join()}>
          <button type="button" onClick={() => onSelect(group)}>
            <span>{placeOf(group.bounds)}</span> <small>{countText(group.count)}</small>
          </button>
        </li>
      ))}
      {more > 0 && <li class="hint">… and {countText(more)} more places</li>}
    </ul>
  );
}

/** Names the middle of an area by the nearest large city. */
export function placeOf([west, south, east, north]: Bounds): string {
  return placeText((west + east) / 2, (south + north) / 2);
}

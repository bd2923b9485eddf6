/** The state of the map: the visible part of the world, and what can be done with it. */

import { useMemo, useState } from "preact/hooks";
import type { LocationsShape } from "../../shapes.js";
import type { View } from "../state.js";
import {
  type Bounds,
  boundsOf,
  type Frame,
  frameAround,
  type Group,
  groupsIn,
  locationAt,
  moved,
  type Size,
  wholeWorld,
  zoomed,
} from "./frame.js";

/** A click this near to a group selects it, in pixels. */
const tolerance = 4;

interface MapOptions {
  size: Size;
  points: LocationsShape["points"];
  change: (change: View) => void;
}

/** Returns the visible part of the world, and functions that change it or use it. */
export function useMap({ size, points, change }: MapOptions) {
  const [chosen, setFrame] = useState<Frame>();
  // Until the user moves the map, it shows all locations.
  const fitting = useMemo(() => {
    const bounds = boundsOf(points);
    return bounds && size.width > 0 ? frameAround(bounds, size) : wholeWorld;
  }, [points, size.width, size.height]);
  const frame = chosen ?? fitting;
  const groups = useMemo(() => groupsIn(points, size, frame), [points, size.width, size.height, frame]);
  const zoom = (factor: number, x = size.width / 2, y = size.height / 2) =>
    setFrame((current = fitting) => zoomed(current, size, factor, x, y));
  const pan = (right: number, down: number) => setFrame((current = fitting) => moved(current, size, right, down));
  const groupAt = (x: number, y: number) =>
    groups.find((one) => Math.hypot(one.x - x, one.y - y) <= one.radius + tolerance);
  /** Opens the input of a group of one, or filters by the area of a group. */
  const select = ({ count, seq, bounds }: Group) => {
    if (count === 1) change({ seq: String(seq) });
    else filterBy(bounds);
  };
  const filterBy = (bounds: Bounds) => {
    change({ area: widened(bounds).join(",") });
    setFrame(undefined);
  };
  const filterByArea = () => {
    const [west, north] = locationAt(size, frame, 0, 0);
    const [east, south] = locationAt(size, frame, size.width, size.height);
    filterBy([west, south, east, north]);
  };
  return { frame, groups, zoom, pan, groupAt, select, filterByArea, showAll: () => setFrame(undefined) };
}

/** The page has locations in steps of this many degrees, so bounds are wider by half a step. */
const step = 0.0001;

/** Returns bounds that contain the exact locations. */
function widened([west, south, east, north]: Bounds): string[] {
  const half = step / 2;
  return [west - half, south - half, east + half, north + half].map((degrees) => degrees.toFixed(5));
}

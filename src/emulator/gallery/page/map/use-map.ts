/** The state of the map: the visible part of the world, and what can be done with it. */

import { useState } from "preact/hooks";
import type { LocationsShape } from "../../shapes.js";
import type { View } from "../state.js";
import { groupsIn, locationAt, moved, type Size, wholeWorld, zoomed } from "./frame.js";

/** A click this near to a group selects it, in pixels. */
const tolerance = 4;

interface MapOptions {
  size: Size;
  points: LocationsShape["points"];
  change: (change: View) => void;
}

/** Returns the visible part of the world, and functions that change it or use it. */
export function useMap({ size, points, change }: MapOptions) {
  const [frame, setFrame] = useState(wholeWorld);
  const zoom = (factor: number, x = size.width / 2, y = size.height / 2) =>
    setFrame((current) => zoomed(current, size, factor, x, y));
  const pan = (right: number, down: number) => setFrame((current) => moved(current, size, right, down));
  /** Opens the input at a pixel, or zooms to the group of inputs. */
  const select = (x: number, y: number) => {
    const groups = groupsIn(points, size, frame);
    const group = groups.find((one) => Math.hypot(one.x - x, one.y - y) <= one.radius + tolerance);
    if (group?.count === 1) change({ seq: String(group.seq) });
    else if (group) zoom(4, group.x, group.y);
  };
  const filterByArea = () => {
    const [west, north] = locationAt(size, frame, 0, 0);
    const [east, south] = locationAt(size, frame, size.width, size.height);
    change({ area: [west, south, east, north].map((degrees) => degrees.toFixed(4)).join(",") });
  };
  return { frame, zoom, pan, select, filterByArea };
}

/** The map: shows the locations of the inputs, and filters by an area. */

import { useEffect, useRef, useState } from "preact/hooks";
import { countText } from "../../../../core/util/format.js";
import type { View } from "../state.js";
import { draw } from "./drawing.js";
import { groupsIn, locationAt, moved, wholeWorld, zoomed } from "./frame.js";
import { useDark, useLand, useLocations, useWidth } from "./map-hooks.js";
import { useDrag } from "./use-drag.js";

interface LocationsMapProps {
  parameters: string;
  version: number;
  view: View;
  change: (change: View) => void;
  onFailed: (error: unknown) => void;
}

/** In pixels. */
const maxHeight = 360;
/** An arrow key moves the map by this many pixels. */
const step = 60;
/** A click this near to a group selects it, in pixels. */
const tolerance = 4;

export function LocationsMap({ parameters, version, view, change, onFailed }: LocationsMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const points = useLocations(parameters, version, onFailed);
  const land = useLand(onFailed);
  const width = useWidth(canvas);
  const isDark = useDark();
  const [frame, setFrame] = useState(wholeWorld);
  const size = { width, height: Math.min(width / 2, maxHeight) };
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, size, frame, { land, points: points ?? [] });
  }, [width, frame, land, points, isDark]);

  const zoom = (factor: number, x = size.width / 2, y = size.height / 2) =>
    setFrame((current) => zoomed(current, size, factor, x, y));
  const pan = (right: number, down: number) => setFrame((current) => moved(current, size, right, down));
  const select = (x: number, y: number) => {
    const groups = groupsIn(points ?? [], size, frame);
    const group = groups.find((one) => Math.hypot(one.x - x, one.y - y) <= one.radius + tolerance);
    if (group?.count === 1) change({ input: String(group.seq) });
    else if (group) zoom(4, group.x, group.y);
  };
  const filterByArea = () => {
    const [west, north] = locationAt(size, frame, 0, 0);
    const [east, south] = locationAt(size, frame, size.width, size.height);
    change({ area: [west, south, east, north].map((degrees) => degrees.toFixed(4)).join(",") });
  };
  const keys: Record<string, () => void> = {
    "+": () => zoom(2),
    "-": () => zoom(0.5),
    ArrowLeft: () => pan(step, 0),
    ArrowRight: () => pan(-step, 0),
    ArrowUp: () => pan(0, step),
    ArrowDown: () => pan(0, -step),
  };
  const count = points?.length ?? 0;
  return (
    <section class="map" aria-label="Map">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`A map of the world with ${countText(count)} inputs; plus and minus zoom, arrows move`}
        tabIndex={0}
        onKeyDown={(event) => {
          if (!Object.hasOwn(keys, event.key)) return;
          event.preventDefault();
          keys[event.key]?.();
        }}
        onWheel={(event) => {
          event.preventDefault();
          zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
        }}
        {...useDrag(pan, select)}
      />
      <p>
        <button type="button" aria-label="Zoom in" onClick={() => zoom(2)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(0.5)}>
          −
        </button>
        {count > 0 && !view.area && (
          <button type="button" onClick={filterByArea}>
            Filter by this area
          </button>
        )}
        <span role="status">{points ? `${countText(count)} with a location` : "Loading…"}</span>
      </p>
    </section>
  );
}

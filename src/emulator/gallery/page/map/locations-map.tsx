/** The map: shows the locations of the inputs, and filters by an area. */

import { useEffect, useRef, useState } from "preact/hooks";
import { countText } from "../../../../core/util/format/format.js";
import type { LocationsShape } from "../../shapes.js";
import type { View } from "../state.js";
import { draw } from "./drawing.js";
import { type Group, worldHeight } from "./frame.js";
import { useDark, useLand, useLocations, useWidth } from "./map-hooks.js";
import { Places, placeOf } from "./places.js";
import { useDrag } from "./use-drag.js";
import { useMap } from "./use-map.js";

/** The locations before the first answer. */
const none: LocationsShape["points"] = [];

interface LocationsMapProps {
  parameters: string;
  version: number;
  view: View;
  change: (change: View) => void;
  onFailed: (error: unknown) => void;
}

/** In pixels. */
const height = { least: 220, most: 400 };
/** An arrow key moves the map by this many pixels. */
const step = 60;

export function LocationsMap({ parameters, version, view, change, onFailed }: LocationsMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const points = useLocations(parameters, version, onFailed) ?? none;
  const land = useLand(onFailed);
  const width = useWidth(canvas);
  const isDark = useDark();
  const size = { width, height: Math.max(height.least, Math.min((width * worldHeight) / 360, height.most)) };
  const { frame, groups, zoom, pan, groupAt, select, filterByArea, showAll } = useMap({ size, points, change });
  const [hovered, setHovered] = useState<Group>();
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, size, frame, { land, groups });
  }, [width, frame, land, groups, isDark]);
  const isLoading = points === none;
  const dragHandlers = useDrag(pan, (x, y) => {
    const group = groupAt(x, y);
    if (group) select(group);
  });
  return (
    <section class="map" aria-label="Map">
      <div class="map-body">
        <div class="map-view">
          <canvas
            ref={canvas}
            role="img"
            aria-label={`A map of the world with ${countText(points.length)} inputs; plus and minus zoom, arrows move, 0 shows all`}
            tabIndex={0}
            class={hovered ? "on-place" : ""}
            onKeyDown={keyHandler(zoom, pan, showAll)}
            onWheel={(event) => {
              event.preventDefault();
              zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
            }}
            {...dragHandlers}
            onPointerMove={(event) => {
              dragHandlers.onPointerMove(event);
              setHovered(groupAt(event.offsetX, event.offsetY));
            }}
            onPointerLeave={() => setHovered(undefined)}
          />
          {hovered && <Tooltip group={hovered} width={width} />}
        </div>
        <Places groups={groups} onSelect={select} />
      </div>
      <p>
        <button type="button" aria-label="Zoom in" onClick={() => zoom(2)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(0.5)}>
          −
        </button>
        <button type="button" onClick={showAll}>
          Show all
        </button>
        {points.length > 0 && !view.area && (
          <button type="button" onClick={filterByArea}>
            Filter by this area
          </button>
        )}
        <span role="status">{isLoading ? "Loading…" : `${countText(points.length)} with a location`}</span>
        <small class="source">Land: Natural Earth. Cities: GeoNames, CC BY 4.0.</small>
      </p>
    </section>
  );
}

/** Names the place under the pointer, and counts its inputs. */
function Tooltip({ group: { x, y, count, radius, bounds }, width }: { group: Group; width: number }) {
  const side = x < width / 2 ? { left: `${x + radius}px` } : { right: `${width - x + radius}px` };
  const inputs =
    count === 1 ? "1 input: click to open it" : `${countText(count)} inputs: click to filter by this place`;
  return (
    <div class="map-tip" aria-hidden="true" style={{ ...side, top: `${y + radius}px` }}>
      <b>{placeOf(bounds)}</b>
      <br />
      {inputs}
    </div>
  );
}

function keyHandler(zoom: (factor: number) => void, pan: (right: number, down: number) => void, showAll: () => void) {
  const actions: Record<string, () => void> = {
    "+": () => zoom(2),
    "-": () => zoom(0.5),
    "0": showAll,
    ArrowLeft: () => pan(step, 0),
    ArrowRight: () => pan(-step, 0),
    ArrowUp: () => pan(0, step),
    ArrowDown: () => pan(0, -step),
  };
  return (event: KeyboardEvent) => {
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
}

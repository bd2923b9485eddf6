/** The map: shows the locations of the inputs, and filters by an area. */

import { useEffect, useRef } from "preact/hooks";
import { countText } from "../../../../core/util/format/format.js";
import type { View } from "../state.js";
import { draw } from "./drawing.js";
import { useDark, useLand, useLocations, useWidth } from "./map-hooks.js";
import { useDrag } from "./use-drag.js";
import { useMap } from "./use-map.js";

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

export function LocationsMap({ parameters, version, view, change, onFailed }: LocationsMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const points = useLocations(parameters, version, onFailed);
  const land = useLand(onFailed);
  const width = useWidth(canvas);
  const isDark = useDark();
  const size = { width, height: Math.min(width / 2, maxHeight) };
  const { frame, zoom, pan, select, filterByArea } = useMap({ size, points: points ?? [], change });
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, size, frame, { land, points: points ?? [] });
  }, [width, frame, land, points, isDark]);
  const count = points?.length ?? 0;
  return (
    <section class="map" aria-label="Map">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`A map of the world with ${countText(count)} inputs; plus and minus zoom, arrows move`}
        tabIndex={0}
        onKeyDown={keyHandler(zoom, pan)}
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

function keyHandler(zoom: (factor: number) => void, pan: (right: number, down: number) => void) {
  const actions: Record<string, () => void> = {
    "+": () => zoom(2),
    "-": () => zoom(0.5),
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

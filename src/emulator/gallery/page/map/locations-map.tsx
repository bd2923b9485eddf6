/** The map: where inputs were made, on a plain map of the world. */

import { useEffect, useRef, useState } from "preact/hooks";
import { countText } from "../../../core/util/format.js";
import type { PlacesShape } from "../shapes.js";
import { ask } from "./api.js";
import { draw, type Frame, groupsIn, longitudeLatitude, moved, zoomed } from "./map-drawing.js";
import type { View } from "./state.js";

interface PlacesMapProps {
  parameters: string;
  version: number;
  view: View;
  change: (change: View) => void;
  onFailed: (error: unknown) => void;
}

/** In pixels. */
const maxHeight = 360;
const whole: Frame = { longitude: 0, latitude: 0, scale: 1 };
/** Places are asked for no more often than this, in milliseconds. */
const refreshMs = 5000;

export function PlacesMap({ parameters, version, view, change, onFailed }: PlacesMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [points, setPoints] = useState<PlacesShape["points"]>();
  const [land, setLand] = useState<Path2D>();
  const [frame, setFrame] = useState(whole);
  const [width, setWidth] = useState(0);
  const asked = useRef<{ parameters: string; at: number } | undefined>(undefined);
  const height = Math.min(width / 2, maxHeight);
  const isDark = useDark();

  useEffect(() => {
    fetch("gallery/land.txt")
      .then((response) => response.text())
      .then((path) => setLand(new Path2D(path)), onFailed);
  }, []);
  useEffect(() => {
    const off = new AbortController();
    const load = () => {
      asked.current = { parameters, at: performance.now() };
      ask<PlacesShape>("places", new URLSearchParams(parameters), off.signal).then(
        (answer) => setPoints(answer.points),
        (error) => off.signal.aborted || onFailed(error),
      );
    };
    const waitMs = asked.current?.parameters === parameters ? asked.current.at + refreshMs - performance.now() : 0;
    const timer = setTimeout(load, Math.max(0, waitMs));
    return () => {
      clearTimeout(timer);
      off.abort();
    };
  }, [parameters, version]);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, { width, height }, frame, land, points ?? []);
  }, [width, height, frame, land, points, isDark]);

  const size = { width, height };
  const zoom = (factor: number, x = width / 2, y = height / 2) => setFrame((now) => zoomed(now, size, factor, x, y));
  const pan = (right: number, down: number) => setFrame((now) => moved(now, size, right, down));
  const pick = (x: number, y: number) => {
    const group = groupsIn(points ?? [], size, frame).find((one) => Math.hypot(one.x - x, one.y - y) <= one.radius + 4);
    if (group?.count === 1) change({ input: String(group.seq) });
    else if (group) zoom(4, group.x, group.y);
  };
  const showArea = () => {
    const [west, north] = longitudeLatitude(size, frame, 0, 0);
    const [east, south] = longitudeLatitude(size, frame, width, height);
    change({ area: [west, south, east, north].map((degrees) => degrees.toFixed(4)).join(",") });
  };
  const moves: Record<string, () => void> = {
    "+": () => zoom(2),
    "-": () => zoom(0.5),
    ArrowLeft: () => pan(60, 0),
    ArrowRight: () => pan(-60, 0),
    ArrowUp: () => pan(0, 60),
    ArrowDown: () => pan(0, -60),
  };
  const press = useRef<{ x: number; y: number; moved: boolean } | undefined>(undefined);
  const count = points?.length ?? 0;
  return (
    <section class="map" aria-label="Map">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`A map of the world with ${countText(count)} inputs; plus and minus zoom, arrows move`}
        tabIndex={0}
        onKeyDown={(event) => {
          if (!Object.hasOwn(moves, event.key)) return;
          event.preventDefault();
          moves[event.key]?.();
        }}
        onWheel={(event) => {
          event.preventDefault();
          zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
        }}
        onPointerDown={(event) => {
          if (!event.isPrimary) return;
          press.current = { x: event.clientX, y: event.clientY, moved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const from = press.current;
          if (!from || !event.isPrimary) return;
          const [x, y] = [event.clientX - from.x, event.clientY - from.y];
          if (!from.moved && Math.hypot(x, y) < 4) return;
          press.current = { x: event.clientX, y: event.clientY, moved: true };
          pan(x, y);
        }}
        onPointerUp={(event) => {
          if (press.current?.moved === false) pick(event.offsetX, event.offsetY);
          press.current = undefined;
        }}
        onPointerCancel={() => {
          press.current = undefined;
        }}
      />
      <p>
        <button type="button" aria-label="Zoom in" onClick={() => zoom(2)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(0.5)}>
          −
        </button>
        {count > 0 && !view.area && (
          <button type="button" onClick={showArea}>
            Only what is in sight
          </button>
        )}
        <span role="status">{points ? `${countText(count)} with a place` : "Loading…"}</span>
      </p>
    </section>
  );
}

function useDark(): boolean {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const read = () => setDark(query.matches);
    query.addEventListener("change", read);
    return () => query.removeEventListener("change", read);
  }, []);
  return isDark;
}

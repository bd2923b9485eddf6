/** The data and the environment of the map. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { LocationsShape } from "../../shapes.js";
import { getJson } from "../api.js";

/** Minimum time between two requests for the same locations, in milliseconds. */
const refreshMs = 5000;

/** Loads the outline of the land. */
export function useLand(onFailed: (error: unknown) => void): Path2D | undefined {
  const [land, setLand] = useState<Path2D>();
  useEffect(() => {
    fetch("gallery/land.txt")
      .then((response) => response.text())
      .then((path) => setLand(new Path2D(path)), onFailed);
  }, []);
  return land;
}

/** Loads the locations, and loads them again when the store changes. Undefined until the first answer. */
export function useLocations(
  parameters: string,
  version: number,
  onFailed: (error: unknown) => void,
): LocationsShape["points"] | undefined {
  const [points, setPoints] = useState<LocationsShape["points"]>();
  const requested = useRef<{ parameters: string; at: number } | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    const load = () => {
      requested.current = { parameters, at: performance.now() };
      getJson<LocationsShape>("locations", new URLSearchParams(parameters), stop.signal).then(
        (answer) => setPoints(answer.points),
        (error) => stop.signal.aborted || onFailed(error),
      );
    };
    const { current } = requested;
    const waitMs = current?.parameters === parameters ? current.at + refreshMs - performance.now() : 0;
    const timer = setTimeout(load, Math.max(0, waitMs));
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [parameters, version]);
  return points;
}

/** Returns the width of an element, also after it changes. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = element;
    if (!current) return undefined;
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** Whether the browser prefers a dark page. */
export function useDark(): boolean {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const read = () => setDark(query.matches);
    query.addEventListener("change", read);
    return () => query.removeEventListener("change", read);
  }, []);
  return isDark;
}

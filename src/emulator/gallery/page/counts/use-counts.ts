/** Loads the counts of the panel. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { CountsShape, FacetsShape } from "../../shapes.js";
import { getJson } from "../api.js";

/** Shortest time between two requests for the same filters, in milliseconds. */
const refreshMs = 3000;

interface CountsOptions {
  parameters: string;
  isFiltered: boolean;
  facets: FacetsShape | undefined;
  /** A new version loads the counts again. */
  version: string;
  onFailed: (error: unknown) => void;
}

/** Returns the counts that follow the filters. Without filters they are the facets. The earlier counts stay until new ones have been loaded. */
export function useCounts({
  parameters,
  isFiltered,
  facets,
  version,
  onFailed,
}: CountsOptions): CountsShape | undefined {
  const [counts, setCounts] = useState<CountsShape>();
  const requested = useRef<{ parameters: string; at: number } | undefined>(undefined);
  useEffect(() => {
    if (!isFiltered) return undefined;
    const stop = new AbortController();
    const { current } = requested;
    const waitMs = current?.parameters === parameters ? current.at + refreshMs - performance.now() : 0;
    const timer = setTimeout(
      () => {
        requested.current = { parameters, at: performance.now() };
        getJson<CountsShape>("counts", new URLSearchParams(parameters), stop.signal).then(
          setCounts,
          (error) => stop.signal.aborted || onFailed(error),
        );
      },
      Math.max(0, waitMs),
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [parameters, isFiltered, version]);
  return isFiltered ? (counts ?? facets) : facets;
}

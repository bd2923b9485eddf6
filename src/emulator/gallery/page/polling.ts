/** Asking again and again whether something changed. */

import { useEffect, useRef } from "preact/hooks";

/** In milliseconds. */
const pollMs = 1000;

/**
 * Calls again a while after each answer, so that a slow store is not asked more than it answers; not while the page is hidden. Anew, and at once,
 * with each other `subject`.
 */
export function usePolling(poll: (signal: AbortSignal) => Promise<void>, subject: unknown): void {
  const latest = useRef(poll);
  latest.current = poll;
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const next = async () => {
      if (!document.hidden) await latest.current(stop.signal);
      if (!stop.signal.aborted) timer = setTimeout(next, pollMs);
    };
    void next();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [subject]);
}

/** Polls the emulator for changes. */

import { useEffect, useRef } from "preact/hooks";

/** Wait between an answer and the next request, in milliseconds. */
const pollMs = 1000;

/**
 * Calls `poll` at once, and again a while after each answer, so that a slow emulator gets fewer requests. It pauses while the page is hidden, and
 * restarts when `subject` changes.
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

/** Backoff: how long to wait before the next attempt. */

/** The first and the longest wait, in milliseconds, before jitter. */
export interface BackoffRange {
  baseMs?: number;
  maxMs?: number;
}

/** Doubles the wait with each attempt, and draws it from a quarter of it to all of it. */
export function backoffMs(attempts: number, { baseMs = 250, maxMs = 15_000 }: BackoffRange = {}): number {
  const range = Math.min(maxMs, baseMs * 2 ** (attempts - 1));
  return range / 4 + Math.random() * range * 0.75;
}

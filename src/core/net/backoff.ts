/** Backoff: how long to wait before another try. */

const baseDelayMs = 250;
const maxDelayMs = 15_000;

/** Jitter over an exponential range, from a quarter of it to all of it. */
export function backoffMs(attempts: number): number {
  const range = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempts - 1));
  return range / 4 + Math.random() * range * 0.75;
}

/** Joins the polygons of one object to one polygon. */

type Point = readonly [x: number, y: number];

/** Most pairs of corners that are compared to find the shortest connection. */
const maxPairs = 4_000_000;

/**
 * Joins polygons by connections without area, from each next polygon to the nearest corner of those before it. The area and the bounds stay the same.
 */
export function joinPolygons(parts: readonly (readonly Point[])[]): Point[] {
  const [first = [], ...rest] = parts;
  let joined = [...first];
  for (const part of rest) {
    const next = signedArea(part) < 0 === signedArea(first) < 0 ? part : [...part].reverse();
    const [at, from] = nearest(joined, next);
    const around = [...next.slice(from), ...next.slice(0, from + 1)];
    joined = [...joined.slice(0, at + 1), ...around, ...joined.slice(at)];
  }
  return joined;
}

function nearest(one: readonly Point[], other: readonly Point[]): [number, number] {
  let best: [number, number] = [0, 0];
  if (one.length * other.length > maxPairs) return best;
  let shortest = Number.POSITIVE_INFINITY;
  for (const [at, [x, y]] of one.entries()) {
    for (const [from, [u, v]] of other.entries()) {
      const distance = (x - u) ** 2 + (y - v) ** 2;
      if (distance >= shortest) continue;
      shortest = distance;
      best = [at, from];
    }
  }
  return best;
}

/** Returns the area; negative for the other direction of corners. */
export function signedArea(points: readonly Point[]): number {
  let twice = 0;
  let [xBefore, yBefore] = points.at(-1) ?? [0, 0];
  for (const [x, y] of points) {
    twice += xBefore * y - x * yBefore;
    [xBefore, yBefore] = [x, y];
  }
  return twice / 2;
}

/** The outlines of the land as one path: in tenths of a degree from 180° west and 90° north, as a canvas draws it. */

import { readFileSync } from "node:fs";

interface Topology {
  /** Points of each arc, each as its distance from the one before. */
  arcs: [number, number][][];
  transform: { scale: [number, number]; translate: [number, number] };
  objects: { land: { geometries: { arcs: number[][][] }[] } };
}

/** Reads a TopoJSON file whose object `land` consists of polygons. */
export function landPath(path: string): string {
  const { arcs, transform, objects } = JSON.parse(readFileSync(path, "utf8")) as Topology;
  const { scale, translate } = transform;
  const lines = arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([right, up]): [number, number] => {
      x += right;
      y += up;
      const [longitude, latitude] = [x * scale[0] + translate[0], y * scale[1] + translate[1]];
      return [Math.round((longitude + 180) * 10), Math.round((90 - latitude) * 10)];
    });
  });
  // A negative number refers to the arc of its bitwise complement, in reverse order.
  const line = (number: number) => (number < 0 ? [...(lines[~number] ?? [])].reverse() : (lines[number] ?? []));
  const rings = objects.land.geometries.flatMap((geometry) => geometry.arcs.flat());
  return rings.map((ring) => pathOf(simplified(ring.flatMap(line)))).join("");
}

/** Leaves out points that lie within this many tenths of a degree of the line between their neighbours. */
const tolerance = 1.5;

/** Simplifies a line by the algorithm of Douglas and Peucker. */
function simplified(points: [number, number][]): [number, number][] {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 3) return points;
  const distances = points.map((point) => distanceTo(point, first, last));
  const farthest = distances.indexOf(Math.max(...distances));
  if ((distances[farthest] ?? 0) <= tolerance) return [first, last];
  return [...simplified(points.slice(0, farthest + 1)).slice(0, -1), ...simplified(points.slice(farthest))];
}

/** Returns the distance of a point to a line; to its first point, if it begins where it ends. */
function distanceTo([x, y]: [number, number], [fromX, fromY]: [number, number], [toX, toY]: [number, number]): number {
  const [right, down] = [toX - fromX, toY - fromY];
  const length = Math.hypot(right, down);
  if (length === 0) return Math.hypot(x - fromX, y - fromY);
  return Math.abs(right * (y - fromY) - down * (x - fromX)) / length;
}

function pathOf(points: readonly [number, number][]): string {
  const [first = [0, 0]] = points;
  let [lastX, lastY] = first;
  const steps = points.slice(1).flatMap(([x, y]) => {
    const step: [number, number] = [x - lastX, y - lastY];
    [lastX, lastY] = [x, y];
    if (step[0] === 0 && step[1] === 0) return [];
    // Land that continues across the edge of the map gets no line along the edge, except around the pole.
    return [`${Math.abs(step[0]) > 1800 && y < 1790 ? "m" : "l"}${step.join(" ")}`];
  });
  return `M${first.join(" ")}${steps
    .join("")
    .replace(/(?<=l[^lm]*)l/g, " ")
    .replaceAll(" -", "-")}z`;
}

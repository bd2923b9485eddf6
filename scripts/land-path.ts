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
  return rings.map((ring) => pathOf(ring.flatMap(line))).join("");
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

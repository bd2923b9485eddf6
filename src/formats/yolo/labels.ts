/** Makes labels of YOLO: rows of text. */

import type { Annotation, Input } from "../../core/input/input.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { swapsSides, turned } from "../annotations/turn.js";
import type { LabelContext } from "../dataset-folder/format.js";
import { classOf, type LossList, loseOfAnnotation, loseOfInput } from "../dataset-folder/losses.js";

/** What `writeYolo` can write. */
export type WrittenTask = "detect" | "segment" | "obb";

/** Nine digits behind the point. Half of the last one is far below 1e-6, also after two numbers were added. */
const precision = 1e9;
const zero = 48;
/** Share by which rounding may move a corner over the edge. */
const tolerance = 1e-9;

type Point = readonly [number, number];

/** Makes the text of a label. The coordinates are about the upright image. */
export function labelOf(input: Input, { picture, classes, losses }: LabelContext, task: WrittenTask): string {
  loseOfInput(input, losses);
  const rows: string[] = [];
  // Corners of a rotated box are square in pixels, not in shares.
  const { width, height, orientation } = picture;
  const size = swapsSides(orientation) ? { width: height, height: width } : { width, height };
  for (const annotation of input.annotations) {
    const { mask, point, span, concepts } = annotation;
    if (mask || point || span || (!annotation.box && !annotation.polygon)) {
      loseShape(annotation, losses);
      continue;
    }
    const concept = concepts[0];
    if (!concept) {
      losses.add("annotation without concept lost");
      continue;
    }
    if (concepts.length > 1)
      for (const { id } of concepts.slice(1)) losses.add("further concept of an annotation lost", id);
    const numbers = numbersOf(orientation > 1 ? turned(annotation, orientation) : annotation, task, size, losses);
    if (!numbers) continue;
    const index = classes.indexOf(classOf(concept, losses));
    loseOfAnnotation(annotation, losses, keptInfo(annotation, task));
    let row = String(index);
    for (const number of numbers) row += ` ${formatted(number)}`;
    rows.push(row);
  }
  return rows.length === 0 ? "" : `${rows.join("\n")}\n`;
}

function loseShape({ mask, point, span }: Annotation, losses: LossList): void {
  if (mask) losses.add("mask lost");
  else if (point) losses.add("point lost");
  else if (span) losses.add("span lost");
  else losses.add("annotation without region lost");
}

/** `info.yolo.obb` is kept by the task; other data of the format are lost. */
function keptInfo({ info }: Annotation, task: WrittenTask): { info?: string[] } {
  if (task !== "obb") return keptNothing;
  const yolo = info?.yolo;
  const isOnlyMark = isObject(yolo as never) && Object.keys(yolo as JsonObject).join() === "obb";
  return isOnlyMark ? { info: ["yolo"] } : keptNothing;
}

const keptNothing = {};

/** Returns the numbers of a row; undefined for a region that the task cannot express. */
function numbersOf(annotation: Annotation, task: WrittenTask, size: Size, losses: LossList): number[] | undefined {
  const { box, polygon } = annotation;
  if (box && task === "detect") return centred(box);
  const corners: readonly Point[] = polygon ?? (box ? cornersOf(box) : []);
  if (task === "segment") {
    // ultralytics reads each row of a file with polygons as corners, also one of four numbers.
    if (box) losses.add("box written as a polygon");
    return corners.flat();
  }
  if (task === "detect") {
    const bounds = boundsOf(corners);
    if (bounds[0] >= bounds[2] || bounds[1] >= bounds[3]) {
      losses.add("polygon without area lost");
      return undefined;
    }
    losses.add("polygon written as its box");
    return centred(bounds);
  }
  if (box) {
    losses.add("box written as a rotated box");
    return corners.flat();
  }
  if (corners.length === 4) return corners.flat();
  const rotated = rotatedBoxOf(corners, size);
  losses.add(rotated.length > 0 ? "polygon written as its smallest rotated box" : "polygon without area lost");
  return rotated.length > 0 ? rotated.flat() : undefined;
}

/** Formats a share with as many digits as it needs. The digits of an integer take a third of the time of those of a fraction. */
function formatted(value: number): string {
  const parts = Math.round(value * precision);
  // String() writes smaller fractions with an exponent.
  if (parts < 1000 || parts >= precision) return String(parts / precision);
  const digits = String(parts);
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === zero) end -= 1;
  return `0.${"000000000".slice(digits.length)}${digits.slice(0, end)}`;
}

type Box = readonly [number, number, number, number];

function centred([left, top, right, bottom]: Box): number[] {
  return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
}

function cornersOf([left, top, right, bottom]: Box): Point[] {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

function boundsOf(points: readonly Point[]): Box {
  let [left, top, right, bottom] = [1, 1, 0, 0];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right, bottom];
}

interface Size {
  width: number;
  height: number;
}

/**
 * Returns the rectangle of least area around corners that lies inside the image, since readers refuse others: one of its sides lies along an edge of their convex
 * hull, or it is upright. Empty if the corners have no area.
 */
export function rotatedBoxOf(corners: readonly Point[], { width, height }: Size): Point[] {
  const hull = hullOf(corners.map(([x, y]): Point => [x * width, y * height]));
  const upright = boundsOf(corners);
  let best = cornersOf(upright);
  let least = (upright[2] - upright[0]) * width * (upright[3] - upright[1]) * height;
  if (hull.length < 3) return [];
  for (const [index, [x, y]] of hull.entries()) {
    const [nextX, nextY] = hull[(index + 1) % hull.length] as Point;
    const length = Math.hypot(nextX - x, nextY - y);
    if (length === 0) continue;
    const [cos, sin] = [(nextX - x) / length, (nextY - y) / length];
    const along = hull.map(([px, py]) => px * cos + py * sin);
    const across = hull.map(([px, py]) => py * cos - px * sin);
    const [a, b, c, d] = [Math.min(...along), Math.max(...along), Math.min(...across), Math.max(...across)];
    const area = (b - a) * (d - c);
    if (area >= least) continue;
    const back = (u: number, v: number): Point => [(u * cos - v * sin) / width, (u * sin + v * cos) / height];
    const rotated = [back(a, c), back(b, c), back(b, d), back(a, d)];
    if (rotated.flat().some((share) => share < -tolerance || share > 1 + tolerance)) continue;
    least = area;
    best = rotated.map(([x, y]): Point => [clamp(x), clamp(y)]);
  }
  return best;
}

function clamp(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}

/** Returns the convex hull of points (monotone chain). */
function hullOf(points: readonly Point[]): Point[] {
  const sorted = [...points].sort(([a, b], [c, d]) => a - c || b - d);
  const half = (list: readonly Point[]) => {
    const chain: Point[] = [];
    for (const point of list) {
      while (chain.length > 1 && turnOf(chain.at(-2) as Point, chain.at(-1) as Point, point) <= 0) chain.pop();
      chain.push(point);
    }
    chain.pop();
    return chain;
  };
  const hull = [...half(sorted), ...half(sorted.reverse())];
  return hull.length > 0 ? hull : [...points];
}

function turnOf([a, b]: Point, [c, d]: Point, [e, f]: Point): number {
  return (c - a) * (f - b) - (d - b) * (e - a);
}

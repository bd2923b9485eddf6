/** Regions of one image: converts the coordinates of a format to shares, and fails, clips or drops invalid regions. */

import * as z from "zod";
import { InputError } from "../../core/errors.js";
import type { Annotation } from "../../core/input/input.js";

/**
 * What to do with a region that reaches over the edge of its image, or has no area. "fail": the input fails. "clip": the part inside the image is kept, and a
 * region without area is left out. "drop": the region is left out. The report counts what was clipped and left out.
 */
export const regionPolicies = ["fail", "clip", "drop"] as const;
export const invalidRegions = z.enum(regionPolicies).default("fail");
export type RegionPolicy = (typeof regionPolicies)[number];

/** Notes about regions, under which a report counts inputs. */
export const regionNotes = {
  clipped: "a region outside the image was clipped",
  outside: "a region outside the image was left out",
  empty: "a region without area was left out",
  numbers: "a region with a coordinate that is not a number was left out",
  corners: "a polygon of fewer than three corners was left out",
} as const;

/** Corners in the unit of the format: pixels, or shares with a size of 1 × 1. */
type Point = readonly [x: number, y: number];

/** Distance over the edge that comes from the digits of a format, as a share. It is cut without a note. */
const tolerance = 1e-6;

/** Whether a point lies outside the image by more than the tolerance. */
function isOver(shares: readonly Point[]): boolean {
  return shares.some(([x, y]) => Math.abs(x - clamp(x)) > tolerance || Math.abs(y - clamp(y)) > tolerance);
}

/** Cuts a polygon at the four edges of the image, one after the other (Sutherland and Hodgman). */
function clipped(polygon: readonly Point[]): Point[] {
  let points = [...polygon];
  for (const axis of [0, 1] as const) {
    for (const edge of [0, 1] as const) points = cutAt(points, axis, edge);
  }
  return points;
}

function cutAt(points: readonly Point[], axis: 0 | 1, edge: 0 | 1): Point[] {
  const isInside = (point: Point) => (edge === 0 ? point[axis] >= 0 : point[axis] <= 1);
  const result: Point[] = [];
  let before = points.at(-1);
  for (const point of points) {
    if (before && isInside(before) !== isInside(point)) {
      const share = (edge - before[axis]) / (point[axis] - before[axis]);
      const other = axis === 0 ? 1 : 0;
      const crossing = clamp(before[other] + share * (point[other] - before[other]), before[other], point[other]);
      result.push(axis === 0 ? [edge, crossing] : [crossing, edge]);
    }
    if (isInside(point)) result.push(point);
    before = point;
  }
  return result;
}

/** Returns the area of a polygon. */
export function areaOf(points: readonly Point[]): number {
  let twice = 0;
  let [xBefore, yBefore] = points.at(-1) ?? [0, 0];
  for (const [x, y] of points) {
    twice += xBefore * y - x * yBefore;
    [xBefore, yBefore] = [x, y];
  }
  return Math.abs(twice) / 2;
}

/** Collects the annotations of one image. Coordinates are divided by the size, which makes them shares. */
export class RegionList {
  readonly annotations: Annotation[] = [];
  readonly notes = new Set<string>();
  readonly #size: { width: number; height: number };
  readonly #policy: RegionPolicy;
  #failures = 0;
  #failure: InputError | undefined;

  /** @param size width and height of the image in the unit of the coordinates */
  constructor(size: { width: number; height: number }, policy: RegionPolicy) {
    this.#size = size;
    this.#policy = policy;
  }

  /** Adds a box by its corners. `name` is for error texts: `annotation 17`. */
  addBox(xMin: number, yMin: number, xMax: number, yMax: number, name: string, rest: Partial<Annotation>): void {
    const { width, height } = this.#size;
    const box: [number, number, number, number] = [xMin / width, yMin / height, xMax / width, yMax / height];
    // The common case. A coordinate that is not a number is not in order.
    if (box[0] >= 0 && box[0] < box[2] && box[2] <= 1 && box[1] >= 0 && box[1] < box[3] && box[3] <= 1) {
      this.#add({ ...rest, box });
      return;
    }
    const text = `${name}: box [${[xMin, yMin, xMax, yMax].join(", ")}]`;
    const shares = this.#shares(
      [
        [xMin, yMin],
        [xMax, yMax],
      ],
      text,
      "ERR_BOX",
    );
    if (!shares) return;
    const [[left, top], [right, bottom]] = shares as [Point, Point];
    if (left >= right || top >= bottom) {
      this.#refuse("ERR_BOX", `${text} has no area`, regionNotes.empty);
      return;
    }
    const [x1, y1, x2, y2] = [clamp(left), clamp(top), clamp(right), clamp(bottom)];
    const isEmpty = x1 >= x2 || y1 >= y2;
    if (this.#isAccepted(shares, isEmpty, text, "ERR_BOX")) this.#add({ ...rest, box: [x1, y1, x2, y2] });
  }

  /** Adds a polygon by its corners. */
  addPolygon(points: readonly Point[], name: string, rest: Partial<Annotation>): void {
    if (points.length < 3) {
      this.#refuse(
        "ERR_POLYGON",
        `${name}: a polygon has ${points.length} corners, and needs three`,
        regionNotes.corners,
      );
      return;
    }
    const text = `${name}: a polygon`;
    const shares = this.#shares(points, text, "ERR_POLYGON");
    if (!shares) return;
    const inside = isOver(shares) ? clipped(shares) : shares.map(([x, y]): Point => [clamp(x), clamp(y)]);
    const isEmpty = inside.length < 3 || (isOver(shares) && areaOf(inside) === 0);
    if (this.#isAccepted(shares, isEmpty, text, "ERR_POLYGON")) {
      this.#add({ ...rest, polygon: inside as [number, number][] });
    }
  }

  /** Adds a point. */
  addPoint(x: number, y: number, name: string, rest: Partial<Annotation>): void {
    const text = `${name}: point [${x}, ${y}]`;
    const shares = this.#shares([[x, y]], text, "ERR_POINT");
    // A point has no part inside, so it is left out where a region is cut.
    if (!shares || !this.#isAccepted(shares, isOver(shares), text, "ERR_POINT")) return;
    const [[left, top]] = shares as [Point];
    this.#add({ ...rest, point: [clamp(left), clamp(top)] });
  }

  /** Adds an annotation that has no coordinates to convert. */
  add(annotation: Partial<Annotation>): void {
    this.#add({ ...annotation });
  }

  /** Throws the error of the first region that is not valid, if regions may fail their input. @throws {InputError} ERR_BOX, ERR_POLYGON, ERR_POINT */
  check(): void {
    if (!this.#failure) return;
    const more = this.#failures > 1 ? ` (and ${this.#failures - 1} more in this image)` : "";
    const step = 'invalid: "clip" cuts regions at the edge, "drop" leaves them out';
    throw new InputError(this.#failure.code, `${this.#failure.message}${more}; ${step}`);
  }

  #add(annotation: Partial<Annotation>): void {
    annotation.concepts ??= [];
    this.annotations.push(annotation as Annotation);
  }

  /** Returns the points as shares; undefined if one is not a number. */
  #shares(points: readonly Point[], name: string, code: string): Point[] | undefined {
    const { width, height } = this.#size;
    if (points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y))) {
      return points.map(([x, y]): Point => [x / width, y / height]);
    }
    this.#refuse(code, `${name} has a coordinate that is not a number`, regionNotes.numbers);
    return undefined;
  }

  /** Whether a region is added, as far as it lies inside. `isEmpty`: no part of it does. */
  #isAccepted(shares: readonly Point[], isEmpty: boolean, name: string, code: string): boolean {
    if (!isOver(shares)) return true;
    if (this.#policy === "clip" && !isEmpty) {
      this.notes.add(regionNotes.clipped);
      return true;
    }
    const { width, height } = this.#size;
    const frame = width === 1 && height === 1 ? "" : ` of ${width} × ${height} pixels`;
    this.#refuse(code, `${name} does not lie inside the image${frame}`, regionNotes.outside);
    return false;
  }

  #refuse(code: string, text: string, note: string): void {
    if (this.#policy !== "fail") {
      this.notes.add(note);
      return;
    }
    this.#failures += 1;
    this.#failure ??= new InputError(code, text);
  }
}

function clamp(value: number, one = 0, other = 1): number {
  return Math.min(Math.max(one, other), Math.max(Math.min(one, other), value));
}

/** Regions of one image: converts the coordinates of a format, and decides what happens with those that are not valid. */

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
  corners: "a polygon of fewer than three corners was left out",
} as const;

/** Corners in the unit of the format: pixels, or shares with a size of 1 × 1. */
type Point = readonly [x: number, y: number];

/** Distance over the edge that comes from the digits of a format, as a share. It is cut without a note. */
const tolerance = 1e-6;

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
    const text = `box [${[xMin, yMin, xMax, yMax].join(", ")}]`;
    const corners = this.#shares(
      [
        [xMin, yMin],
        [xMax, yMax],
      ],
      `${name}: ${text}`,
      "ERR_BOX",
    );
    if (!corners) return;
    const [[x1, y1], [x2, y2]] = corners as [Point, Point];
    if (x1 < x2 && y1 < y2) this.#add({ ...rest, box: [x1, y1, x2, y2] });
    else this.#refuse("ERR_BOX", `${name}: ${text} has no area`, regionNotes.empty);
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
    const polygon = this.#shares(points, `${name}: a polygon`, "ERR_POLYGON");
    if (polygon) this.#add({ ...rest, polygon: polygon as [number, number][] });
  }

  /** Adds a point. */
  addPoint(x: number, y: number, name: string, rest: Partial<Annotation>): void {
    const [point] = this.#shares([[x, y]], `${name}: point [${x}, ${y}]`, "ERR_POINT") ?? [];
    if (point) this.#add({ ...rest, point: point as [number, number] });
  }

  /** Adds an annotation that has no coordinates to convert. */
  add(annotation: Partial<Annotation>): void {
    this.#add(annotation);
  }

  /** Throws the error of the first region that is not valid, if regions may fail their input. @throws {InputError} ERR_BOX, ERR_POLYGON, ERR_POINT */
  check(): void {
    if (!this.#failure) return;
    const more = this.#failures > 1 ? ` (and ${this.#failures - 1} more in this image)` : "";
    const step = 'invalid: "clip" cuts regions at the edge, "drop" leaves them out';
    throw new InputError(this.#failure.code, `${this.#failure.message}${more}; ${step}`);
  }

  #add(annotation: Partial<Annotation>): void {
    this.annotations.push({ ...annotation, concepts: annotation.concepts ?? [] });
  }

  /** Returns the points as shares; undefined if the region is refused or left out. */
  #shares(points: readonly Point[], name: string, code: string): Point[] | undefined {
    const { width, height } = this.#size;
    if (points.some(([x, y]) => !Number.isFinite(x) || !Number.isFinite(y))) {
      this.#refuse(code, `${name} has a coordinate that is not a number`, regionNotes.empty);
      return undefined;
    }
    const shares = points.map(([x, y]): Point => [x / width, y / height]);
    const inside = shares.map(([x, y]): Point => [clamp(x), clamp(y)]);
    const isOver = shares.some(([x, y]) => Math.abs(x - clamp(x)) > tolerance || Math.abs(y - clamp(y)) > tolerance);
    if (!isOver) return inside;
    if (this.#policy === "clip" && (points.length > 1 || code !== "ERR_POINT")) {
      this.notes.add(regionNotes.clipped);
      return inside;
    }
    const frame = width === 1 && height === 1 ? "" : ` of ${width} × ${height} pixels`;
    this.#refuse(code, `${name} does not lie inside the image${frame}`, regionNotes.outside);
    return undefined;
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

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

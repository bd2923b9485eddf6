/** Makes annotations of regions of a picture, and of a whole input. */

import { InputError } from "../../core/errors.js";
import { checkMask } from "../../core/input/annotations/check-annotation.js";
import { checkBox, checkCorner, checkCorners, checkPoint } from "../../core/input/annotations/regions.js";
import { conceptsFrom } from "../../core/input/concepts.js";
import { isPlainObject } from "../../core/input/frozen-json.js";
import type { Annotation } from "../../core/input/input.js";
import { formatValue } from "../../core/util/format/format-value.js";
import { type Drawing, hintFor, type Labels, named, type RegionOptions, sized } from "./drawing.js";

/**
 * Makes the annotation of a box `[xMin, yMin, xMax, yMax]` with its concepts. x counts from the left, y from the top; both are shares from 0 to 1, or
 * pixels with `pixels`.
 *
 * @throws {InputError} ERR_BOX
 * @example boundingBox([10, 20, 110, 220], "face", { pixels: { width: 640, height: 480 } })
 */
export function boundingBox(corners: readonly number[], labels: Labels, options: RegionOptions = {}): Drawing {
  return sized(options, (width, height) => ({
    ...named(options),
    box: sharesOf(corners, options, width, height),
    concepts: conceptsFrom(labels),
  }));
}

/** Checks the corners of a box and returns them as shares. @throws {InputError} ERR_BOX */
export function sharesOf(corners: readonly number[], options: RegionOptions, width = 1, height = 1) {
  if (!Array.isArray(corners))
    throw new InputError("ERR_BOX", `boundingBox takes [xMin, yMin, xMax, yMax], got ${formatValue(corners)}`);
  const shares = corners.map((value, index) => value / (index % 2 === 0 ? width : height));
  checkBox(shares, `box [${corners.join(", ")}]`, hintFor(options));
  return shares as [number, number, number, number];
}

/**
 * Makes the annotation of a polygon with its concepts. It has three or more corners `[x, y]`, which are shares from 0 to 1, or pixels with `pixels`.
 *
 * @throws {InputError} ERR_POLYGON
 * @example polygon([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]], "sail")
 */
export function polygon(points: readonly (readonly number[])[], labels: Labels, options: RegionOptions = {}): Drawing {
  return sized(options, (width, height) => ({
    ...named(options),
    polygon: cornersOf(points, options, width, height),
    concepts: conceptsFrom(labels),
  }));
}

/** Checks the corners of a polygon and returns them as shares. @throws {InputError} ERR_POLYGON */
export function cornersOf(points: readonly (readonly number[])[], options: RegionOptions, width = 1, height = 1) {
  if (!Array.isArray(points) || !points.every(Array.isArray)) {
    throw new InputError("ERR_POLYGON", `polygon takes [[x, y], [x, y], …], got ${formatValue(points)}`);
  }
  checkCorners(points.length);
  return points.map((point) => {
    const [x = Number.NaN, y = Number.NaN] = point;
    const corner: [number, number] = [x / width, y / height];
    checkCorner(corner, `polygon point [${point.join(", ")}]`, hintFor(options));
    return corner;
  });
}

/**
 * Makes the annotation of a point `[x, y]` with its concepts. x counts from the left, y from the top; both are shares from 0 to 1, or pixels with `pixels`.
 *
 * @throws {InputError} ERR_POINT
 * @example point([0.4, 0.25], "nose")
 */
export function point(at: readonly number[], labels: Labels, options: RegionOptions = {}): Drawing {
  if (!Array.isArray(at)) throw new InputError("ERR_POINT", `point takes [x, y], got ${formatValue(at)}`);
  return sized(options, (width, height) => {
    const shares = at.map((value, index) => value / (index === 0 ? width : height));
    checkPoint(shares, `point [${at.join(", ")}]`, hintFor(options));
    return { ...named(options), concepts: conceptsFrom(labels), point: shares as [number, number] };
  });
}

/**
 * Makes the annotation of a mask with its concepts: the pixels of a region, as the bytes of a PNG, or as its address. The PNG should have the proportions
 * of the picture.
 *
 * @throws {InputError} ERR_MASK
 * @example
 * import { readFile } from "node:fs/promises";
 * mask(await readFile("masks/cat.png"), "cat")
 */
export function mask(png: Uint8Array | { url: string }, labels: Labels, options: { id?: string } = {}): Annotation {
  const made = png instanceof Uint8Array ? { base64: Buffer.from(png).toString("base64") } : png;
  if (!isPlainObject(made) || Object.values(made).length !== 1 || typeof Object.values(made)[0] !== "string") {
    throw new InputError("ERR_MASK", `mask takes the bytes of a PNG or { url }, got ${formatValue(png)}`);
  }
  checkMask(made);
  return { ...named(options), concepts: conceptsFrom(labels), mask: made };
}

/**
 * Makes an annotation with concepts of the whole input.
 *
 * @example concept("portrait", { id: "a-1" })
 */
export function concept(labels: Labels, options: { id?: string } = {}): Annotation {
  return { ...named(options), concepts: conceptsFrom(labels) };
}

/** Transform: adds annotations: boxes, polygons and concepts. */

import { InputError } from "../core/errors.js";
import { conceptsFrom } from "../core/input/concepts.js";
import { isPlainObject } from "../core/input/frozen-json.js";
import type { Annotation, Concept, Input } from "../core/input/input.js";
import { checkBox, checkCorner, checkCorners } from "../core/input/regions.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

type Labels = string | Concept | readonly (string | Concept)[];

/** Options of `box` and `polygon`. */
export interface RegionOptions {
  /** Coordinates are pixels of an image of this size; `true` takes the size of the input's own image. Default: shares from 0 to 1. */
  pixels?: { width: number; height: number } | true | undefined;
  /** Id of the annotation, for patching and deleting it later. */
  id?: string | undefined;
}

/** An annotation, or one whose pixels wait for the size of the input's image. */
export type Drawing = Annotation | ((input: Input) => Annotation);

/**
 * Adds annotations to each input: what the function returns, made with `box`, `polygon` and `concept`.
 *
 * Keeps order. An input whose annotation lies outside of its image, or is turned round, settles as failed; the value is named, and so is the
 * way to pass pixels.
 *
 * @example
 * flow(fromIterable([{ id: "cat", image: { path: "cat.jpg" } }])).pipe(
 *   annotate(() => [boundingBox([0.1, 0.1, 0.8, 0.9], "cat")]),
 * );
 */
export const annotate = defineTransform({
  name: "annotate",
  parse: (
    draw: (
      input: Input,
    ) => Drawing | readonly Drawing[] | undefined | Promise<Drawing | readonly Drawing[] | undefined>,
  ) => draw,
  apply: (input, draw) => whenThere(draw(input), (drawings) => withAnnotations(input, drawings)),
});

function withAnnotations(input: Input, drawings: Drawing | readonly Drawing[] | null | undefined): Input {
  const list = Array.isArray(drawings)
    ? (drawings as readonly Drawing[])
    : [(drawings as Drawing | undefined) ?? []].flat();
  const added = list.map((drawing) => checked(typeof drawing === "function" ? drawing(input) : drawing));
  return { ...input, annotations: [...input.annotations, ...added] };
}

/** An annotation that was written by hand, as `box` and `polygon` would have made it. */
function checked(annotation: Annotation): Annotation {
  if (!isPlainObject(annotation)) {
    throw new InputError(
      "ERR_ANNOTATION",
      `annotate takes what box, polygon and concept make, got ${formatValue(annotation)}`,
    );
  }
  const { box: corners, polygon: points, concepts } = annotation;
  if (corners) sharesOf(corners, {});
  if (points) cornersOf(points, {});
  return { ...annotation, concepts: conceptsFrom(concepts) };
}

/**
 * A box `[xMin, yMin, xMax, yMax]` with its concepts; x from the left, y from the top.
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

function sharesOf(corners: readonly number[], options: RegionOptions, width = 1, height = 1) {
  if (!Array.isArray(corners))
    throw new InputError("ERR_BOX", `box takes [xMin, yMin, xMax, yMax], got ${formatValue(corners)}`);
  const shares = corners.map((value, index) => value / (index % 2 === 0 ? width : height));
  checkBox(shares, `box [${corners.join(", ")}]`, hintFor(options));
  return shares as [number, number, number, number];
}

/**
 * A polygon of three corners `[x, y]` or more, with its concepts.
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

function cornersOf(points: readonly (readonly number[])[], options: RegionOptions, width = 1, height = 1) {
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

/** An annotation of the input as a whole. */
export function concept(labels: Labels, options: { id?: string } = {}): Annotation {
  return { ...named(options), concepts: conceptsFrom(labels) };
}

/** Divides by the size at once, when it is known, and otherwise when the input is there. */
function sized({ pixels }: RegionOptions, make: (width: number, height: number) => Annotation): Drawing {
  if (pixels === undefined) return make(1, 1);
  if (pixels !== true) return make(pixels.width, pixels.height);
  return ({ image }) => {
    if (image?.width === undefined || image.height === undefined) {
      throw new InputError(
        "ERR_SIZE_UNKNOWN",
        "pixels: true needs an image whose size is known; pass { pixels: { width, height } }",
      );
    }
    return make(image.width, image.height);
  };
}

function hintFor({ pixels }: RegionOptions): string {
  return pixels === undefined
    ? "; for pixels, pass { pixels: true }, or the size as { pixels: { width, height } }"
    : "";
}

function named({ id }: { id?: string | undefined }): { id?: string } {
  return id === undefined ? {} : { id };
}

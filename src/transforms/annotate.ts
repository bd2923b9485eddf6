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

/** Options of `boundingBox` and `polygon`. */
export interface RegionOptions {
  /** Size of the image, if the coordinates are pixels; `true` takes the size of the input's image. Default: coordinates are shares from 0 to 1. */
  pixels?: { width: number; height: number } | true | undefined;
  /** Id of the annotation, for patching and deleting it later. */
  id?: string | undefined;
}

/** An annotation, or a function that makes it when the size of the input's image is known. */
export type Drawing = Annotation | ((input: Input) => Annotation);

/**
 * Adds annotations to each input. The function, which may be async, returns annotations that `boundingBox`, `polygon` and `concept` make.
 *
 * Keeps order. An input settles as failed if an annotation lies outside of the image, or if the minimum of a box is not below its maximum. The error
 * names the value, and how to pass pixels.
 *
 * @throws {InputError} (fails the input) ERR_ANNOTATION, ERR_BOX, ERR_POLYGON, ERR_SIZE_UNKNOWN
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
  const added = list.map((drawing) => checkAnnotation(typeof drawing === "function" ? drawing(input) : drawing));
  return { ...input, annotations: [...input.annotations, ...added] };
}

/** Checks an annotation as `boundingBox` and `polygon` do, since it may be an object literal. */
function checkAnnotation(annotation: Annotation): Annotation {
  if (!isPlainObject(annotation)) {
    throw new InputError(
      "ERR_ANNOTATION",
      `annotate: the function must return what boundingBox, polygon and concept make, got ${formatValue(annotation)}`,
    );
  }
  const { box: corners, polygon: points, concepts } = annotation;
  if (corners) sharesOf(corners, {});
  if (points) cornersOf(points, {});
  return { ...annotation, concepts: conceptsFrom(concepts) };
}

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

function sharesOf(corners: readonly number[], options: RegionOptions, width = 1, height = 1) {
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

/**
 * Makes an annotation with concepts of the whole input.
 *
 * @example concept("portrait", { id: "a-1" })
 */
export function concept(labels: Labels, options: { id?: string } = {}): Annotation {
  return { ...named(options), concepts: conceptsFrom(labels) };
}

/** Makes an annotation at once if the size of the image is known, else when its input arrives. */
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

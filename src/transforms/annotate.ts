/** Transform: adds annotations. The functions that make annotations of each kind are in `annotate/`. */

import { InputError } from "../core/errors.js";
import { checkAnnotation as check } from "../core/input/annotations/check-annotation.js";
import { Annotation as AnnotationShape } from "../core/input/annotations/schema.js";
import { conceptsFrom } from "../core/input/concepts.js";
import { isPlainObject } from "../core/input/frozen-json.js";
import type { Annotation, Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format/format-value.js";
import { whenThere } from "../core/util/thenable.js";
import type { Drawing } from "./annotate/drawing.js";
import { cornersOf, sharesOf } from "./annotate/regions.js";

/**
 * Adds annotations to each input. The function, which may be async, returns annotations that `boundingBox`, `polygon`,
 * `point`, `mask`, `textSpan`, `videoFrame`, `timeSegment` and `concept` make.
 *
 * Keeps order. An input settles as failed if an annotation lies outside of the image or text, if a minimum is not below its maximum, or if the
 * annotation does not fit the kind of the input: a span needs a text, a frame a video, a time segment a video or audio. The error names the value, and how
 * to pass pixels.
 *
 * @throws {InputError} (fails the input) ERR_ANNOTATION, ERR_ANNOTATION_KIND, ERR_BOX, ERR_POLYGON, ERR_POINT, ERR_MASK, ERR_SPAN, ERR_TIME_SEGMENT,
 * ERR_SIZE_UNKNOWN, ERR_TEXT_UNKNOWN
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
  const added = list.map((drawing) => checkAnnotation(typeof drawing === "function" ? drawing(input) : drawing, input));
  return { ...input, annotations: [...input.annotations, ...added] };
}

/** Checks an annotation as the functions that make annotations do, since it may be an object literal. */
function checkAnnotation(annotation: Annotation, input: Input): Annotation {
  if (!isPlainObject(annotation)) {
    throw new InputError(
      "ERR_ANNOTATION",
      `annotate: the function must return what boundingBox, polygon, concept and the like make, got ${formatValue(annotation)}`,
    );
  }
  const { box: corners, polygon: points, concepts } = annotation;
  if (corners) sharesOf(corners, {});
  if (points) cornersOf(points, {});
  const checked = { ...annotation, concepts: conceptsFrom(concepts) };
  // An annotation of another shape fails with the path of its field when the result of the transform is checked.
  if (AnnotationShape.safeParse(checked).success) check(checked, input);
  return checked;
}

/** The cells of an annotation in a table. */

import { annotationStatusWord } from "../../clarifai/wire/annotation-status.js";
import type { Annotation } from "../../core/input/input.js";

const shapes = ["box", "polygon", "mask", "point", "span"] as const;

/** Returns the cells: id, type, status and concepts. */
export function annotationCells(annotation: Annotation): string[] {
  const { id = "-", statusCode, concepts } = annotation;
  const names = concepts.map((concept) => concept.name ?? concept.id).join(", ");
  return [id, typeOf(annotation), annotationStatusWord(statusCode), names];
}

/** Names the shape of an annotation and the part that it is in: `box`, `frame box`, `segment`, `concepts`. */
function typeOf(annotation: Annotation): string {
  const shape = shapes.find((name) => annotation[name] !== undefined);
  const part = annotation.frame ? "frame" : annotation.timeSegment ? "segment" : undefined;
  const words = [part, shape].filter((word) => word !== undefined);
  return words.length > 0 ? words.join(" ") : annotation.data ? "data" : "concepts";
}

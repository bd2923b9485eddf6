/** Rotation: moves annotations with the pixels of an image. */

import { checkRotatable } from "../../core/input/annotations/regions.js";
import type { Annotation } from "../../core/input/input.js";

/** The new position of a point of the stored pixels, by EXIF orientation. */
const rotations: Record<number, (x: number, y: number) => [number, number]> = {
  2: (x, y) => [1 - x, y],
  3: (x, y) => [1 - x, 1 - y],
  4: (x, y) => [x, 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [1 - y, x],
  7: (x, y) => [1 - y, 1 - x],
  8: (x, y) => [y, 1 - x],
};

/** Whether an EXIF orientation needs a rotation or reflection. */
export function asksForTurn(orientation: number): boolean {
  return rotations[orientation] !== undefined;
}

/** Converts an annotation from the stored pixels to the upright pixels. @throws {InputError} ERR_REGION */
export function turned(annotation: Annotation, orientation: number): Annotation {
  const rotate = rotations[orientation];
  if (!rotate) return annotation;
  checkRotatable(annotation);
  const { box, polygon, point } = annotation;
  const changed = { ...annotation };
  if (box) {
    const [x1, y1] = rotate(box[0], box[1]);
    const [x2, y2] = rotate(box[2], box[3]);
    changed.box = [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  }
  if (point) changed.point = rotate(...point);
  if (polygon) changed.polygon = polygon.map(([x, y]) => rotate(x, y));
  return changed;
}

/** Turns annotations between the stored pixels of an image and the pixels that people see. */

import { checkRotatable } from "../../core/input/annotations/regions.js";
import type { Annotation } from "../../core/input/input.js";

type Move = (x: number, y: number) => [number, number];

/** The new position of a point of the stored pixels, by EXIF orientation. */
const upright: Record<number, Move> = {
  2: (x, y) => [1 - x, y],
  3: (x, y) => [1 - x, 1 - y],
  4: (x, y) => [x, 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [1 - y, x],
  7: (x, y) => [1 - y, 1 - x],
  8: (x, y) => [y, 1 - x],
};
/** Orientations that undo others. All other orientations undo themselves. */
const inverse: Record<number, number> = { 6: 8, 8: 6 };

/** Whether an EXIF orientation needs a rotation or reflection. */
export function asksForTurn(orientation: number): boolean {
  return upright[orientation] !== undefined;
}

/** Whether an EXIF orientation exchanges width and height. */
export function swapsSides(orientation: number): boolean {
  return orientation >= 5 && orientation <= 8;
}

/** Converts an annotation from the stored pixels to the upright pixels. @throws {InputError} ERR_REGION */
export function turned(annotation: Annotation, orientation: number): Annotation {
  const move = upright[orientation];
  if (!move) return annotation;
  checkRotatable(annotation);
  const { box, polygon, point } = annotation;
  const changed = { ...annotation };
  if (box) {
    const [x1, y1] = move(box[0], box[1]);
    const [x2, y2] = move(box[2], box[3]);
    changed.box = [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  }
  if (point) changed.point = move(...point);
  if (polygon) changed.polygon = polygon.map(([x, y]) => move(x, y));
  return changed;
}

/** Converts an annotation from the upright pixels to the stored pixels. @throws {InputError} ERR_REGION */
export function turnedBack(annotation: Annotation, orientation: number): Annotation {
  return turned(annotation, inverse[orientation] ?? orientation);
}

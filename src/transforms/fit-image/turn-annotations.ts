/** Turning: moves annotations with the pixels of an image. */

import type { Annotation } from "../../core/input/input.js";
import { checkTurnable } from "../../core/input/regions.js";

/** Where a point of the stored pixels goes, by EXIF orientation. */
const turns: Record<number, (x: number, y: number) => [number, number]> = {
  2: (x, y) => [1 - x, y],
  3: (x, y) => [1 - x, 1 - y],
  4: (x, y) => [x, 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [1 - y, x],
  7: (x, y) => [1 - y, 1 - x],
  8: (x, y) => [y, 1 - x],
};

/** Whether an EXIF orientation asks for a turn. */
export function asksForTurn(orientation: number): boolean {
  return turns[orientation] !== undefined;
}

/** An annotation on the stored pixels as one on the upright pixels. @throws {InputError} ERR_REGION */
export function turned(annotation: Annotation, orientation: number): Annotation {
  const turn = turns[orientation];
  if (!turn) return annotation;
  checkTurnable(annotation);
  const { box, polygon } = annotation;
  const changed = { ...annotation };
  if (box) {
    const [x1, y1] = turn(box[0], box[1]);
    const [x2, y2] = turn(box[2], box[3]);
    changed.box = [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  }
  if (polygon) changed.polygon = polygon.map(([x, y]) => turn(x, y));
  return changed;
}

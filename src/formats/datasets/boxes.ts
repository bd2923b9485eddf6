/** Boxes for formats that have no other shape: reports what a region loses as a box. */

import type { Annotation } from "../../core/input/input.js";
import type { Picture } from "../annotations/picture.js";
import { turned } from "../annotations/turn.js";
import type { LossList } from "../dataset-folder/losses.js";
import { type Bitmap, uprightBitmapOf } from "../masks/bitmap.js";

export type Box = readonly [xMin: number, yMin: number, xMax: number, yMax: number];

/** Returns a region as a box of the upright image, in shares; undefined for an annotation that cannot be one, whose loss is added. @throws {InputError} ERR_MASK, ERR_REGION */
export async function uprightBox(
  annotation: Annotation,
  { orientation }: Picture,
  losses: LossList,
): Promise<Box | undefined> {
  if (annotation.mask) {
    if ("url" in annotation.mask) losses.add("mask lost", annotation.mask.url);
    else {
      const box = boxOfBitmap(await uprightBitmapOf(annotation, orientation));
      losses.add(box ? "mask written as its box" : "mask lost");
      return box;
    }
    return undefined;
  }
  const { box, polygon, point, span, concepts } = turned(annotation, orientation);
  if (box) return box;
  if (polygon) {
    const bounds = boxOfPoints(polygon);
    const hasArea = bounds[0] < bounds[2] && bounds[1] < bounds[3];
    losses.add(hasArea ? "polygon written as its box" : "polygon without area lost");
    return hasArea ? bounds : undefined;
  }
  if (point) losses.add("point lost", point.join(", "));
  else if (span) losses.add("span lost", `${span.start} to ${span.end}`);
  else losses.add("annotation without a region lost", concepts.map(({ id }) => id).join(", "));
  return undefined;
}

function boxOfPoints(points: readonly (readonly [number, number])[]): Box {
  let [xMin, yMin, xMax, yMax] = [1, 1, 0, 0];
  for (const [x, y] of points) {
    xMin = Math.min(xMin, x);
    yMin = Math.min(yMin, y);
    xMax = Math.max(xMax, x);
    yMax = Math.max(yMax, y);
  }
  return [xMin, yMin, xMax, yMax];
}

/** Returns the box around the pixels of a mask; undefined for an empty mask. */
function boxOfBitmap({ width, height, pixels }: Bitmap): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      if (pixels[y * width + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  return right < 0 ? undefined : [left / width, top / height, (right + 1) / width, (bottom + 1) / height];
}

/** Writes a number with at most `digits` decimals, and without those that are 0. */
export function shortNumber(value: number, digits = 6): number {
  return Number(value.toFixed(digits));
}

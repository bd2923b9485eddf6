/** Bitmaps: masks as one byte a pixel, which formats decode and encode. */

import { InputError } from "../../core/errors.js";
import type { Annotation, Mask } from "../../core/input/input.js";
import { type MaskPixels, maskOfPixels, maskTurnedBack, pixelsOfMask } from "../annotations/mask-pixels.js";
import type { PixelFrame } from "../datasets/frame.js";

/** Pixels of a mask, row by row: 0 outside, another value inside. */
export type Bitmap = MaskPixels;

/** Most pixels of a mask. */
const maxPixels = 200_000_000;
/** Orientations that undo others. All other orientations undo themselves. */
const inverse: Record<number, number> = { 6: 8, 8: 6 };

/** Makes an empty bitmap. @throws {InputError} ERR_MASK if it would have too many pixels, or none */
export function emptyBitmap(width: number, height: number, name: string): Bitmap {
  const isSize = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (isSize && width * height <= maxPixels) return { width, height, pixels: new Uint8Array(width * height) };
  const size = `${width} × ${height} pixels`;
  throw new InputError("ERR_MASK", `${name}: a mask of ${size}; it must have 1 to ${maxPixels} pixels`);
}

/** Makes a mask of a bitmap that lies in the pixels of `frame`: a PNG for the stored pixels, white inside and black outside. */
export function maskOf({ width, height, pixels }: Bitmap, { orientation }: PixelFrame): Promise<Mask> {
  const white = pixels.map((value) => (value === 0 ? 0 : 255));
  return maskOfPixels(maskTurnedBack({ width, height, pixels: white }, orientation));
}

/** Reads an image of a mask: what is neither black nor transparent is inside. @throws {InputError} ERR_MASK */
export function bitmapOf(base64: string): Promise<Bitmap> {
  return pixelsOfMask({ base64 });
}

/** Reads the mask of an annotation, as a bitmap of the upright pixels. @throws {InputError} ERR_MASK, also for the address of a mask */
export async function uprightBitmapOf({ mask }: Annotation, orientation: number): Promise<Bitmap> {
  if (!mask) throw new InputError("ERR_MASK", "the annotation has no mask");
  return maskTurnedBack(await pixelsOfMask(mask), inverse[orientation] ?? orientation);
}

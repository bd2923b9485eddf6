/** Bitmaps: masks as one byte a pixel. Makes PNGs of them, and reads PNGs. */

import { InputError } from "../../core/errors.js";
import type { Annotation, Mask } from "../../core/input/input.js";
import { swapsSides } from "../annotations/turn.js";
import type { Frame } from "../datasets/frame.js";

/** Pixels of a mask, row by row: 0 outside, another value inside. */
export interface Bitmap {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** Most pixels of a mask. */
const maxPixels = 200_000_000;

/** Makes an empty bitmap. @throws {InputError} ERR_MASK if it would have too many pixels, or none */
export function emptyBitmap(width: number, height: number, name: string): Bitmap {
  const isSize = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (isSize && width * height <= maxPixels) return { width, height, pixels: new Uint8Array(width * height) };
  throw new InputError(
    "ERR_MASK",
    `${name}: a mask of ${width} × ${height} pixels; it must have 1 to ${maxPixels} pixels`,
  );
}

/** Makes a mask of a bitmap that lies in the pixels of `frame`: a PNG for the stored pixels, white inside and black outside. */
export async function maskOf(bitmap: Bitmap, { orientation }: Frame): Promise<Mask> {
  const { default: sharp } = await import("sharp");
  const { width, height, pixels } = turnedBitmap(bitmap, orientation);
  const white = pixels.map((value) => (value === 0 ? 0 : 255));
  const image = sharp(white, { raw: { width, height, channels: 1 }, limitInputPixels: false }).toColourspace("b-w");
  const png = await image.png({ compressionLevel: 9 }).toBuffer();
  return { base64: png.toString("base64") };
}

/** Reads an image of a mask: its alpha channel if it has one with holes, else its brightness. @throws {InputError} ERR_MASK */
export async function bitmapOf(png: Uint8Array, name: string): Promise<Bitmap> {
  const { default: sharp } = await import("sharp");
  try {
    const image = sharp(png, { limitInputPixels: maxPixels });
    const { hasAlpha } = await image.metadata();
    const isOpaque = !hasAlpha || (await image.stats()).isOpaque;
    const channel = isOpaque ? image.removeAlpha().toColourspace("b-w") : image.extractChannel("alpha");
    const { data, info } = await channel.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (info.channels !== 1) throw new Error(`it has ${info.channels} channels`);
    return { width: info.width, height: info.height, pixels: data };
  } catch (error) {
    throw new InputError("ERR_MASK", `${name}: the mask is not an image that can be read`, { cause: error });
  }
}

/** Reads the mask of an annotation. @throws {InputError} ERR_MASK, also for the address of a mask */
export async function bitmapOfMask({ mask }: Annotation, name: string): Promise<Bitmap> {
  if (mask && "base64" in mask) return bitmapOf(Buffer.from(mask.base64, "base64"), name);
  throw new InputError("ERR_MASK", `${name}: the mask is an address; it is not fetched`);
}

/** Turns a bitmap of the upright pixels into one of the stored pixels. */
export function turnedBitmap(bitmap: Bitmap, orientation: number): Bitmap {
  const source = sources[orientation];
  if (!source) return bitmap;
  const [width, height] = swapsSides(orientation) ? [bitmap.height, bitmap.width] : [bitmap.width, bitmap.height];
  const pixels = new Uint8Array(bitmap.pixels.length);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [fromX, fromY] = source(x, y, width - 1, height - 1);
      pixels[y * width + x] = bitmap.pixels[fromY * bitmap.width + fromX] ?? 0;
    }
  return { width, height, pixels };
}

/** Turns a bitmap of the stored pixels into one of the upright pixels. */
export function uprightBitmap(bitmap: Bitmap, orientation: number): Bitmap {
  return turnedBitmap(bitmap, orientation === 6 ? 8 : orientation === 8 ? 6 : orientation);
}

/** Where the upright pixels have a stored pixel, by EXIF orientation. */
const sources: Record<number, (x: number, y: number, right: number, bottom: number) => [number, number]> = {
  2: (x, y, right) => [right - x, y],
  3: (x, y, right, bottom) => [right - x, bottom - y],
  4: (x, y, _, bottom) => [x, bottom - y],
  5: (x, y) => [y, x],
  6: (x, y, _, bottom) => [bottom - y, x],
  7: (x, y, right, bottom) => [bottom - y, right - x],
  8: (x, y, right) => [y, right - x],
};

/** Masks of annotations: pixels of a PNG. */

import { InputError } from "../../core/errors.js";
import type { Mask } from "../../core/input/input.js";
import { swapsSides } from "./turn.js";

/** Pixels of a mask, row by row, one byte each; 0 is not part of it. */
export interface MaskPixels {
  pixels: Uint8Array;
  width: number;
  height: number;
}

/** Makes a mask of pixels: a grey PNG with the values 0 and 255. */
export async function maskOfPixels({ pixels, width, height }: MaskPixels): Promise<Mask> {
  const { default: sharp } = await import("sharp");
  const image = sharp(pixels, { raw: { width, height, channels: 1 }, limitInputPixels: false });
  return { base64: (await image.toColourspace("b-w").png({ compressionLevel: 6 }).toBuffer()).toString("base64") };
}

/**
 * Reads the pixels of a mask. A pixel is part of it if it is neither black nor transparent.
 *
 * @throws {InputError} ERR_MASK for a mask that is an address, or that cannot be decoded
 */
export async function pixelsOfMask(mask: Mask): Promise<MaskPixels> {
  if ("url" in mask) throw new InputError("ERR_MASK", "the mask is a URL, which is not fetched");
  const { default: sharp } = await import("sharp");
  try {
    const image = sharp(Buffer.from(mask.base64, "base64"), { limitInputPixels: false });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const hasAlpha = channels === 2 || channels === 4;
    const colours = hasAlpha ? channels - 1 : channels;
    const pixels = new Uint8Array(width * height);
    for (let at = 0, pixel = 0; pixel < pixels.length; pixel += 1, at += channels) {
      if (hasAlpha && data[at + colours] === 0) continue;
      for (let colour = 0; colour < colours; colour += 1) if (data[at + colour] !== 0) pixels[pixel] = 255;
    }
    return { pixels, width, height };
  } catch (error) {
    throw new InputError("ERR_MASK", `the mask cannot be decoded: ${(error as Error).message}`, { cause: error });
  }
}

/** Scales a mask to another size, by the nearest pixel. */
export function scaledMask({ pixels, width, height }: MaskPixels, to: { width: number; height: number }): MaskPixels {
  const result = new Uint8Array(to.width * to.height);
  for (let row = 0; row < to.height; row += 1) {
    const from = Math.min(height - 1, Math.floor(((row + 0.5) * height) / to.height)) * width;
    for (let column = 0; column < to.width; column += 1) {
      const x = Math.min(width - 1, Math.floor(((column + 0.5) * width) / to.width));
      result[row * to.width + column] = pixels[from + x] as number;
    }
  }
  return { pixels: result, ...to };
}

/** Converts a mask of the upright pixels to one of the stored pixels. */
export function maskTurnedBack({ pixels, width, height }: MaskPixels, orientation: number): MaskPixels {
  const isSwapped = swapsSides(orientation);
  const [storedWidth, storedHeight] = isSwapped ? [height, width] : [width, height];
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < storedHeight; y += 1) {
    for (let x = 0; x < storedWidth; x += 1) {
      const [right, down] = [storedWidth - 1 - x, storedHeight - 1 - y];
      const [u, v] = uprightOf(orientation, x, y, right, down);
      result[y * storedWidth + x] = pixels[v * width + u] as number;
    }
  }
  return { pixels: result, width: storedWidth, height: storedHeight };
}

/** Returns where a stored pixel is in the upright image. `right` and `down` are its distances from the other edges. */
function uprightOf(orientation: number, x: number, y: number, right: number, down: number): [number, number] {
  switch (orientation) {
    case 2:
      return [right, y];
    case 3:
      return [right, down];
    case 4:
      return [x, down];
    case 5:
      return [y, x];
    case 6:
      return [down, x];
    case 7:
      return [down, right];
    case 8:
      return [y, right];
    default:
      return [x, y];
  }
}

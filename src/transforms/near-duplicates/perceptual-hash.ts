/** The perceptual hash of an image: 64 bits that change little if the image is resized, encoded again, or made lighter. */

import { InputError } from "../../core/errors.js";
import { pixelBudget } from "../../core/input/decoding.js";
import type { ReadableContent } from "../../core/input/input.js";
import { openImage } from "../fit-image/source-image.js";
import type { Hash64 } from "./hash-index.js";

/** Names how hashes are made. Hashes of different methods cannot be compared. */
export const hashMethod = "dct-32-8";

const side = 32;
const coefficients = 8;
const maxPixels = 268_000_000;
/** Root mean square of the coefficients. Below it, noise decides the bits: blank pages and plain colours would be like each other. */
const leastDetail = 100;

/** Cosines of the discrete cosine transform, by frequency and position. */
const cosines = Array.from({ length: coefficients }, (_, frequency) =>
  Float64Array.from({ length: side }, (_, at) => Math.cos(((2 * at + 1) * frequency * Math.PI) / (2 * side))),
);

/** The hash of an image, or why it has none. */
export type Hashed = Hash64 | "undecodable" | "no detail";

/** Hashes an image as people see it: upright, on white. @throws {InputError} ERR_FILE_UNREADABLE and other errors of reading */
export async function perceptualHash(content: ReadableContent): Promise<Hashed> {
  let pixels: Buffer;
  try {
    const image = await openImage(content, maxPixels);
    if (!image) return "undecodable";
    const megapixels = Math.max(1, Math.ceil((image.width * image.height) / 1_000_000));
    pixels = await pixelBudget.run(
      () =>
        image
          .open({ failOn: "truncated" })
          .autoOrient()
          .flatten({ background: "#fff" })
          .resize(side, side, { fit: "fill" })
          .greyscale()
          .raw()
          .toBuffer(),
      megapixels,
    );
  } catch (error) {
    // What sharp throws has no code of ours: the pixels are damaged.
    if (error instanceof InputError && error.code !== "ERR_IMAGE_UNDECODABLE") throw error;
    return "undecodable";
  }
  return hashOfPixels(pixels, pixels.length / (side * side));
}

/** Hashes 32 × 32 pixels. Each bit says whether one of the lowest frequencies is above their median. */
function hashOfPixels(pixels: Buffer, channels: number): Hashed {
  const found = lowFrequencies(pixels, channels);
  const others = found.slice(1); // the first coefficient is the brightness
  const energy = others.reduce((sum, value) => sum + value * value, 0) / others.length;
  if (Math.sqrt(energy) < leastDetail) return "no detail";
  const median = others.toSorted()[others.length >> 1] as number;
  let [high, low] = [0, 0];
  for (const [index, value] of others.entries()) {
    if (value <= median) continue;
    if (index < 32) high |= 1 << index;
    else low |= 1 << (index - 32);
  }
  return { high: high >>> 0, low: low >>> 0 };
}

/** Transforms rows, then columns. */
function lowFrequencies(pixels: Buffer, channels: number): Float64Array {
  const rows = new Float64Array(side * coefficients);
  for (let y = 0; y < side; y += 1) {
    for (const [u, cosine] of cosines.entries()) {
      let sum = 0;
      for (let x = 0; x < side; x += 1) sum += (pixels[(y * side + x) * channels] as number) * (cosine[x] as number);
      rows[y * coefficients + u] = sum;
    }
  }
  const result = new Float64Array(coefficients * coefficients);
  for (const [v, cosine] of cosines.entries()) {
    for (let u = 0; u < coefficients; u += 1) {
      let sum = 0;
      for (let y = 0; y < side; y += 1) sum += (rows[y * coefficients + u] as number) * (cosine[y] as number);
      result[v * coefficients + u] = sum;
    }
  }
  return result;
}

/** The perceptual hash of pixels: 64 bits that change little if the image is resized, encoded again, or made lighter. */

import type { Sharp } from "sharp";

/** A hash of 64 bits, as two numbers of 32 bits. */
export interface Hash64 {
  high: number;
  low: number;
}

/** Names how hashes are made. Hashes of different methods cannot be compared. */
export const hashMethod = "dct-32-8";

const side = 32;
const coefficients = 8;
/** Root mean square of the coefficients. Below it, noise decides the bits: blank pages and plain colours would be like each other. */
const leastDetail = 100;

/** Cosines of the discrete cosine transform, by frequency and position. */
const cosines = Array.from({ length: coefficients }, (_, frequency) =>
  Float64Array.from({ length: side }, (_, at) => Math.cos(((2 * at + 1) * frequency * Math.PI) / (2 * side))),
);

/** Decodes and hashes an image as people see it: upright, on white. */
export async function hashOfImage(image: Sharp): Promise<Hash64 | "no detail"> {
  const pixels = await image
    .autoOrient()
    .flatten({ background: "#fff" })
    .resize(side, side, { fit: "fill" })
    .greyscale()
    .raw()
    .toBuffer();
  return hashOfPixels(pixels, pixels.length / (side * side));
}

/** Hashes 32 × 32 pixels. Each bit says whether one of the lowest frequencies is above their median. */
function hashOfPixels(pixels: Buffer, channels: number): Hash64 | "no detail" {
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

/** Counts the bits that two hashes differ in. */
export function distanceOf(one: Hash64, other: Hash64): number {
  return bitsIn(one.high ^ other.high) + bitsIn(one.low ^ other.low);
}

/** Counts the bits of a number of 32 bits. */
export function bitsIn(value: number): number {
  let bits = value - ((value >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

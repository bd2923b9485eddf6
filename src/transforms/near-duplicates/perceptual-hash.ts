/** Decodes an image and makes its perceptual hash. */

import { InputError } from "../../core/errors.js";
import { pixelBudget } from "../../core/input/decoding.js";
import type { ReadableContent } from "../../core/input/input.js";
import { type Hash64, hashOfImage } from "../../formats/perceptual-hash/hash.js";
import { openImage } from "../fit-image/source-image.js";

const maxPixels = 268_000_000;

/** The hash of an image, or why it has none. */
export type Hashed = Hash64 | "undecodable" | "no detail";

/** Hashes an image as people see it: upright, on white. @throws {InputError} ERR_FILE_UNREADABLE and other errors of reading */
export async function perceptualHash(content: ReadableContent): Promise<Hashed> {
  try {
    const image = await openImage(content, maxPixels);
    if (!image) return "undecodable";
    const megapixels = Math.max(1, Math.ceil((image.width * image.height) / 1_000_000));
    return await pixelBudget.run(() => hashOfImage(image.open({ failOn: "truncated" })), megapixels);
  } catch (error) {
    // What sharp throws has no code of ours: the pixels are damaged.
    if (error instanceof InputError && error.code !== "ERR_IMAGE_UNDECODABLE") throw error;
    return "undecodable";
  }
}

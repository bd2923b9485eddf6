/** Decoding of images: the memory that it may take, and the texts of its errors. */

import { describeError } from "../errors.js";
import { Semaphore } from "../util/semaphore.js";

/** Bounds the images that all flows and emulators of the process decode at once. Weights are megapixels. */
export const pixelBudget = new Semaphore(200);

const formats = ["jpeg", "png", "webp", "gif", "tiff", "heif"];

/**
 * Formats the error of a decoder on one line.
 *
 * The decoder collects its messages in one place for the whole process, so images that are decoded at the same time get each other's lines. Lines that
 * name another format are left out.
 */
export function decodeErrorText(error: unknown, mimeType: string | undefined): string {
  const own = mimeType?.replace(/^image\/a?/, "") ?? "";
  const lines = describeError(error)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "Unknown error")
    .filter((line) => !formats.some((format) => format !== own && line.toLowerCase().includes(format)));
  return lines.length > 0 ? [...new Set(lines)].join("; ") : "its data are damaged or truncated";
}

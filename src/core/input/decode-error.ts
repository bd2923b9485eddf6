/** What a decoder of images says about one of them. */

import { describeError } from "../errors.js";

const formats = ["jpeg", "png", "webp", "gif", "tiff", "heif"];

/**
 * The text of a decoder's error, on one line. The decoder gathers what it has to say in one place for the whole process: images that are decoded
 * side by side get each other's lines, so those that speak of another format are left out.
 */
export function decodeErrorText(error: unknown, mimeType: string | undefined): string {
  const own = mimeType?.replace(/^image\/a?/, "") ?? "";
  const lines = describeError(error)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "Unknown error")
    .filter((line) => !formats.some((format) => format !== own && line.toLowerCase().includes(format)));
  return lines.length > 0 ? [...new Set(lines)].join("; ") : "its data are broken or cut short";
}

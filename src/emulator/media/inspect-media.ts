/** Inspects stored media: kind, format, limits, and whether the file is complete. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { decodeErrorText, pixelBudget } from "../../core/input/decoding.js";
import { type Described, describeFile } from "../../core/input/describe.js";
import type { FileContent } from "../../core/input/input.js";
import type { Kind } from "../../core/input/kinds.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { isCompleteTiff, truncationOf } from "../../formats/media/truncated-media.js";
import { ProcessingFailure } from "./processing-failure.js";

/** Descriptions of stored files by their SHA-256. */
export type DescribedFiles = Map<string, Described<FileContent>>;

/** Names of image formats in the API, by media type. */
const imageFormats = new Map([
  ["image/jpeg", "JPEG"],
  ["image/png", "PNG"],
  ["image/apng", "PNG"],
  ["image/webp", "WEBP"],
  ["image/gif", "GIF"],
  ["image/tiff", "TIFF"],
  ["image/bmp", "BMP"],
]);
const refusedTypes: ReadonlySet<string> = new Set(limits.refusedTypes);

/** Returns the problem of an image with more pixels than the limit. */
export function pixelProblem({ width = 0, height = 0 }: Pick<FileContent, "width" | "height">): string | undefined {
  const megapixels = (width * height) / 1_000_000;
  if (megapixels <= limits.maxMegapixels) return undefined;
  return `the image has ${megapixels.toFixed(2)} megapixels; the limit is ${limits.maxMegapixels}`;
}

/** Returns the info of a text that was sent without a file. */
export function textInfo(text: JsonObject | undefined): JsonObject {
  const raw = typeof text?.raw === "string" ? text.raw : "";
  return { text_info: { char_count: [...raw].length, encoding: "UTF8" } };
}

/**
 * Inspects stored content: its kind, its format, its limits, and whether it is complete. Returns the info of the medium; a promise only if the content
 * must be decoded or is of a rare type.
 *
 * @param description a description of the file, if the caller has it
 * @throws {ProcessingFailure} 30002, 30101, 30105, 30300
 */
export function inspectMedia(
  kind: Kind,
  path: string,
  description?: Described<FileContent>,
): JsonObject | Promise<JsonObject> {
  if (description) return inspectDescribed(kind, path, description);
  if (statSync(path).size === 0)
    throw new ProcessingFailure(statusCodes.ALL_INPUT_INVALID_BYTES, "the content is empty");
  const described = describeFile(path, kind);
  if (!(described instanceof Promise)) return inspectDescribed(kind, path, described);
  return described.then((later) => inspectDescribed(kind, path, later));
}

function inspectDescribed(
  kind: Kind,
  path: string,
  described: Described<FileContent>,
): JsonObject | Promise<JsonObject> {
  const { mimeType } = described.content;
  if (described.kind !== kind) {
    throw failure(`the content is ${mimeType ?? "of no known type"}, not ${kind}`);
  }
  if (kind === "text") return {};
  if (refusedTypes.has(mimeType ?? "")) throw unsupported(mimeType);
  if (kind === "image") return inspectImage(path, described.content);
  const truncation = truncationOf(path, mimeType);
  if (truncation !== undefined) throw failure(`the ${kind} is cut short: ${truncation}`);
  return {};
}

function inspectImage(
  path: string,
  { mimeType, width, height, sizeBytes }: FileContent,
): JsonObject | Promise<JsonObject> {
  const format = imageFormats.get(mimeType ?? "");
  if (format === undefined) throw unsupported(mimeType);
  if (width === undefined || height === undefined) throw failure("the image cannot be decoded");
  const problem = pixelProblem({ width, height });
  if (problem !== undefined) throw new ProcessingFailure(statusCodes.INPUT_OVER_LIMIT, problem);
  const info = { image_info: { width, height, format, color_mode: "YUV" } };
  if (seemsComplete(path, sizeBytes ?? statSync(path).size, format)) return info;
  const megapixels = Math.max(1, Math.ceil((width * height) / 1_000_000));
  return pixelBudget.run(() => decode(path, mimeType), megapixels).then(() => info);
}

function failure(message: string): ProcessingFailure {
  return new ProcessingFailure(statusCodes.INPUT_FAILED, message);
}

function unsupported(mimeType: string | undefined): ProcessingFailure {
  return new ProcessingFailure(statusCodes.INPUT_UNSUPPORTED_FORMAT, `${mimeType ?? "this format"} is not supported`);
}

/** Checks the length or the end of an image file. Nearly every image passes, so it need not be decoded. */
function seemsComplete(path: string, size: number, format: string): boolean {
  const file = openSync(path, "r");
  try {
    if (format === "TIFF") return isCompleteTiff(file, size);
    if (format === "WEBP") return size >= lengthInHeader(file, 4) + 8;
    if (format === "BMP") return size >= lengthInHeader(file, 2);
    const tail = Buffer.alloc(Math.min(size, 64));
    readSync(file, tail, 0, tail.length, size - tail.length);
    if (format === "JPEG") return tail.includes(Buffer.from([0xff, 0xd9]));
    if (format === "PNG") return tail.includes("IEND");
    return format === "GIF" && tail.at(-1) === 0x3b;
  } finally {
    closeSync(file);
  }
}

function lengthInHeader(file: number, at: number): number {
  const head = Buffer.alloc(8);
  readSync(file, head, 0, head.length, 0);
  return head.readUInt32LE(at);
}

/** Decodes an image, to find errors in it. */
async function decode(path: string, mimeType: string | undefined): Promise<void> {
  const { default: sharp } = await import("sharp");
  try {
    // Resizing to one pixel reads all pixels. Other calls of sharp overlook errors while another image is decoded.
    const image = sharp(path, { failOn: "truncated", limitInputPixels: limits.maxMegapixels * 1_000_000 });
    await image.resize(1, 1, { fit: "fill" }).raw().toBuffer();
  } catch (error) {
    throw failure(`the image cannot be decoded: ${decodeErrorText(error, mimeType)}`);
  }
}

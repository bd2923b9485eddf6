/** Source images: opens an image for decoding, and reads its header. */

import type { Metadata, Sharp, SharpOptions } from "sharp";
import { InputError } from "../../core/errors.js";
import { pathOrBytes, readContent, sizeOfContent } from "../../core/input/content.js";
import { decodeErrorText } from "../../core/input/decoding.js";
import { describeBytes, describeContent } from "../../core/input/describe.js";
import type { ReadableContent } from "../../core/input/input.js";
import { checkSvg, isSvg } from "./svg.js";

/** Formats that the platform accepts and sharp writes. An image in one of them keeps it. */
export type Format = "jpeg" | "png" | "webp" | "gif" | "tiff";

/** An image that can be decoded, with the facts that decide how it is changed. */
export interface SourceImage {
  /** Opens the image. `pages: -1` opens all pages. */
  open(options?: SharpOptions): Sharp;
  format: string;
  mimeType: string | undefined;
  /** Width of one page. */
  width: number;
  height: number;
  orientation: number;
  /** Number of frames of an animation, or of pages of a TIFF. */
  pages: number;
  /** Whether all pages have the same size, so that they can be decoded together. */
  equalPages: boolean;
  header: Metadata;
}

/** Maximum bytes of an SVG, which is read into memory. */
const maxSvgBytes = 20_000_000;

/**
 * Opens an image for decoding. Its content decides the format, not its name. Returns undefined for an image in a format that sharp does not read.
 *
 * @throws {InputError} ERR_IMAGE_UNDECODABLE
 */
export async function openImage(image: ReadableContent, limitInputPixels: number): Promise<SourceImage | undefined> {
  const { mimeType, svg } = await typeOf(image);
  const { default: sharp } = await import("sharp");
  const source = svg ?? (await pathOrBytes(image));
  const open = (options: SharpOptions = {}) => sharp(source, { failOn: "truncated", limitInputPixels, ...options });
  const headerOf = (options: SharpOptions) => sharp(source, { limitInputPixels: false, ...options }).metadata();
  const header = await headerOf({}).catch((error: unknown) => {
    if (/unsupported image format/.test(String(error))) return undefined;
    throw undecodable(error, mimeType);
  });
  if (!header) return undefined;
  const { width, height, orientation = 1, format, pages = 1 } = header;
  const equalPages =
    pages === 1 || format !== "tiff" || (await headerOf({ pages: -1 }).catch(() => undefined)) !== undefined;
  return { open, format, mimeType, width, height, orientation, pages, equalPages, header };
}

/** Finds the type by content, and refuses everything but images: PDF, PostScript and similar formats can read files, and decompress without a limit. */
async function typeOf(image: ReadableContent): Promise<{ mimeType: string | undefined; svg?: Buffer }> {
  const described = async () => ("bytes" in image ? describeBytes({ bytes: image.bytes }) : describeContent(image));
  const { content } = await described().catch((error: unknown) => {
    throw undecodable(error, image.mimeType);
  });
  const { mimeType } = content;
  if (mimeType === undefined || !/^(text|application)\/|svg/.test(mimeType)) {
    if (mimeType?.startsWith("image/")) return { mimeType };
    throw notDecoded(`it is ${mimeType ?? "of an unknown type"}`);
  }
  const size = sizeOfContent(content);
  const bytes = size < maxSvgBytes ? await readContent(content) : Buffer.alloc(0);
  if (!isSvg(bytes)) throw notDecoded(`it is ${mimeType}`);
  checkSvg(bytes);
  return { mimeType: "image/svg+xml", svg: bytes };
}

/** Makes the error for an image that the decoder refuses. */
export function undecodable(error: unknown, mimeType: string | undefined): InputError {
  return notDecoded(decodeErrorText(error, mimeType), error);
}

/** Makes the error for an image that cannot be decoded. */
export function notDecoded(reason: string, cause?: unknown): InputError {
  return new InputError("ERR_IMAGE_UNDECODABLE", `the image cannot be decoded: ${reason}`, { cause });
}

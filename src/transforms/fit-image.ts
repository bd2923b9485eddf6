/** Transform: makes images fit the limits of the API, and turns them upright. */

import { availableParallelism } from "node:os";
import * as z from "zod";
import { limits } from "../clarifai/limits.js";
import { InputError } from "../core/errors.js";
import { pixelBudget } from "../core/input/decoding.js";
import type { BytesContent, FileContent, Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { locationOf } from "../formats/exif/image-location.js";
import { encode, keepsDepth, type Target } from "./fit-image/encode.js";
import { type Format, notDecoded, openImage, type SourceImage, undecodable } from "./fit-image/source-image.js";
import { asksForTurn, turned } from "./fit-image/turn-annotations.js";

const Options = z.strictObject({
  /** Most megapixels, inclusive. Default and most: 85. */
  maxMegapixels: z.number().positive().max(limits.maxMegapixels).default(limits.maxMegapixels),
  /** The result has fewer bytes than this. Default and most: 20,000,000. */
  maxBytes: z.number().int().positive().max(limits.maxItemBytes.image).default(limits.maxItemBytes.image),
  /**
   * Format of all images. Default: JPEG, PNG, WebP, GIF and TIFF keep theirs. What sharp reads and the platform does not accept (AVIF, SVG; HEIC if
   * sharp was built with it) becomes PNG if it has an alpha channel, else JPEG.
   */
  format: z.enum(["jpeg", "png", "webp"]).optional(),
  /** Quality of jpeg and webp, 1 to 100; it is lowered when the result is too large. Default: 90. */
  quality: z.number().int().min(1).max(100).default(90),
  /** Turns the pixels by the EXIF orientation, and boxes and polygons with them. Default: true. */
  upright: z.boolean().default(true),
  /** Images with more megapixels than this, all pages together, are refused before they are decoded. Default: 268. */
  maxDecodedMegapixels: z.number().positive().default(268),
  /** Most images worked on at once. Default: one for each core, and at most one less than the thread pool of Node.js has threads. */
  concurrency: z.number().int().min(1).max(64).optional(),
});
/** Options of `fitImage`. */
export type FitImageOptions = OptionsOf<typeof Options>;
type Checked = z.output<typeof Options>;

/** Tries at a smaller result: quality first, then size. */
const maxTries = 8;

/** Each image takes a thread of the pool, in which files are read too: one is left to them. */
const poolThreads = Number(process.env.UV_THREADPOOL_SIZE) || 4;
const cores = availableParallelism();
const imagesAtOnce = Math.max(1, Math.min(cores, poolThreads - 1, 64));

/**
 * Makes images fit: at most `maxMegapixels`, fewer bytes than `maxBytes`, upright, in a format that the platform accepts. An image that needs no
 * change goes on byte for byte.
 *
 * Turning follows the EXIF orientation; boxes and polygons turn with the pixels, so that they stay where they were drawn on the stored pixels.
 * A changed image keeps its EXIF block with the location (TIFF: the location, as XMP), its colour profile, the frames of GIF and WebP, the pages of
 * TIFF, and 16 bits a channel in PNG and TIFF. What a format cannot keep is a note in the report. Transparency becomes white in JPEG. CMYK becomes
 * sRGB. TIFF stays lossless: if it is too large, it loses pixels, not quality.
 *
 * Keeps order. An image that has to be changed and cannot be decoded, is cut short, has too many pixels, or cannot be made small enough settles as
 * failed (ERR_IMAGE_…). URLs and other kinds go on unchanged. Results are held in memory and count against `maxBytesInFlight`; at most 200
 * megapixels are decoded at once in the whole process. The work is done in the thread pool (4 threads): on a machine with more cores, start Node.js
 * with UV_THREADPOOL_SIZE set to one more than there are.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./scans")).pipe(fitImage({ maxMegapixels: 20, format: "jpeg" }), batch(), upload(app));
 */
export const fitImage = defineTransform({
  name: "fitImage",
  options: Options,
  concurrency: ({ concurrency }) => concurrency ?? imagesAtOnce,
  apply(input, options, { note }) {
    const { image } = input;
    if (!image) return input;
    if (!("url" in image)) return fitted(input, image, options, note);
    note("fitImage: the image is a URL, so it goes as it is; urls(list, { fetch: true }) fetches it");
    return input;
  },
});

type Note = (text: string) => void;

async function fitted(input: Input, content: FileContent | BytesContent, options: Checked, note: Note): Promise<Input> {
  // Images are worked on side by side, and threads within one cost memory: only where the pool is too small for the cores are there some.
  const { default: sharp } = await import("sharp");
  sharp.concurrency(Math.max(1, Math.floor(cores / (options.concurrency ?? imagesAtOnce))));
  const image = await openImage(content, options.maxDecodedMegapixels * 1_000_000);
  if (!image) return unread(input, content, options);
  const turns = options.upright && asksForTurn(image.orientation);
  const format = options.format ?? formatOf(image);
  const megapixels = (image.width * image.height) / 1_000_000;
  const size = "path" in content ? (content.sizeBytes ?? 0) : content.bytes.byteLength;
  const fits = megapixels <= options.maxMegapixels && size < options.maxBytes;
  if (fits && !turns && format === image.format) return input;
  const allPages = image.pages > 1 && image.equalPages && keepsPages(image, format);
  const decoded = checkDecodes(image, allPages ? image.pages : 1, options);
  const { location, broken } = await locationOf(content);
  const target = { format, turns, allPages, location, keepsExif: !broken };
  const annotations = turns
    ? input.annotations.map((annotation) => turned(annotation, image.orientation))
    : input.annotations;
  const result = await pixelBudget.run(() => smaller(image, target, options), decoded);
  for (const text of lossesOf(image, target)) note(`fitImage: ${text}`);
  return { ...input, image: result, annotations };
}

/** An image of a format that sharp does not read goes on if nothing is wrong with it. */
function unread(
  input: Input,
  { mimeType, width, height, ...content }: FileContent | BytesContent,
  options: Checked,
): Input {
  const size = "path" in content ? (content.sizeBytes ?? 0) : content.bytes.byteLength;
  const fits = width !== undefined && height !== undefined && (width * height) / 1_000_000 <= options.maxMegapixels;
  if (mimeType === "image/bmp" && fits && size < options.maxBytes && options.format === undefined) return input;
  throw notDecoded(`sharp does not read ${mimeType ?? "this format"}; convert it to PNG or JPEG first`);
}

/** The format that an image keeps or, if the platform does not accept its own, gets. */
function formatOf({ format, header }: SourceImage): Format {
  if (format === "jpeg" || format === "png" || format === "webp" || format === "gif" || format === "tiff")
    return format;
  return header.hasAlpha ? "png" : "jpeg";
}

function keepsPages({ format: from }: SourceImage, to: Format): boolean {
  return from === "tiff" ? to === "tiff" : (from === "gif" || from === "webp") && (to === "gif" || to === "webp");
}

/** The megapixels that decoding takes. @throws {InputError} ERR_IMAGE_TOO_LARGE, ERR_IMAGE_UNDECODABLE */
function checkDecodes({ width, height, header }: SourceImage, pages: number, { maxDecodedMegapixels }: Checked) {
  const megapixels = (width * height * pages) / 1_000_000;
  if (megapixels > maxDecodedMegapixels) {
    const all = pages > 1 ? `${pages} pages of ` : "";
    const text = `the image has ${all}${width} × ${height} = ${megapixels.toFixed(1)} megapixels; at most ${maxDecodedMegapixels} are decoded`;
    throw new InputError("ERR_IMAGE_TOO_LARGE", text);
  }
  if (!/^(uchar|ushort)$/.test(header.depth)) {
    // Which of their values is white is not known.
    throw notDecoded(`its samples are of type ${header.depth}; convert it to 8 or 16 bits first`);
  }
  return Math.max(1, Math.ceil(megapixels));
}

/** What the result lacks. */
function lossesOf(image: SourceImage, { format, allPages, keepsExif }: Omit<Target, "size" | "quality">): string[] {
  const { header, pages, mimeType, equalPages } = image;
  const isAnimation = mimeType === "image/apng" || image.format === "gif" || image.format === "webp";
  const losses: string[] = [];
  if (mimeType === "image/apng" || (pages > 1 && !allPages && isAnimation))
    losses.push("kept only the first frame of an animation");
  else if (pages > 1 && !allPages)
    losses.push(`kept only the first page${equalPages ? "" : ", since the pages differ in size"}`);
  if (header.depth === "ushort" && !keepsDepth(image, format)) losses.push("reduced 16 bits a channel to 8");
  if (header.space === "cmyk") losses.push("converted CMYK to sRGB");
  if (!keepsExif) losses.push("dropped a broken EXIF block");
  return losses;
}

/** Encodes until the result is small enough: with less quality, then with fewer pixels. */
async function smaller(
  image: SourceImage,
  target: Omit<Target, "size" | "quality">,
  options: Checked,
): Promise<BytesContent> {
  const { format } = target;
  const isSwapped = target.turns && image.orientation >= 5;
  const [width, height] = isSwapped ? [image.height, image.width] : [image.width, image.height];
  let scale = Math.min(1, Math.sqrt((options.maxMegapixels * 1_000_000) / (width * height)));
  let { quality } = options;
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const size = scale < 1 ? sizeAt(scale, { width, height }, options) : undefined;
    const result = await encode(image, { ...target, size, quality }).catch((error: unknown) => {
      throw decoderError(error, image);
    });
    const { data } = result;
    if (data.byteLength < options.maxBytes) {
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      return { bytes, mimeType: `image/${format}`, width: result.width, height: result.height };
    }
    if ((format === "jpeg" || format === "webp") && quality > 60) quality -= 15;
    else scale *= Math.min(0.8, Math.sqrt(options.maxBytes / data.byteLength) * 0.95);
  }
  throw new InputError(
    "ERR_IMAGE_TOO_LARGE",
    `the image cannot be made smaller than ${options.maxBytes} bytes in ${maxTries} tries`,
  );
}

/** What sharp says of HEIC without a decoder for it names neither. */
function decoderError(error: unknown, { header, mimeType }: SourceImage): InputError {
  if (header.format !== "heif" || header.compression !== "hevc") return undecodable(error, mimeType);
  return notDecoded(
    "sharp was built without a decoder for HEIC (HEVC); convert it to JPEG first, with heif-convert for example",
    error,
  );
}

/** Width and height at a scale, rounded so that they stay within the megapixels. */
function sizeAt(scale: number, full: { width: number; height: number }, { maxMegapixels }: Checked) {
  const most = Math.max(1, Math.floor(maxMegapixels * 1_000_000));
  const width = Math.max(1, Math.floor(full.width * scale));
  const height = Math.max(1, Math.floor(full.height * scale));
  if (width * height <= most) return { width, height };
  return { width: Math.min(width, most), height: Math.min(height, most) }; // one side is a single pixel
}

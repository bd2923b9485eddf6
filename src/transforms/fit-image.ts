/** Transform: reduces images to the limits of the API, and turns them upright. */

import { availableParallelism } from "node:os";
import * as z from "zod";
import { limits } from "../clarifai/limits.js";
import { InputError } from "../core/errors.js";
import { sizeOfContent } from "../core/input/content.js";
import { pixelBudget } from "../core/input/decoding.js";
import type { BytesContent, Input, ReadableContent } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { asksForTurn, turned } from "../formats/annotations/turn.js";
import { locationOf } from "../formats/exif/image-location.js";
import { encode, keepsDepth, type Target } from "./fit-image/encode.js";
import { decodedHeic, needsHeicDecoder } from "./fit-image/heic.js";
import { type Format, notDecoded, openImage, type SourceImage, undecodable } from "./fit-image/source-image.js";

const optionFields = {
  /** Most megapixels, inclusive. Default and maximum: 85. */
  maxMegapixels: z.number().positive().max(limits.maxMegapixels).default(limits.maxMegapixels),
  /** The result has fewer bytes than this. Default and maximum: 20,000,000. */
  maxBytes: z.number().int().positive().max(limits.maxItemBytes.image).default(limits.maxItemBytes.image),
  /**
   * Format of all results. Default: JPEG, PNG, WebP, GIF and TIFF keep their format. An image that can be decoded with sharp and the platform does not accept (AVIF,
   * SVG) or with the package heic-decode (HEIC) becomes PNG if it has an alpha channel, else JPEG.
   */
  format: z.enum(["jpeg", "png", "webp"]).optional(),
  /** Quality of JPEG and WebP, 1 to 100. It is lowered if the result is too large. Default: 90. */
  quality: z.number().int().min(1).max(100).default(90),
  /** Turns the pixels by the EXIF orientation, and boxes and polygons with them. Default: true. */
  upright: z.boolean().default(true),
  /** An image with more megapixels than this, all pages together, fails before it is decoded. Default: 268. */
  maxDecodedMegapixels: z.number().positive().default(268),
  /** Maximum number of images processed at once, 1 to 64. Default: one per core, and at most the threads of the Node.js thread pool minus one. */
  concurrency: z.number().int().min(1).max(64).optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `fitImage`. */
export type FitImageOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

/** Maximum number of encodings of one image: first with lower quality, then with fewer pixels. */
const maxTries = 8;

/** Each image occupies a thread of the pool. One thread stays free, since the pool also reads files. */
const poolThreads = Number(process.env.UV_THREADPOOL_SIZE) || 4;
const cores = availableParallelism();
const imagesAtOnce = Math.max(1, Math.min(cores, poolThreads - 1, 64));

/**
 * Makes images fit: at most `maxMegapixels`, fewer bytes than `maxBytes`, upright, and in a format that the platform accepts. An image that needs no
 * change passes byte for byte.
 *
 * Images are turned by their EXIF orientation. Boxes and polygons turn with the pixels, so they keep marking the same pixels. A changed image keeps
 * its EXIF block with the location (TIFF: the location, as XMP), its color profile, the frames of GIF and WebP, the pages of TIFF, and 16 bits per
 * channel in PNG and TIFF. If a format cannot keep one of these, the report has a note. Transparency becomes white in JPEG. CMYK becomes sRGB. TIFF
 * stays lossless: an image that is too large loses pixels, not quality.
 *
 * HEIC needs the optional package heic-decode (`npm install heic-decode@2`; its decoder has the licence LGPL-3.0), unless sharp was built with a decoder for HEVC.
 *
 * Keeps order. An input settles as failed (ERR_IMAGE_…) if its image must be changed and cannot be decoded, is truncated, has too many pixels, or cannot
 * be made small enough. URLs and other kinds pass unchanged. Results stay in memory and count against `maxBytesInFlight`. The whole process decodes at
 * most 200 megapixels at once. The work runs in the Node.js thread pool, which has 4 threads by default: on a machine with more cores, start Node.js
 * with UV_THREADPOOL_SIZE set to the number of cores plus one. The threads within one image are those of `sharp.concurrency`, which the program may set.
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
    note("fitImage: the image is a URL, so it passes unchanged; urls(list, { fetch: true }) fetches it");
    return input;
  },
});

type Note = (text: string) => void;

async function fitted(input: Input, content: ReadableContent, options: Checked, note: Note): Promise<Input> {
  const image = await openImage(content, options.maxDecodedMegapixels * 1_000_000);
  if (!image) return passUndecoded(input, content, options);
  const turns = options.upright && asksForTurn(image.orientation);
  const format = options.format ?? formatOf(image);
  const megapixels = (image.width * image.height) / 1_000_000;
  const size = sizeOfContent(content);
  const fits = megapixels <= options.maxMegapixels && size < options.maxBytes;
  if (fits && !turns && format === image.format) return input;
  const allPages = image.pages > 1 && image.equalPages && keepsPages(image, format);
  const decoded = checkDecodes(image, allPages ? image.pages : 1, options);
  const { location, broken } = await locationOf(content);
  const target = { format, turns, allPages, location, keepsExif: !broken };
  const annotations = turns
    ? input.annotations.map((annotation) => turned(annotation, image.orientation))
    : input.annotations;
  const needsDecoder = await needsHeicDecoder(image);
  const fit = async () => smaller(needsDecoder ? await decodedHeic(image, content) : image, target, options);
  const result = await pixelBudget.run(fit, decoded);
  for (const text of lossesOf(image, { ...target, isDeep: !needsDecoder })) note(`fitImage: ${text}`);
  return { ...input, image: result, annotations };
}

/** Passes an image that sharp cannot decode if it needs no change. @throws {InputError} ERR_IMAGE_UNDECODABLE */
function passUndecoded(
  input: Input,
  { mimeType, width, height, ...content }: ReadableContent,
  options: Checked,
): Input {
  const size = sizeOfContent(content);
  const fits = width !== undefined && height !== undefined && (width * height) / 1_000_000 <= options.maxMegapixels;
  if (mimeType === "image/bmp" && fits && size < options.maxBytes && options.format === undefined) return input;
  throw notDecoded(`sharp cannot decode ${mimeType ?? "this format"}; convert it to PNG or JPEG first`);
}

/** Returns the format of the result: the image's own if the platform accepts it, else PNG or JPEG. */
function formatOf({ format, header }: SourceImage): Format {
  if (format === "jpeg" || format === "png" || format === "webp" || format === "gif" || format === "tiff")
    return format;
  return header.hasAlpha ? "png" : "jpeg";
}

function keepsPages({ format: from }: SourceImage, to: Format): boolean {
  return from === "tiff" ? to === "tiff" : (from === "gif" || from === "webp") && (to === "gif" || to === "webp");
}

/** Returns the megapixels that decoding takes. @throws {InputError} ERR_IMAGE_TOO_LARGE, ERR_IMAGE_UNDECODABLE */
function checkDecodes({ width, height, header }: SourceImage, pages: number, { maxDecodedMegapixels }: Checked) {
  const megapixels = (width * height * pages) / 1_000_000;
  if (megapixels > maxDecodedMegapixels) {
    const all = pages > 1 ? `${pages} pages of ` : "";
    const text = `the image has ${all}${width} × ${height} = ${megapixels.toFixed(1)} megapixels; at most ${maxDecodedMegapixels} are decoded`;
    throw new InputError("ERR_IMAGE_TOO_LARGE", text);
  }
  if (!/^(uchar|ushort)$/.test(header.depth)) {
    // The values of black and white are unknown for other sample types.
    throw notDecoded(`its samples are of type ${header.depth}; convert it to 8 or 16 bits first`);
  }
  return Math.max(1, Math.ceil(megapixels));
}

/** Lists what the result loses, for notes. */
function lossesOf(
  image: SourceImage,
  { format, allPages, keepsExif, isDeep }: Omit<Target, "size" | "quality"> & { isDeep: boolean },
): string[] {
  const { header, pages, mimeType, equalPages } = image;
  const isAnimation = mimeType === "image/apng" || image.format === "gif" || image.format === "webp";
  const losses: string[] = [];
  if (mimeType === "image/apng" || (pages > 1 && !allPages && isAnimation))
    losses.push("kept only the first frame of an animation");
  else if (pages > 1 && !allPages)
    losses.push(`kept only the first page${equalPages ? "" : ", since the pages differ in size"}`);
  if (header.depth === "ushort" && !(isDeep && keepsDepth(image, format)))
    losses.push(`reduced ${isDeep ? 16 : 10} bits a channel to 8`);
  if (header.space === "cmyk") losses.push("converted CMYK to sRGB");
  if (!keepsExif) losses.push("dropped a broken EXIF block");
  return losses;
}

/** Encodes an image until the result is small enough: first with lower quality, then with fewer pixels. @throws {InputError} ERR_IMAGE_TOO_LARGE */
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
      throw undecodable(error, image.mimeType);
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

/** Returns width and height at a scale, rounded so that they do not exceed the megapixels. */
function sizeAt(scale: number, full: { width: number; height: number }, { maxMegapixels }: Checked) {
  const maxPixels = Math.max(1, Math.floor(maxMegapixels * 1_000_000));
  const width = Math.max(1, Math.floor(full.width * scale));
  const height = Math.max(1, Math.floor(full.height * scale));
  if (width * height <= maxPixels) return { width, height };
  return { width: Math.min(width, maxPixels), height: Math.min(height, maxPixels) }; // here one side is a single pixel
}

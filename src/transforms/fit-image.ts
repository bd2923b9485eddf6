/** Transform: makes images fit the limits of the API, and turns them upright. */

import { availableParallelism } from "node:os";
import type { OperatorFunction } from "rxjs";
import type { Sharp } from "sharp";
import * as z from "zod";
import { describeBytes, describeFile } from "../core/content.js";
import { decodeErrorText } from "../core/decode-error.js";
import { InputError } from "../core/errors.js";
import type { Annotation, BytesContent, Content, Input } from "../core/input.js";
import { limits } from "../core/limits.js";
import type { Message } from "../core/message.js";
import { pixelBudget } from "../core/pixel-budget.js";
import { type OptionsOf, parseOptions } from "../core/plugin.js";
import { checkTurnable } from "../core/regions.js";
import { transformOperator } from "../core/transform-operator.js";

const Options = z.strictObject({
  /** Most megapixels, inclusive. Default and most: 85. */
  maxMegapixels: z.number().positive().max(limits.maxMegapixels).default(limits.maxMegapixels),
  /** The result has fewer bytes than this. Default and most: 20,000,000. */
  maxBytes: z.number().int().positive().max(limits.maxItemBytes.image).default(limits.maxItemBytes.image),
  /** Format of images that are changed. Default: their own, where it can be written. */
  format: z.enum(["jpeg", "png", "webp"]).optional(),
  /** Quality of jpeg and webp, 1 to 100; it is lowered when the result is too large. Default: 90. */
  quality: z.number().int().min(1).max(100).default(90),
  /** Turns the pixels by the EXIF orientation, and boxes and polygons with them. Default: true. */
  upright: z.boolean().default(true),
  /** Images with more megapixels than this are refused before they are decoded. Default: 268. */
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
 * Makes images fit: not more than `maxMegapixels`, less than `maxBytes`, in `format`. An image that fits already, and stands upright, goes on
 * byte for byte as it is.
 *
 * Turning follows the EXIF orientation; boxes and polygons turn with the pixels, so that they stay where they were drawn on the stored pixels.
 * Keeps order. An image that has to be changed and cannot be decoded, is cut short, has too many pixels, or cannot be made small enough settles as
 * failed (ERR_IMAGE_…).
 * URLs and other kinds go on unchanged. Results are held in memory and count against `maxBytesInFlight`; at most 200 megapixels are decoded at
 * once in the whole process. The work is done in the thread pool (4 threads): on a machine with more cores, start Node.js with UV_THREADPOOL_SIZE
 * set to one more than there are.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./scans")).pipe(fitImage({ maxMegapixels: 20, format: "jpeg" }), batch(), upload(app));
 */
export function fitImage(options: FitImageOptions = {}): OperatorFunction<Message, Message> {
  const checked = parseOptions("fitImage", Options, options);
  return transformOperator({
    name: "fitImage",
    concurrency: checked.concurrency ?? imagesAtOnce,
    apply(input) {
      const { image } = input;
      return image && !("url" in image) ? fitted(input, image, checked) : input;
    },
  });
}

async function fitted(input: Input, image: Exclude<Content, { url: string }>, options: Checked): Promise<Input> {
  await checkType(image);
  const { default: sharp } = await import("sharp");
  // Images are worked on side by side, and threads within one cost memory: only where the pool is too small for the cores are there some.
  sharp.concurrency(Math.max(1, Math.floor(cores / (options.concurrency ?? imagesAtOnce))));
  const source = "path" in image ? image.path : image.bytes;
  const open = () => sharp(source, { failOn: "truncated", limitInputPixels: options.maxDecodedMegapixels * 1_000_000 });
  const header = await sharp(source, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw undecodable(error, image.mimeType);
    });
  const { width = 0, height = 0, orientation = 1, format = "" } = header;
  const megapixels = (width * height) / 1_000_000;
  const turns = options.upright && turnOf[orientation] !== undefined;
  const size = "path" in image ? (image.sizeBytes ?? 0) : image.bytes.byteLength;
  const fits = megapixels <= options.maxMegapixels && size < options.maxBytes;
  if (fits && !turns && (options.format === undefined || options.format === format)) return input;
  if (megapixels > options.maxDecodedMegapixels) {
    const text = `the image has ${width} × ${height} = ${megapixels.toFixed(1)} megapixels; at most ${options.maxDecodedMegapixels} are decoded`;
    throw new InputError("ERR_IMAGE_TOO_LARGE", text);
  }
  const content = await pixelBudget.run(
    () => smaller(() => (turns ? open().autoOrient() : open()), { width, height, format, turns, orientation }, options),
    Math.max(1, Math.ceil(megapixels)),
  );
  const annotations = turns
    ? input.annotations.map((annotation) => turned(annotation, orientation))
    : input.annotations;
  return { ...input, image: content, annotations };
}

/** What is no image by its content is not decoded: SVG, PDF and their like read files, refer to themselves, and unfold without end. */
async function checkType(image: Exclude<Content, { url: string }>): Promise<void> {
  const described = async () => ("path" in image ? describeFile(image.path) : describeBytes({ bytes: image.bytes }));
  const { content } = await described().catch((error: unknown) => {
    throw undecodable(error, image.mimeType);
  });
  if (content.mimeType?.startsWith("image/")) return;
  throw undecodable(new Error(`it is ${content.mimeType ?? "of a type that is not known"}`), content.mimeType);
}

interface Header {
  width: number;
  height: number;
  format: string;
  turns: boolean;
  orientation: number;
}

/** Encodes until the result is small enough: with less quality, then with fewer pixels. */
async function smaller(open: () => Sharp, header: Header, options: Checked): Promise<BytesContent> {
  const format = options.format ?? (header.format === "png" || header.format === "webp" ? header.format : "jpeg");
  let scale = Math.min(1, Math.sqrt((options.maxMegapixels * 1_000_000) / (header.width * header.height)));
  let { quality } = options;
  const swapped = header.turns && header.orientation >= 5;
  const full = swapped
    ? { width: header.height, height: header.width }
    : { width: header.width, height: header.height };
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const pipeline = scale < 1 ? open().resize({ ...sizeAt(scale, full, options), fit: "fill" }) : open();
    // Pixels that stay as they are stored keep the word on how they are to be turned.
    const kept =
      header.turns || header.orientation <= 1
        ? pipeline.keepIccProfile()
        : pipeline.withMetadata({ orientation: header.orientation });
    const result = await kept
      .toFormat(format, format === "png" ? {} : { quality })
      .toBuffer({ resolveWithObject: true })
      .catch((error: unknown) => {
        throw undecodable(error, `image/${header.format}`);
      });
    const { data, info } = result;
    if (data.byteLength < options.maxBytes) {
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      return { bytes, mimeType: `image/${format}`, width: info.width, height: info.height };
    }
    if (format !== "png" && quality > 60) quality -= 15;
    else scale *= Math.min(0.8, Math.sqrt(options.maxBytes / data.byteLength) * 0.95);
  }
  throw new InputError(
    "ERR_IMAGE_TOO_LARGE",
    `the image cannot be made smaller than ${options.maxBytes} bytes in ${maxTries} tries`,
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

/** An annotation on the stored pixels as one on the upright pixels. */
function turned(annotation: Annotation, orientation: number): Annotation {
  const turn = turnOf[orientation];
  if (!turn) return annotation;
  checkTurnable(annotation);
  const { box, polygon } = annotation;
  const changed = { ...annotation };
  if (box) {
    const [x1, y1] = turn(box[0], box[1]);
    const [x2, y2] = turn(box[2], box[3]);
    changed.box = [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  }
  if (polygon) changed.polygon = polygon.map(([x, y]) => turn(x, y));
  return changed;
}

/** Where a point of the stored pixels goes, by EXIF orientation. */
const turnOf: Record<number, (x: number, y: number) => [number, number]> = {
  2: (x, y) => [1 - x, y],
  3: (x, y) => [1 - x, 1 - y],
  4: (x, y) => [x, 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [1 - y, x],
  7: (x, y) => [1 - y, 1 - x],
  8: (x, y) => [y, 1 - x],
};

function undecodable(error: unknown, mimeType: string | undefined): InputError {
  const text = `the image cannot be decoded: ${decodeErrorText(error, mimeType)}`;
  return new InputError("ERR_IMAGE_UNDECODABLE", text, { cause: error });
}

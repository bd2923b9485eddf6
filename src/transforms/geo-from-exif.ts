/** Transform: takes the place of a photograph from its EXIF block. */

import { open } from "node:fs/promises";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { describeError, InputError } from "../core/errors.js";
import type { Content, GeoPoint, Input } from "../core/input.js";
import type { Message } from "../core/message.js";
import { placeFrom } from "../core/place.js";
import { type OptionsOf, parseOptions } from "../core/plugin.js";
import { transformOperator } from "../core/transform-operator.js";
import { exifBlockOf } from "./exif-block.js";
import { exifPlaceOf } from "./exif-place.js";

const Options = z.strictObject({
  /** Replaces a place that the input has already. Default: false. */
  overwrite: z.boolean().default(false),
  /** Most files read at once. Default: 4. */
  concurrency: z.number().int().min(1).default(4),
});
/** Options of `geoFromExif`. */
export type GeoFromExifOptions = OptionsOf<typeof Options>;

/** Bytes at the start of a file that an EXIF block lies in: a JPEG segment is at most 64 KB, and some stand before it. */
const headBytes = 256 * 1024;

/**
 * Reads the GPS position in the EXIF block of each image file and makes it the input's place. Reads the start of the file only.
 *
 * Keeps order. Images without a position, and inputs that are no image files, go on unchanged. A position that is not on earth, or a block that
 * is there and cannot be read, settles the input as failed (ERR_GEO, ERR_EXIF), as does a file that cannot be read (ERR_FILE_UNREADABLE).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(geoFromExif(), batch(), upload(app));
 */
export function geoFromExif(options: GeoFromExifOptions = {}): OperatorFunction<Message, Message> {
  const { overwrite, concurrency } = parseOptions("geoFromExif", Options, options);
  return transformOperator({
    name: "geoFromExif",
    concurrency,
    apply(input) {
      const { image } = input;
      if (!image || "url" in image || (input.geo && !overwrite)) return input;
      return withPlace(input, image);
    },
  });
}

async function withPlace(input: Input, image: Content): Promise<Input> {
  const block = exifBlockOf(await readHead(image));
  if (!block) return input;
  let found: GeoPoint | undefined;
  try {
    found = exifPlaceOf(block);
  } catch (error) {
    throw new InputError("ERR_EXIF", "the EXIF block cannot be read", { cause: error });
  }
  // A camera that had no fix writes 0/0.
  if (!found || !Number.isFinite(found.latitude) || !Number.isFinite(found.longitude)) return input;
  const { longitude, latitude } = found;
  return { ...input, geo: placeFrom(rounded(longitude), rounded(latitude), "EXIF") };
}

/** To a centimetre: what is beyond comes from converting degrees, minutes and seconds. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}

async function readHead(image: Content): Promise<Buffer> {
  if ("bytes" in image) return Buffer.from(image.bytes.subarray(0, headBytes));
  if ("url" in image) return Buffer.alloc(0);
  const file = await open(image.path).catch((error: unknown) => {
    const text = `${image.path} cannot be read: ${describeError(error)}`;
    throw new InputError("ERR_FILE_UNREADABLE", text, { cause: error });
  });
  try {
    const buffer = Buffer.alloc(Math.min(headBytes, image.sizeBytes ?? headBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

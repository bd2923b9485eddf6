/** Pictures: the facts of an image that formats of annotations need, read from its header. */

import { InputError } from "../../core/errors.js";
import { nameOfContent, pathOrBytes } from "../../core/input/content.js";
import { type Described, describeContent, describeFile } from "../../core/input/describe.js";
import type { Content, FileContent, ReadableContent } from "../../core/input/input.js";
import { orientationOf, orientationOfStart } from "../exif/image-orientation.js";
import { swapsSides } from "./turn.js";

/** Sizes in pixels. */
export interface Picture {
  /** Width as stored. Annotations are shares of it. */
  width: number;
  /** Height as stored. */
  height: number;
  /** EXIF orientation, 1 to 8: how the stored pixels are turned before they are shown. */
  orientation: number;
  /** Width as people see it. */
  uprightWidth: number;
  /** Height as people see it. */
  uprightHeight: number;
}

/** Formats whose EXIF block can turn the image. */
const turning = /^image\/(jpeg|png|webp|tiff|bmp)/;

/** Pictures of described files, which a source and a writer of the same flow both need. The objects are frozen, so what they describe does not change. */
const known = new WeakMap<Content, Picture>();

/** Orientations that were found in the first bytes of described files. */
const orientations = new WeakMap<Content, number>();

/**
 * Describes a file, and reads its orientation from the same bytes, so that `pictureOf` need not open it again. An orientation behind the first 4 KB takes a
 * second opening.
 *
 * @throws {InputError} what `describeFile` throws
 */
export async function describePicture(path: string): Promise<Described<FileContent>> {
  let orientation: number | undefined;
  const onStart = (start: Buffer, sizeBytes: number) => {
    orientation = orientationOfStart(start, sizeBytes);
  };
  const described = await describeFile(path, undefined, { onStart });
  if (orientation !== undefined) orientations.set(described.content, orientation);
  return described;
}

/**
 * Reads the size and the orientation of an image. The facts of a described content are taken from it, so only the EXIF block is read again.
 *
 * @throws {InputError} ERR_IMAGE_SIZE if the header has no size; what `describeContent` throws; ERR_CONTENT_REMOTE for a URL without known size
 */
export async function pictureOf(image: Content): Promise<Picture> {
  const found = known.get(image) ?? (await readPicture(image));
  if (!("url" in image)) known.set(image, found);
  return found;
}

async function readPicture(image: Content): Promise<Picture> {
  if ("url" in image) {
    // The platform fetches it; whoever listed it knows its size, and its orientation is not known.
    const { width = 0, height = 0 } = image;
    if (width > 0 && height > 0) return { width, height, orientation: 1, uprightWidth: width, uprightHeight: height };
    throw noSize(image);
  }
  const isKnown = image.width !== undefined && image.height !== undefined && image.mimeType !== undefined;
  const described = isKnown ? image : (await describeContent(image)).content;
  const { mimeType = "" } = described;
  const { width, height } = described.width && described.height ? (described as Size) : await decodedSize(described);
  const orientation = turning.test(mimeType) ? (orientations.get(image) ?? (await orientationOf(described))) : 1;
  const [uprightWidth, uprightHeight] = swapsSides(orientation) ? [height, width] : [width, height];
  return { width, height, orientation, uprightWidth, uprightHeight };
}

interface Size {
  width: number;
  height: number;
}

/** Asks the decoder for the size of HEIC and AVIF, which it turns itself. */
async function decodedSize(image: ReadableContent): Promise<Size> {
  const { default: sharp } = await import("sharp");
  try {
    const { width, height } = await sharp(await pathOrBytes(image), { limitInputPixels: false }).metadata();
    if (width > 0 && height > 0) return { width, height };
  } catch {
    // The error below names the image.
  }
  throw noSize(image);
}

function noSize(image: Content): InputError {
  return new InputError("ERR_IMAGE_SIZE", `the width and height of ${nameOfContent(image)} are not known`);
}

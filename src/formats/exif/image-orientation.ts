/** Image orientation: reads how the stored pixels are turned before they are shown. */

import { InputError } from "../../core/errors.js";
import type { Content } from "../../core/input/input.js";
import { type ByteRange, beyondStart, rangeOfStart, withBytes } from "./byte-range.js";
import { imageBlocks } from "./image-blocks.js";
import { TiffReader } from "./tiff-reader.js";

const orientationTag = 0x0112;

/**
 * Reads the EXIF orientation of an image, 1 to 8; 1 if it has none, or none that can be read: programs then show the stored pixels. HEIC and AVIF
 * have their turn in the container, and decoders apply it, so their orientation is 1.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE, ERR_CONTENT_REMOTE for a URL
 */
export function orientationOf(image: Content): Promise<number> {
  return withBytes(image, orientationOfFile);
}

/** Returns the orientation of an image whose first bytes are known; undefined if later bytes decide. */
export function orientationOfStart(start: Buffer, sizeBytes: number): number | undefined {
  try {
    return orientationOfFile(rangeOfStart(start, sizeBytes));
  } catch {
    return undefined;
  }
}

function orientationOfFile(file: ByteRange): number {
  if (file.read(4, 4).toString("latin1") === "ftyp") return 1;
  try {
    for (const { kind, range } of imageBlocks(file)) if (kind === "exif") return orientationIn(range);
  } catch (error) {
    if (error instanceof InputError || error === beyondStart) throw error; // others mean damaged metadata
  }
  return 1;
}

function orientationIn(block: ByteRange): number {
  const reader = TiffReader.open(block);
  const entry = reader.directory(reader.first).get(orientationTag);
  const [value = 1] = entry === undefined ? [] : reader.numbers(reader.value(entry));
  return value >= 1 && value <= 8 ? value : 1;
}

/** Metadata blocks, which the readers of containers find. */

import { type ByteRange, partOf } from "./byte-range.js";

/** A block in an image. `exif`: a TIFF structure. `xmp`: an XML document. */
export interface MetadataBlock {
  kind: "exif" | "xmp";
  range: ByteRange;
  /** Whether it is in a text of a PNG, where few programs look for it. */
  isText?: boolean;
}

/** Most segments, chunks or boxes of one image. A PNG of 20 MB has 2,500 at the usual size. */
const maxSteps = 16_384;

/** Counts the steps from header to header, so that reading damaged headers ends. */
export class Steps {
  #count = 0;

  /** Counts one step. @throws {Error} if there are too many */
  next(): true {
    this.#count += 1;
    if (this.#count > maxSteps) throw new Error(`the image has more than ${maxSteps} segments`);
    return true;
  }
}

/** Bytes before the TIFF structure in JPEG. Some programs also write them into PNG and WebP. */
const prefix = "Exif\0";
const prefixLength = 6;

/** Makes an EXIF block of a range, and removes the prefix of JPEG if it has one. */
export function exifBlock(range: ByteRange): MetadataBlock {
  const hasPrefix = range.read(0, prefix.length).toString("latin1") === prefix;
  return { kind: "exif", range: hasPrefix ? partOf(range, prefixLength, range.size - prefixLength) : range };
}

/** Whether bytes begin with the header of a TIFF structure: classic, or BigTIFF. */
export function isTiff(bytes: Buffer): boolean {
  return /^(II[*+]\0|MM\0[*+])/.test(bytes.toString("latin1", 0, 4));
}

/** WebP: finds metadata in the chunks of its RIFF container. */

import { type ByteRange, partOf } from "./byte-range.js";
import { exifBlock, type MetadataBlock, Steps } from "./metadata-block.js";

/** Finds EXIF and XMP, which usually follow the pixels. */
export function* webpBlocks(file: ByteRange): Generator<MetadataBlock> {
  const steps = new Steps();
  for (let at = 12; steps.next(); ) {
    const header = file.read(at, 8);
    if (header.length < 8) return;
    const name = header.toString("latin1", 0, 4);
    const length = header.readUInt32LE(4);
    if (name === "EXIF") yield exifBlock(partOf(file, at + 8, length));
    if (name === "XMP ") yield { kind: "xmp", range: partOf(file, at + 8, length) };
    at += 8 + length + (length % 2);
  }
}

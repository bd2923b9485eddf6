/** Finds the metadata blocks of an image in any container. */

import type { ByteRange } from "./byte-range.js";
import { heifBlocks } from "./heif-blocks.js";
import { jpegBlocks } from "./jpeg-blocks.js";
import { isTiff, type MetadataBlock } from "./metadata-block.js";
import { pngBlocks } from "./png-blocks.js";
import { TiffReader } from "./tiff-reader.js";
import { webpBlocks } from "./webp-blocks.js";

/** Tag of the XMP document in the first directory of a TIFF file. */
const xmpTag = 700;

/** Finds the metadata blocks of an image, in the order of the file. Finds none in other formats. */
export function* imageBlocks(file: ByteRange): Generator<MetadataBlock> {
  const start = file.read(0, 12);
  const magic = start.toString("latin1");
  if (magic.startsWith("\xff\xd8")) yield* jpegBlocks(file);
  else if (magic.startsWith("\x89PNG")) yield* pngBlocks(file);
  else if (magic.startsWith("RIFF") && magic.endsWith("WEBP")) yield* webpBlocks(file);
  else if (magic.startsWith("ftyp", 4)) yield* heifBlocks(file);
  else if (isTiff(start)) yield* tiffBlocks(file);
}

/** Finds the EXIF blocks of an image, except those in texts of a PNG. Ends at damage, which hides later blocks from every reader. */
export function* exifBlocks(file: ByteRange): Generator<ByteRange> {
  const blocks = imageBlocks(file);
  for (;;) {
    let next: IteratorResult<MetadataBlock, unknown>;
    try {
      next = blocks.next();
    } catch {
      return;
    }
    if (next.done) return;
    if (next.value.kind === "exif" && !next.value.isText) yield next.value.range;
  }
}

/** A TIFF file is its own EXIF block. */
function* tiffBlocks(file: ByteRange): Generator<MetadataBlock> {
  yield { kind: "exif", range: file };
  const reader = TiffReader.open(file);
  const xmp = reader.directory(reader.first).get(xmpTag);
  if (xmp !== undefined) yield { kind: "xmp", range: reader.value(xmp).range };
}

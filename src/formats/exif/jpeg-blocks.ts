/** JPEG: finds metadata in its segments, up to the pixels. */

import { type ByteRange, joined, partOf } from "./byte-range.js";
import { isTiff, type MetadataBlock, Steps } from "./metadata-block.js";

const app1 = 0xe1;
const startOfScan = 0xda;
const endOfImage = 0xd9;
/** One more byte follows, of any value. */
const exifPrefix = "Exif\0";
const xmpPrefix = "http://ns.adobe.com/xap/1.0/\0";
/** Bytes of a segment that are read to identify it. */
const peekBytes = 64;

/** Finds EXIF and XMP. A block of more than 64 KB takes several segments. */
export function* jpegBlocks(file: ByteRange): Generator<MetadataBlock> {
  let parts: ByteRange[] = [];
  for (const { name, content } of app1Segments(file)) {
    const isExif = name.startsWith(exifPrefix);
    const isNew = isExif && (parts.length === 0 || isTiff(Buffer.from(name.slice(exifPrefix.length + 1), "latin1")));
    if (parts.length > 0 && (isNew || !isExif)) {
      yield { kind: "exif", range: joined(parts) };
      parts = [];
    }
    if (isExif) parts.push(after(content, exifPrefix.length + 1));
    else if (name.startsWith(xmpPrefix)) yield { kind: "xmp", range: after(content, xmpPrefix.length) };
  }
  if (parts.length > 0) yield { kind: "exif", range: joined(parts) };
}

function after(range: ByteRange, length: number): ByteRange {
  return partOf(range, length, range.size - length);
}

/**
 * Finds the segments that may contain metadata. Yields segments of other kinds with an empty name. Skips fill bytes and bytes that belong to no segment,
 * as other readers do.
 */
function* app1Segments(file: ByteRange): Generator<{ name: string; content: ByteRange }> {
  const steps = new Steps();
  for (let at = 2; steps.next(); ) {
    const peek = file.read(at, peekBytes);
    if (peek.length < 4) return;
    const skipped = markerIn(peek);
    if (skipped > 0) {
      at += skipped;
      continue;
    }
    const marker = peek[1] as number;
    if (marker === startOfScan || marker === endOfImage) return;
    if (hasNoLength(marker)) {
      at += 2;
      continue;
    }
    const length = peek.readUInt16BE(2);
    if (length < 2) return;
    const content = partOf(file, at + 4, length - 2);
    yield { name: marker === app1 ? peek.toString("latin1", 4) : "", content };
    at += 2 + length;
  }
}

/** Returns the position of the first marker: FF and a byte that is neither FF nor 00. Returns the last position if there is none. */
function markerIn(bytes: Buffer): number {
  for (let at = 0; at < bytes.length - 1; at += 1) {
    if (bytes[at] === 0xff && bytes[at + 1] !== 0xff && bytes[at + 1] !== 0) return at;
  }
  return bytes.length - 1;
}

function hasNoLength(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** EXIF blocks: where the containers of images keep them. */

/** What stands before the block in JPEG, HEIC and AVIF, and in some WEBP. */
const tag = Buffer.from("Exif\0\0");

/**
 * The EXIF block in the first bytes of an image, as TIFF; undefined when there is none. Nothing on the way to it is unfolded, and every step
 * goes forward. A TIFF file is its own block, where its directory is in the first bytes.
 */
export function exifBlockOf(head: Buffer): Buffer | undefined {
  if (isTiff(head)) return firstDirectory(head) + 2 <= head.length ? head : undefined;
  const form = head.toString("latin1", 0, 16);
  if (form.startsWith("\x89PNG")) return chunkOf(head, { name: "eXIf", start: 8, littleEndian: false });
  if (form.startsWith("RIFF") && form.startsWith("WEBP", 8)) {
    const chunk = chunkOf(head, { name: "EXIF", start: 12, littleEndian: true });
    return chunk?.indexOf(tag) === 0 ? chunk.subarray(tag.length) : chunk;
  }
  for (let at = head.indexOf(tag); at >= 0; at = head.indexOf(tag, at + 1)) {
    const block = head.subarray(at + tag.length);
    if (isTiff(block)) return block;
  }
  return undefined;
}

function isTiff(bytes: Buffer): boolean {
  const magic = bytes.toString("latin1", 0, 4);
  return magic === "II*\0" || magic === "MM\0*";
}

function firstDirectory(tiff: Buffer): number {
  if (tiff.length < 8) return Number.POSITIVE_INFINITY;
  return tiff[0] === 0x49 ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
}

/** The content of a chunk of PNG (length, name, content, checksum) or RIFF (name, length, content, even). */
function chunkOf(head: Buffer, { name, start, littleEndian }: { name: string; start: number; littleEndian: boolean }) {
  for (let at = start; at + 8 <= head.length; ) {
    const length = littleEndian ? head.readUInt32LE(at + 4) : head.readUInt32BE(at);
    const found = littleEndian ? head.toString("latin1", at, at + 4) : head.toString("latin1", at + 4, at + 8);
    if (found === name) return head.subarray(at + 8, at + 8 + length);
    at += littleEndian ? 8 + length + (length % 2) : 12 + length;
  }
  return undefined;
}

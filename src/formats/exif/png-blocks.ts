/** PNG: finds metadata in its chunks. */

import { inflateSync } from "node:zlib";
import { type ByteRange, partOf, rangeOf, wholeOf } from "./byte-range.js";
import { exifBlock, type MetadataBlock, Steps } from "./metadata-block.js";

/** Maximum bytes of a decompressed text. */
const maxTextBytes = 1024 * 1024;
const xmpKeyword = "XML:com.adobe.xmp";

/** Finds EXIF and XMP in their own chunks, and in the texts that ImageMagick and other programs write. */
export function* pngBlocks(file: ByteRange): Generator<MetadataBlock> {
  const steps = new Steps();
  for (let at = 8; steps.next(); ) {
    const header = file.read(at, 8);
    if (header.length < 8) return;
    const length = header.readUInt32BE(0);
    const name = header.toString("latin1", 4, 8);
    const content = partOf(file, at + 8, length);
    if (name === "IEND") return;
    if (name === "eXIf") yield exifBlock(content);
    if (/^(tEXt|zTXt|iTXt)$/.test(name)) {
      const block = blockInText(name, content);
      if (block) yield block;
    }
    at += 12 + length;
  }
}

function blockInText(name: string, content: ByteRange): MetadataBlock | undefined {
  const start = content.read(0, 80).toString("latin1");
  const keyword = start.slice(0, start.indexOf("\0"));
  if (keyword === xmpKeyword) return { kind: "xmp", range: rangeOf(textOf(name, wholeOf(content), keyword)) };
  if (!/^Raw profile type (exif|APP1)$/i.test(keyword)) return undefined;
  const profile = profileOf(textOf(name, wholeOf(content), keyword));
  // The profile of an APP1 segment may also be XMP, which is ignored: programs do not write locations in this way.
  return profile.toString("latin1", 0, 5) === "Exif\0" ? { ...exifBlock(rangeOf(profile)), isText: true } : undefined;
}

/** Returns the text of a chunk after its keyword, decompressed if necessary. */
function textOf(name: string, chunk: Buffer, keyword: string): Buffer {
  const text = chunk.subarray(keyword.length + 1);
  if (name === "tEXt") return text;
  if (name === "zTXt") return inflated(text.subarray(1));
  const isCompressed = text[0] === 1;
  const afterLanguage = text.indexOf(0, 2) + 1;
  const international = text.subarray(text.indexOf(0, afterLanguage) + 1);
  return isCompressed ? inflated(international) : international;
}

function inflated(bytes: Buffer): Buffer {
  return inflateSync(bytes, { maxOutputLength: maxTextBytes });
}

/** Decodes a raw profile: a line with its name, a line with its length, and hexadecimal digits. */
function profileOf(text: Buffer): Buffer {
  const digits = /^\s*\S+\s+\d+\s+([\da-f\s]*)/i.exec(text.toString("latin1"))?.[1] ?? "";
  return Buffer.from(digits.replace(/\s/g, ""), "hex");
}

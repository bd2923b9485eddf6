/** PNG: selects the chunks that the picture needs. */

import { crc32 } from "node:zlib";
import { type Kept, notStripped, PartList, type Stripping } from "./parts.js";

const signatureBytes = 8;
/** Length, name and checksum around the data of a chunk. */
const frameBytes = 12;
/** Chunks that change how the picture looks. The names of mandatory chunks begin with a capital letter. */
const needed =
  /^(?:IHDR|PLTE|IDAT|IEND|tRNS|gAMA|cHRM|sRGB|iCCP|sBIT|bKGD|pHYs|cICP|mDCV|mDCv|cLLI|cLLi|acTL|fcTL|fdAT)$/;

/** Keeps the chunks that the picture needs; drops texts, times, EXIF, chunks of programs, and what follows the image. @throws {InputError} ERR_NOT_STRIPPED */
export function pngParts({ file, exif }: Stripping): Kept {
  const list = new PartList();
  list.keep(0, signatureBytes);
  let isExifWritten = exif === undefined;
  for (let at = signatureBytes; at < file.length; ) {
    const end = at + frameBytes <= file.length ? at + frameBytes + file.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    const name = file.toString("latin1", at + 4, at + 8);
    if (end > file.length) throw notStripped(`the chunk at byte ${at} of the PNG is truncated`);
    if (!needed.test(name) && /^[A-Z]/.test(name)) throw notStripped(`the PNG has the unknown mandatory chunk ${name}`);
    if (name === "IDAT" && !isExifWritten) {
      list.write(...exifChunk(exif as Buffer));
      isExifWritten = true;
    }
    if (needed.test(name)) list.keep(at, end);
    if (name === "IEND") return { parts: list.parts, hasAppended: end < file.length };
    at = end;
  }
  throw notStripped("the PNG has no end");
}

function exifChunk(exif: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(exif.length);
  const named = Buffer.concat([Buffer.from("eXIf"), exif]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return [length, named, sum];
}

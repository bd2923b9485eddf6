/** WebP: selects the chunks that the picture needs. */

import { type Kept, notStripped, type Part, PartList, type Stripping } from "./parts.js";

const headerBytes = 12;
const needed = /^(?:VP8 |VP8L|ALPH|ICCP|ANIM|ANMF)$/;
const inFrame = /^(?:VP8 |VP8L|ALPH)$/;
/** Bytes of a frame before its chunks. */
const frameHeaderBytes = 16;
const flagsAt = 8;
const flags = { exif: 0x08, xmp: 0x04 };

/** Keeps the chunks that the picture needs, and corrects the flags and the size of the container. @throws {InputError} ERR_NOT_STRIPPED */
export function webpParts({ file, exif }: Stripping): Kept {
  const list = new PartList();
  const fileEnd = headerBytes - 4 + file.readUInt32LE(4);
  if (fileEnd > file.length) throw notStripped(`the WebP has ${file.length} of ${fileEnd} bytes`);
  let isExtended = false;
  for (let at = headerBytes; at + 8 <= fileEnd; ) {
    const name = file.toString("latin1", at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const end = at + 8 + length;
    if (end > fileEnd) throw notStripped(`the chunk at byte ${at} of the WebP is truncated`);
    if (name === "VP8X") {
      isExtended = true;
      list.write(extended(file.subarray(at, end), exif));
    } else if (needed.test(name)) {
      if (name === "ANMF") checkFrame(file.subarray(at + 8, end));
      list.keep(at, end);
      if (length % 2 === 1) list.write("\0");
    }
    at = end + (length % 2);
  }
  if (exif && isExtended) list.write(...exifChunk(exif));
  const size = list.parts.reduce((sum, part) => sum + sizeOf(part), 4);
  const header = Buffer.from(file.subarray(0, headerBytes));
  header.writeUInt32LE(size, 4);
  return { parts: [{ bytes: header }, ...list.parts], hasAppended: fileEnd + (fileEnd % 2) < file.length };
}

function sizeOf(part: Part): number {
  return "bytes" in part ? part.bytes.length : part.end - part.start;
}

function extended(chunk: Buffer, exif: Buffer | undefined): Buffer {
  if (chunk.length <= flagsAt) throw notStripped("the header of the WebP is truncated");
  const changed = Buffer.from(chunk);
  const others = (chunk[flagsAt] as number) & ~(flags.exif | flags.xmp);
  changed[flagsAt] = exif ? others | flags.exif : others;
  return changed;
}

/** Refuses a frame of an animation with unknown chunks, which may be anything. */
function checkFrame(frame: Buffer): void {
  for (let at = frameHeaderBytes; at + 8 <= frame.length; ) {
    const name = frame.toString("latin1", at, at + 4);
    if (!inFrame.test(name)) throw notStripped(`a frame of the WebP has the unknown chunk ${JSON.stringify(name)}`);
    const length = frame.readUInt32LE(at + 4);
    at += 8 + length + (length % 2);
  }
}

function exifChunk(exif: Buffer): (Buffer | string)[] {
  const head = Buffer.from("EXIF\0\0\0\0", "latin1");
  head.writeUInt32LE(exif.length, 4);
  return [head, exif, exif.length % 2 === 1 ? "\0" : ""];
}

/** Detects truncated video, audio and TIFF files by the lengths in their containers, without decoding them. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Reader } from "../../core/input/detect/reader.js";
import { endOfPixels } from "../../core/input/detect/tiff.js";

/** Returns how a file is truncated. Undefined: it seems complete, or its format does not record a length. */
export function truncationOf(path: string, mimeType: string | undefined): string | undefined {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    if (/^(?:video|audio)\/(?:mp4|quicktime|3gpp2?)$/.test(mimeType ?? "")) return truncatedBox(file, size);
    if (/^(?:audio\/wav|(?:video|audio)\/vnd\.avi)$/.test(mimeType ?? "")) return truncatedRiff(file, size);
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** The boxes of an MP4 follow each other, each with its length. The last box may extend to the end of the file. */
function truncatedBox(file: number, size: number): string | undefined {
  const header = Buffer.alloc(16);
  for (let at = 0; at < size; ) {
    const read = readSync(file, header, 0, header.length, at);
    const type = header.toString("latin1", 4, 8);
    if (read < 8 || !/^[\x20-\x7e\xa9]{4}$/.test(type)) return undefined; // The rest is padding.
    const short = header.readUInt32BE(0);
    const length = short === 1 && read === 16 ? Number(header.readBigUInt64BE(8)) : short;
    if (length === 0) return undefined;
    if (at + length > size) return `its part "${type}" ends at byte ${at + length}, and the file at ${size}`;
    at += Math.max(length, 8);
  }
  return undefined;
}

/** A RIFF file records its length, unless it was written to a pipe. */
function truncatedRiff(file: number, size: number): string | undefined {
  const header = Buffer.alloc(8);
  readSync(file, header, 0, header.length, 0);
  const length = header.readUInt32LE(4);
  if (isUnknown(length) || length + 8 <= size) return undefined;
  return `its header says ${length + 8} bytes, and the file has ${size}`;
}

/** Whether a length is a placeholder. Programs that write to a pipe record 0, or nearly the maximum of 31 or 32 bits (sox and arecord, ffmpeg). */
function isUnknown(length: number): boolean {
  return length === 0 || (length >= 0x7fff_0000 && length <= 0x8000_ffff) || length >= 0xffff_0000;
}

/** Whether the pixels of a TIFF end within the file. It is not decoded, because decoders differ in the compressions that they support. */
export function isCompleteTiff(file: number, size: number): boolean {
  const more = (position: number, length: number) => {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, position));
  };
  const end = endOfPixels(new Reader(more(0, 4096), size, more));
  return end !== undefined && end <= size;
}

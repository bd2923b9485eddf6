/** JPEG: width and height from the frame header, at any position. */

import type { Found } from "./found.js";
import type { Reader } from "./reader.js";

/** Maximum number of segments and gaps between segments that are skipped. No camera writes as many before the size. */
const maxSteps = 2000;

/**
 * Describes a JPEG by its frame header, which follows other segments (EXIF with a small picture, a colour profile). Between segments it skips fill bytes,
 * which the standard allows, and other bytes, as decoders do.
 */
export function readJpeg(reader: Reader): Found {
  const found: Found = { kind: "image", mimeType: "image/jpeg" };
  let at = 2;
  for (let steps = 0; steps < maxSteps; steps += 1) {
    const segment = reader.read(at, 9);
    if (segment.length < 4) break;
    const marker = segment[1] as number;
    if (segment[0] !== 0xff || marker === 0 || marker === 0xff) {
      at = nextMarker(reader, at + 1);
      continue;
    }
    if (isFrame(marker)) {
      if (marker === 0xf7) found.mimeType = "image/jls";
      if (segment.length === 9) {
        found.height = segment.readUInt16BE(5);
        found.width = segment.readUInt16BE(7);
      }
      break;
    }
    if (marker === 0xd9 || marker === 0xda) break; // the end, or pixels without a frame header
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    at += isAlone ? 2 : 2 + Math.max(2, segment.readUInt16BE(2));
  }
  if (!found.width || !found.height)
    found.broken = "it begins like a JPEG, but its size cannot be read: it is truncated or damaged";
  return found;
}

function isFrame(marker: number): boolean {
  if (marker === 0xf7) return true; // JPEG-LS
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Returns the position of the next 0xFF that is not a fill byte, or the end of the searched bytes. */
function nextMarker(reader: Reader, from: number): number {
  const part = reader.read(from, 4096);
  for (let at = part.indexOf(0xff); at >= 0; at = part.indexOf(0xff, at + 1)) {
    const next = part[at + 1];
    if (next === undefined) return from + Math.max(at, 1);
    if (next !== 0xff && next !== 0) return from + at;
  }
  return from + Math.max(part.length, 1);
}

/** Boxes: the parts of ISO media files, such as HEIC, MP4 and QuickTime. */

import { type ByteRange, partOf } from "./byte-range.js";
import type { Steps } from "./metadata-block.js";

/** A box and what it contains. */
export interface Box {
  type: string;
  content: ByteRange;
}

/** Finds the first box of a type. */
export function boxIn(range: ByteRange, type: string, steps: Steps): ByteRange | undefined {
  for (const box of boxesIn(range, steps)) if (box.type === type) return box.content;
  return undefined;
}

/** Finds the boxes of a range, one after the other. Ends at damage. */
export function* boxesIn(range: ByteRange, steps: Steps): Generator<Box> {
  for (let at = 0; steps.next(); ) {
    const header = range.read(at, 16);
    if (header.length < 8) return;
    let size = header.readUInt32BE(0);
    let headerSize = 8;
    if (size === 1 && header.length === 16) {
      size = Number(header.readBigUInt64BE(8));
      headerSize = 16;
    } else if (size === 0) size = range.size - at; // size 0: the box extends to the end
    if (size < headerSize) return;
    yield { type: header.toString("latin1", 4, 8), content: partOf(range, at + headerSize, size - headerSize) };
    at += size;
  }
}

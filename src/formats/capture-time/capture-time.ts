/** Capture times: what a file says about when it was taken. */

import { InputError } from "../../core/errors.js";
import type { Content } from "../../core/input/input.js";
import { type ByteRange, partOf, wholeOf, withBytes } from "../exif/byte-range.js";
import { imageBlocks } from "../exif/image-blocks.js";
import { exifTime } from "./exif-time.js";
import type { FoundTime } from "./found-time.js";
import { movieTime } from "./movie-time.js";
import { xmpTime } from "./xmp-time.js";

const maxXmpBytes = 1_000_000;

/** Reads the capture time of an image from EXIF, else from XMP. Reads headers only. @throws {InputError} ERR_FILE_UNREADABLE */
export function timeOfImage(content: Content): Promise<FoundTime> {
  return withBytes(content, (file) => {
    const found: FoundTime = {};
    let fromXmp: FoundTime = {};
    try {
      for (const { kind, range } of imageBlocks(file)) {
        if (kind === "xmp") {
          if (!fromXmp.time) fromXmp = xmpTime(wholeOf(partOf(range, 0, maxXmpBytes)).toString("utf8"));
          continue;
        }
        Object.assign(found, timeOfBlock(range));
        if (found.time) return found;
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      found.isBroken = true;
    }
    return fromXmp.time ? fromXmp : { ...fromXmp, ...found };
  });
}

function timeOfBlock(range: ByteRange): FoundTime {
  try {
    return exifTime(range);
  } catch (error) {
    if (error instanceof InputError) throw error;
    return { isBroken: true };
  }
}

/** Reads the creation time of an MP4 or QuickTime video. @throws {InputError} ERR_FILE_UNREADABLE */
export function timeOfVideo(content: Content): Promise<FoundTime> {
  return withBytes(content, (file) => {
    try {
      return movieTime(file);
    } catch (error) {
      if (error instanceof InputError) throw error;
      return { isBroken: true };
    }
  });
}

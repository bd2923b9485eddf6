/** Image locations: reads the location of a photograph from its EXIF or its XMP. */

import { InputError } from "../../core/errors.js";
import type { Content, GeoPoint } from "../../core/input/input.js";
import { type ByteRange, partOf, wholeOf, withBytes } from "./byte-range.js";
import { type Coordinates, exifLocation } from "./exif-location.js";
import { imageBlocks } from "./image-blocks.js";
import { xmpLocation } from "./xmp-location.js";

/** A location, or why there is none. */
export interface FoundLocation {
  location?: GeoPoint;
  /** Whether there are coordinates, but all without their hemisphere. */
  lacksHemisphere?: boolean;
  /** Why the metadata cannot be read. */
  broken?: InputError;
}

const maxXmpBytes = 1_000_000;

/**
 * Finds the location of an image in its EXIF, or, if EXIF has none, in its XMP. Reads only headers and directories, wherever they are in the file.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE
 */
export function locationOf(image: Content): Promise<FoundLocation> {
  return withBytes(image, (file) => {
    const found: FoundLocation = {};
    let fromXmp: Coordinates | undefined;
    try {
      for (const { kind, range } of imageBlocks(file)) {
        if (kind === "xmp") {
          fromXmp ??= xmpLocation(wholeOf(partOf(range, 0, maxXmpBytes)).toString("utf8"));
          continue;
        }
        const location = readExif(range, found);
        if (location) return { location: rounded(location) };
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      found.broken ??= brokenError(error);
    }
    return fromXmp ? { location: rounded(fromXmp) } : found;
  });
}

/** Reads the location of one block. If it has none, records the reason in `found`, since another block may have a location. */
function readExif(range: ByteRange, found: FoundLocation): Coordinates | undefined {
  try {
    const location = exifLocation(range);
    if (location !== "no hemisphere") return location;
    found.lacksHemisphere = true;
  } catch (error) {
    if (error instanceof InputError) throw error;
    found.broken ??= brokenError(error);
  }
  return undefined;
}

/** Rounds to a centimetre. Further digits come from the conversion of degrees, minutes and seconds. */
function rounded({ longitude, latitude }: Coordinates): GeoPoint {
  return { longitude: Math.round(longitude * 1e7) / 1e7, latitude: Math.round(latitude * 1e7) / 1e7 };
}

function brokenError(error: unknown): InputError {
  const reason = error instanceof Error ? error.message : String(error);
  return new InputError("ERR_EXIF", `the EXIF block cannot be read: ${reason}`, { cause: error });
}

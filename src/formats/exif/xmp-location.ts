/** XMP locations: reads the coordinates that photo managers write into XMP, in some cases without EXIF. */

import { areOnEarth } from "../../core/input/coordinates.js";
import type { Coordinates } from "./exif-location.js";

/**
 * Reads `exif:GPSLatitude` and `exif:GPSLongitude`, as attributes or as elements: `51,55,27.84N`, `51,55.464N`. Returns undefined if one is missing or has
 * another form, or if both are zero.
 *
 * @throws {Error} if they are not a location on earth
 */
export function xmpLocation(document: string): Coordinates | undefined {
  const latitude = coordinate(document, "GPSLatitude", "NS");
  const longitude = coordinate(document, "GPSLongitude", "EW");
  if (latitude === undefined || longitude === undefined || (latitude === 0 && longitude === 0)) return undefined;
  if (!areOnEarth(longitude, latitude)) {
    throw new Error(`latitude ${latitude}, longitude ${longitude} is not a location on earth`);
  }
  return { latitude, longitude };
}

function coordinate(document: string, name: string, [positive, negative]: string): number | undefined {
  const text = new RegExp(`\\bexif:${name}(?:\\s*=\\s*["']|>)\\s*([^"'<]{1,40})`).exec(document)?.[1] ?? "";
  const parts = /^(\d{1,3}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?(?:,(\d{1,2}(?:\.\d+)?))?\s*([a-z])\s*$/i.exec(text);
  if (!parts) return undefined;
  const [degrees = 0, minutes = 0, seconds = 0] = parts.slice(1, 4).map((digits) => Number.parseFloat(digits ?? "0"));
  const size = degrees + minutes / 60 + seconds / 3600;
  const letter = parts[4]?.toUpperCase();
  if (letter === positive) return size;
  return letter === negative ? -size : undefined;
}

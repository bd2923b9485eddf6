/** EXIF locations: reads the coordinates in an EXIF block, and nothing else. */

import { areOnEarth } from "../../core/input/coordinates.js";
import type { ByteRange } from "./byte-range.js";
import { TiffReader, type TiffValue } from "./tiff-reader.js";

/** Tags of the first directory that lead to others, and tags of the GPS directory. */
const tags = { exif: 0x8769, gps: 0x8825, latitudeRef: 1, latitude: 2, longitudeRef: 3, longitude: 4 };
const ascii = 2;

/** Coordinates in degrees, negative in the south and in the west. */
export interface Coordinates {
  latitude: number;
  longitude: number;
}

/** The location in a block; undefined if it has none. */
export type ExifLocation = Coordinates | "no hemisphere" | undefined;

/**
 * Reads the location of an EXIF block. Ignores coordinates that are all zero, or divided by zero: a camera without a GPS fix writes them.
 *
 * @throws {Error} if the block has an offset outside of itself, or a coordinate is not a list of numbers, or not a location on earth
 */
export function exifLocation(block: ByteRange): ExifLocation {
  const reader = TiffReader.open(block);
  const gps = gpsDirectory(reader);
  const gpsValue = (tag: number) => {
    const entry = gps?.get(tag);
    return entry === undefined ? undefined : reader.value(entry);
  };
  const latitude = gpsValue(tags.latitude);
  const longitude = gpsValue(tags.longitude);
  if (!latitude || !longitude) {
    if (reader.isCut) throw new Error("a directory is truncated");
    return undefined;
  }
  const [north, east] = [degrees(reader, latitude), degrees(reader, longitude)];
  if (Number.isNaN(north) || Number.isNaN(east) || (north === 0 && east === 0)) return undefined;
  if (!areOnEarth(east, north)) throw new Error(`latitude ${north}, longitude ${east} is not a location on earth`);
  const vertical = hemisphere(reader, gpsValue(tags.latitudeRef), "N", "S");
  const horizontal = hemisphere(reader, gpsValue(tags.longitudeRef), "E", "W");
  if (vertical === undefined || horizontal === undefined) return "no hemisphere";
  return { latitude: signed(north, vertical), longitude: signed(east, horizontal) };
}

/** Finds the GPS directory. A few programs write its address into the EXIF directory. */
function gpsDirectory(reader: TiffReader): Map<number, number> | undefined {
  const first = reader.directory(reader.first);
  const at = pointer(reader, first.get(tags.gps));
  if (at > 0) return reader.directory(at);
  const exifAt = pointer(reader, first.get(tags.exif));
  if (exifAt === 0) return undefined;
  const nested = pointer(reader, reader.directory(exifAt).get(tags.gps));
  return nested > 0 ? reader.directory(nested) : undefined;
}

function pointer(reader: TiffReader, entry: number | undefined): number {
  return entry === undefined ? 0 : (reader.numbers(reader.value(entry))[0] ?? 0);
}

/** Returns 1 or -1 by the first letter, in either case; undefined for another letter, or none. */
function hemisphere(reader: TiffReader, value: TiffValue | undefined, positive: string, negative: string) {
  const letter = value && reader.text(value).charAt(0).toUpperCase();
  if (letter === positive) return 1;
  return letter === negative ? -1 : undefined;
}

/** Converts degrees, minutes and seconds to degrees, with the sign of the first number; returns NaN without degrees. */
function degrees(reader: TiffReader, value: TiffValue): number {
  const numbers = value.type === ascii ? numbersIn(reader.text(value)) : reader.numbers(value);
  const [whole = Number.NaN, ...parts] = numbers.slice(0, 3);
  if (!Number.isFinite(whole)) return Number.NaN;
  // 0/0 stands for a part that the camera does not use.
  const [minutes = 0, seconds = 0] = parts.map((part) => (Number.isNaN(part) ? 0 : part));
  if (!Number.isFinite(minutes) || !Number.isFinite(seconds)) throw new Error("a coordinate is divided by zero");
  const size = Math.abs(whole) + minutes / 60 + seconds / 3600;
  return whole < 0 || Object.is(whole, -0) ? -size : size;
}

/** Reads the numbers of a text such as `33,27,0`. @throws {Error} for other texts, whose digits can mean anything */
function numbersIn(text: string): number[] {
  if (text === "") return [];
  if (!/^-?\d+(\.\d+)?([\s,;:]+\d+(\.\d+)?){0,2}$/.test(text)) throw new Error("a coordinate is not a list of numbers");
  return text.split(/[\s,;:]+/).map((digits) => Number.parseFloat(digits));
}

/** Applies the hemisphere. A minus sign is allowed with S or W, and contradicts N or E. */
function signed(size: number, hemisphere: 1 | -1): number {
  if (size < 0 && hemisphere > 0)
    throw new Error(`coordinate ${size} is negative, but its hemisphere is north or east`);
  return Math.abs(size) * hemisphere || 0;
}

/** Detects TIFF, BigTIFF, and camera raw files in the TIFF format. */

import type { Found } from "./found.js";
import type { Reader } from "./reader.js";

/** Maximum number of entries of a directory, and most directories, that are read. */
const maxEntries = 4096;
const maxDirectories = 12;
/** Maximum number of strips or tiles whose positions are read. */
const maxPieces = 65_536;

const tags = {
  width: 256,
  height: 257,
  compression: 259,
  photometric: 262,
  make: 271,
  subDirectories: 330,
  dngVersion: 50706,
  stripOffsets: 273,
  stripLengths: 279,
  tileOffsets: 324,
  tileLengths: 325,
};
/** Photometric interpretations of sensor data: colour filter array, and linear raw. */
const rawPhotometric = new Set([32803, 34892]);
/** Compressions of camera makers: Sony, Samsung, Nikon, Kodak, Pentax. */
const rawCompression = new Set([32767, 32769, 32770, 34713, 65000, 65535]);

interface Layout {
  isBig: boolean;
  isLittle: boolean;
}
type Entry = { type: number; count: number; value: Buffer };
interface Directory {
  entries: Map<number, Entry>;
  next: number;
}

/** Describes a TIFF by its first directory; returns undefined for other content. */
export function readTiff(reader: Reader): Found | undefined {
  const { head } = reader;
  const layout = layoutOf(head);
  if (!layout) return undefined;
  if (head.toString("latin1", 8, 10) === "CR" && !layout.isBig) return { kind: "image", mimeType: "image/x-canon-cr2" };

  const found: Found = { kind: "image", mimeType: "image/tiff" };
  const first = readDirectory(reader, layout, offsetIn(head, layout.isBig ? 8 : 4, layout));
  const raw = first && rawType(reader, layout, first);
  if (raw !== undefined) return { kind: "image", mimeType: raw };
  found.width = first && numberOf(first, tags.width, layout);
  found.height = first && numberOf(first, tags.height, layout);
  if (!(found.width && found.height) && reader.isWhole) {
    found.broken = "it begins like a TIFF, but its size cannot be read: it is truncated or damaged";
  }
  return found;
}

/** Returns the end of the pixels of the first page; undefined if it cannot be read, as in a TIFF without lengths. */
export function endOfPixels(reader: Reader): number | undefined {
  const layout = layoutOf(reader.head);
  const first = layout && readDirectory(reader, layout, offsetIn(reader.head, layout.isBig ? 8 : 4, layout));
  if (!layout || !first) return undefined;
  const isTiled = first.entries.has(tags.tileOffsets);
  const offsets = numbersOf(reader, layout, first.entries.get(isTiled ? tags.tileOffsets : tags.stripOffsets));
  const lengths = numbersOf(reader, layout, first.entries.get(isTiled ? tags.tileLengths : tags.stripLengths));
  if (offsets.length === 0 || offsets.length !== lengths.length) return undefined;
  return offsets.reduce((end, offset, index) => Math.max(end, offset + (lengths[index] as number)), 0);
}

/** Returns all numbers of an entry; an empty list if they cannot be read. */
function numbersOf(reader: Reader, layout: Layout, entry: Entry | undefined): number[] {
  const size =
    entry &&
    new Map([
      [3, 2],
      [4, 4],
      [16, 8],
    ]).get(entry.type);
  if (!entry || size === undefined || entry.count > maxPieces) return [];
  const length = entry.count * size;
  const bytes = length <= entry.value.length ? entry.value : reader.read(offsetIn(entry.value, 0, layout), length);
  if (bytes.length < length) return [];
  const wide = { ...layout, isBig: size === 8 };
  return Array.from({ length: entry.count }, (_, n) =>
    size > 2
      ? offsetIn(bytes, n * size, wide)
      : layout.isLittle
        ? bytes.readUInt16LE(n * 2)
        : bytes.readUInt16BE(n * 2),
  );
}

function layoutOf(head: Buffer): Layout | undefined {
  if (head.length < 8) return undefined;
  const order = head.toString("latin1", 0, 2);
  if (order !== "II" && order !== "MM") return undefined;
  const isLittle = order === "II";
  const version = isLittle ? head.readUInt16LE(2) : head.readUInt16BE(2);
  return version === 42 || version === 43 ? { isBig: version === 43, isLittle } : undefined;
}

/** Returns the type of a camera raw file, by the sensor data in one of its directories. */
function rawType(reader: Reader, layout: Layout, first: Directory): string | undefined {
  if (first.entries.has(tags.dngVersion)) return "image/x-adobe-dng";
  const queue = [first];
  for (let index = 0; index < queue.length && index < maxDirectories; index += 1) {
    const directory = queue[index] as Directory;
    const photometric = numberOf(directory, tags.photometric, layout);
    const compression = numberOf(directory, tags.compression, layout);
    if (rawPhotometric.has(photometric ?? -1) || rawCompression.has(compression ?? -1))
      return makeType(reader, layout, first);
    const inside = subDirectories(reader, layout, directory);
    if (index < 4 && directory.next > 0) inside.push(directory.next);
    for (const offset of inside) {
      const found = queue.length < maxDirectories ? readDirectory(reader, layout, offset) : undefined;
      if (found) queue.push(found);
    }
  }
  return undefined;
}

function makeType(reader: Reader, layout: Layout, first: Directory): string {
  const entry = first.entries.get(tags.make);
  const make = entry ? textOf(reader, layout, entry) : "";
  if (/nikon/i.test(make)) return "image/x-nikon-nef";
  if (/sony/i.test(make)) return "image/x-sony-arw";
  if (/pentax|ricoh/i.test(make)) return "image/x-pentax-pef";
  if (/samsung/i.test(make)) return "image/x-samsung-srw";
  return "image/x-raw";
}

function readDirectory(reader: Reader, layout: Layout, at: number): Directory | undefined {
  const { isBig, isLittle } = layout;
  const counter = reader.read(at, isBig ? 8 : 2);
  if (at < 8 || counter.length < (isBig ? 8 : 2)) return undefined;
  const count = isBig ? offsetIn(counter, 0, layout) : isLittle ? counter.readUInt16LE(0) : counter.readUInt16BE(0);
  if (count === 0 || count > maxEntries) return undefined;
  const size = isBig ? 20 : 12;
  const start = at + counter.length;
  const bytes = reader.read(start, count * size);
  const entries = new Map<number, Entry>();
  for (let from = 0; from + size <= bytes.length; from += size) {
    const short = (position: number) => (isLittle ? bytes.readUInt16LE(position) : bytes.readUInt16BE(position));
    const long = (position: number) => (isLittle ? bytes.readUInt32LE(position) : bytes.readUInt32BE(position));
    const number = isBig ? offsetIn(bytes, from + 4, layout) : long(from + 4);
    const value = bytes.subarray(from + (isBig ? 12 : 8), from + size);
    entries.set(short(from), { type: short(from + 2), count: number, value });
  }
  const end = reader.read(start + count * size, isBig ? 8 : 4);
  return { entries, next: end.length === (isBig ? 8 : 4) ? offsetIn(end, 0, layout) : 0 };
}

function subDirectories(reader: Reader, layout: Layout, { entries }: Directory): number[] {
  const entry = entries.get(tags.subDirectories);
  if (!entry) return [];
  const size = layout.isBig && entry.type !== 4 && entry.type !== 13 ? 8 : 4;
  const count = Math.min(entry.count, maxDirectories);
  const isInline = count * size <= entry.value.length && entry.count === count;
  const bytes = isInline ? entry.value : reader.read(offsetIn(entry.value, 0, layout), count * size);
  const width = { ...layout, isBig: size === 8 };
  return Array.from({ length: Math.floor(Math.min(bytes.length, count * size) / size) }, (_, n) =>
    offsetIn(bytes, n * size, width),
  );
}

/** Returns the number of an entry, of one, two, four or eight bytes. */
function numberOf({ entries }: Directory, tag: number, layout: Layout): number | undefined {
  const entry = entries.get(tag);
  if (!entry || entry.count < 1) return undefined;
  const { value } = entry;
  if (entry.type === 1) return value[0];
  if (entry.type === 3) return layout.isLittle ? value.readUInt16LE(0) : value.readUInt16BE(0);
  if (entry.type === 4 || entry.type === 9) return layout.isLittle ? value.readUInt32LE(0) : value.readUInt32BE(0);
  return entry.type === 16 && layout.isBig ? offsetIn(value, 0, layout) : undefined;
}

function textOf(reader: Reader, layout: Layout, { count, value }: Entry): string {
  const length = Math.min(count, 64);
  const bytes = length <= value.length ? value : reader.read(offsetIn(value, 0, layout), length);
  return bytes.toString("latin1");
}

/** Reads a position in the file: four bytes, or eight in a BigTIFF. */
function offsetIn(bytes: Buffer, at: number, { isBig, isLittle }: Layout): number {
  if (bytes.length < at + (isBig ? 8 : 4)) return 0;
  if (isBig) return Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  return isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

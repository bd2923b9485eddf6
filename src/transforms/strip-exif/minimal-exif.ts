/** Minimal EXIF: the entries of an EXIF block that stay, in a block of their own. */

import type { ByteRange } from "../../formats/exif/byte-range.js";
import { exifBlocks } from "../../formats/exif/image-blocks.js";
import { TiffReader, type TiffValue } from "../../formats/exif/tiff-reader.js";

/** Groups of fields that a user may keep. */
export const fieldGroups = ["orientation", "icc", "gps", "time", "camera", "copyright"] as const;
export type FieldGroup = (typeof fieldGroups)[number];

const pointers = { exif: 0x8769, gps: 0x8825 };
const orientationTag = 0x0112;
/** Tags of each group, by directory. `undefined` stands for all tags of the directory. */
const tagsOf: Partial<Record<FieldGroup, { first?: number[]; exif?: number[]; gps?: "all" }>> = {
  gps: { gps: "all" },
  time: { first: [0x0132], exif: [0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9290, 0x9291, 0x9292] },
  camera: { first: [0x010f, 0x0110], exif: [0xa433, 0xa434] },
  copyright: { first: [0x013b, 0x8298] },
};

/** Maximum bytes of one value. Longer ones are no value of these tags. */
const maxValueBytes = 2048;
/** Bytes that the entries may take together: a JPEG has space for 64 KB. */
export const maxExifBytes = 60_000;

interface Entry {
  tag: number;
  type: number;
  count: number;
  bytes: Buffer;
}

/**
 * Makes the EXIF block of the result: the orientation, and the groups that the user keeps. Returns undefined if it would be empty: an upright picture needs no
 * block. A damaged block gives nothing.
 */
export function minimalExif(file: ByteRange, keep: readonly FieldGroup[]): Buffer | undefined {
  for (const block of exifBlocks(file)) {
    try {
      const made = blockOf(TiffReader.open(block), keep);
      if (made) return made;
    } catch {
      // a damaged block: the decoders ignore it, too
    }
  }
  return undefined;
}

function blockOf(reader: TiffReader, keep: readonly FieldGroup[]): Buffer | undefined {
  if (reader.isBig) return undefined;
  const wanted = keep.map((group) => tagsOf[group] ?? {});
  const main = reader.directory(reader.first);
  const first = entriesOf(reader, main, [orientationTag, ...wanted.flatMap(({ first = [] }) => first)]);
  const isUpright = (entry: Entry) =>
    entry.tag === orientationTag && reader.numbers(valueIn(reader, main, orientationTag))[0] === 1;
  const shown = first.filter((entry) => !isUpright(entry));
  const exif = entriesOf(
    reader,
    directoryAt(reader, main.get(pointers.exif)),
    wanted.flatMap(({ exif = [] }) => exif),
  );
  const gpsTable = wanted.some(({ gps }) => gps === "all")
    ? directoryAt(reader, main.get(pointers.gps))
    : new Map<number, number>();
  const gps = entriesOf(reader, gpsTable, [...gpsTable.keys()]);
  if (shown.length + exif.length + gps.length === 0) return undefined;
  const block = written(reader.isLittle, shown, { exif, gps });
  return block.length <= maxExifBytes ? block : undefined;
}

function valueIn(reader: TiffReader, directory: Map<number, number>, tag: number): TiffValue {
  return reader.value(directory.get(tag) as number);
}

function directoryAt(reader: TiffReader, entry: number | undefined): Map<number, number> {
  const [at = 0] = entry === undefined ? [] : reader.numbers(reader.value(entry));
  return at > 0 ? reader.directory(at) : new Map();
}

function entriesOf(reader: TiffReader, directory: Map<number, number>, tags: readonly number[]): Entry[] {
  const entries: Entry[] = [];
  for (const tag of [...new Set(tags)].sort((one, other) => one - other)) {
    if (!directory.has(tag)) continue;
    const { type, count, range } = valueIn(reader, directory, tag);
    const bytes = range.size <= maxValueBytes ? Buffer.from(range.read(0, range.size)) : Buffer.alloc(0);
    if (bytes.length > 0 && bytes.length === range.size) entries.push({ tag, type, count, bytes });
  }
  return entries;
}

/** Writes the directories one after the other, each with its values behind it. */
function written(little: boolean, first: readonly Entry[], { exif, gps }: { exif: Entry[]; gps: Entry[] }): Buffer {
  const u16 = (value: number) => number(2, value, little);
  const u32 = (value: number) => number(4, value, little);
  const pointer = (tag: number): Entry => ({ tag, type: 4, count: 1, bytes: Buffer.alloc(4) });
  const main = [...first];
  if (exif.length > 0) main.push(pointer(pointers.exif));
  if (gps.length > 0) main.push(pointer(pointers.gps));
  main.sort((one, other) => one.tag - other.tag);
  const header = Buffer.concat([Buffer.from(little ? "II" : "MM"), u16(42), u32(8)]);
  const exifAt = header.length + sizeOf(main);
  const gpsAt = exifAt + (exif.length > 0 ? sizeOf(exif) : 0);
  for (const entry of main) {
    if (entry.tag === pointers.exif) entry.bytes = u32(exifAt);
    if (entry.tag === pointers.gps) entry.bytes = u32(gpsAt);
  }
  const directory = (entries: readonly Entry[], at: number): Buffer => {
    let dataAt = at + 2 + entries.length * 12 + 4;
    const fields: Buffer[] = [];
    const data: Buffer[] = [];
    for (const { tag, type, count, bytes } of entries) {
      const isInline = bytes.length <= 4;
      fields.push(u16(tag), u16(type), u32(count), isInline ? padded(bytes, 4) : u32(dataAt));
      if (isInline) continue;
      data.push(padded(bytes, bytes.length + (bytes.length % 2)));
      dataAt += bytes.length + (bytes.length % 2);
    }
    return Buffer.concat([u16(entries.length), ...fields, u32(0), ...data]);
  };
  return Buffer.concat([
    header,
    directory(main, header.length),
    ...(exif.length > 0 ? [directory(exif, exifAt)] : []),
    ...(gps.length > 0 ? [directory(gps, gpsAt)] : []),
  ]);
}

function sizeOf(entries: readonly Entry[]): number {
  const data = entries.map(({ bytes }) => (bytes.length <= 4 ? 0 : bytes.length + (bytes.length % 2)));
  return 2 + entries.length * 12 + 4 + data.reduce((sum, bytes) => sum + bytes, 0);
}

function number(width: 2 | 4, value: number, little: boolean): Buffer {
  const bytes = Buffer.alloc(width);
  if (little) bytes.writeUIntLE(value, 0, width);
  else bytes.writeUIntBE(value, 0, width);
  return bytes;
}

function padded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
}

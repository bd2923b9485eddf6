/** TIFF structures: reads directories and values of EXIF blocks and of TIFF files. */

import { type ByteRange, partOf } from "./byte-range.js";
import { isTiff } from "./metadata-block.js";

/** A value of a directory. */
export interface TiffValue {
  type: number;
  count: number;
  range: ByteRange;
}

/** Maximum number of entries that are read of a directory. Cameras write fewer than 100. */
const maxEntries = 4096;
/** Maximum number of numbers and most characters that are read of a value. */
const maxValues = 16;
const maxCharacters = 64;

/** Size and reader of each type of value. */
const types: Record<number, { bytes: number; read: (bytes: Buffer, at: number, little: boolean) => number }> = {
  1: { bytes: 1, read: (bytes, at) => bytes.readUInt8(at) },
  2: { bytes: 1, read: (bytes, at) => bytes.readUInt8(at) },
  3: { bytes: 2, read: u16 },
  4: { bytes: 4, read: u32 },
  5: { bytes: 8, read: (bytes, at, little) => u32(bytes, at, little) / u32(bytes, at + 4, little) },
  6: { bytes: 1, read: (bytes, at) => bytes.readInt8(at) },
  7: { bytes: 1, read: (bytes, at) => bytes.readUInt8(at) },
  8: { bytes: 2, read: (bytes, at, little) => (little ? bytes.readInt16LE(at) : bytes.readInt16BE(at)) },
  9: { bytes: 4, read: i32 },
  10: { bytes: 8, read: (bytes, at, little) => i32(bytes, at, little) / i32(bytes, at + 4, little) },
  11: { bytes: 4, read: (bytes, at, little) => (little ? bytes.readFloatLE(at) : bytes.readFloatBE(at)) },
  12: { bytes: 8, read: (bytes, at, little) => (little ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at)) },
  13: { bytes: 4, read: u32 },
  16: { bytes: 8, read: u64 },
  18: { bytes: 8, read: u64 },
};

function u16(bytes: Buffer, at: number, little: boolean): number {
  return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

function u32(bytes: Buffer, at: number, little: boolean): number {
  return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

function i32(bytes: Buffer, at: number, little: boolean): number {
  return little ? bytes.readInt32LE(at) : bytes.readInt32BE(at);
}

function u64(bytes: Buffer, at: number, little: boolean): number {
  return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
}

/** Reads a structure in either byte order, with offsets of 32 bits, or 64 bits (BigTIFF). */
export class TiffReader {
  readonly #range: ByteRange;
  readonly #little: boolean;
  readonly #isBig: boolean;
  /** Position of the first directory. */
  readonly first: number;
  /** Whether a directory has fewer entries than its header says. */
  isCut = false;

  /** @throws {Error} if the range does not begin with the header of a TIFF structure */
  static open(range: ByteRange): TiffReader {
    return new TiffReader(range, range.read(0, 16));
  }

  private constructor(range: ByteRange, header: Buffer) {
    if (header.length < 8 || !isTiff(header)) throw new Error("it does not begin like a TIFF");
    this.#range = range;
    this.#little = header[0] === 0x49;
    this.#isBig = header[2] === 0x2b || header[3] === 0x2b;
    this.first = this.#isBig ? u64(header, 8, this.#little) : u32(header, 4, this.#little);
  }

  /** Whether numbers begin with their lowest byte. */
  get isLittle(): boolean {
    return this.#little;
  }

  /** Whether offsets have 64 bits (BigTIFF). */
  get isBig(): boolean {
    return this.#isBig;
  }

  /** Returns the positions of a directory's entries by tag. Leaves out entries outside of the structure. @throws {Error} if the directory is outside */
  directory(at: number): Map<number, number> {
    const [countBytes, entryBytes] = this.#isBig ? [8, 20] : [2, 12];
    const head = this.#range.read(at, countBytes);
    if (head.length < countBytes) throw new Error("a directory lies outside of the block");
    const count = Math.min(this.#isBig ? u64(head, 0, this.#little) : u16(head, 0, this.#little), maxEntries);
    const bytes = this.#range.read(at + countBytes, count * entryBytes);
    this.isCut ||= bytes.length < count * entryBytes;
    const entries = new Map<number, number>();
    for (let entry = 0; entry + entryBytes <= bytes.length; entry += entryBytes) {
      entries.set(u16(bytes, entry, this.#little), at + countBytes + entry);
    }
    return entries;
  }

  /** Finds the value of an entry: a short value is in the entry itself, a longer one elsewhere. */
  value(entry: number): TiffValue {
    const [entryBytes, inlineBytes] = this.#isBig ? [20, 8] : [12, 4];
    const fields = this.#range.read(entry, entryBytes);
    const type = u16(fields, 2, this.#little);
    const count = this.#isBig ? u64(fields, 4, this.#little) : u32(fields, 4, this.#little);
    const field = entryBytes - inlineBytes;
    const offset = this.#isBig ? u64(fields, field, this.#little) : u32(fields, field, this.#little);
    const length = count * (types[type]?.bytes ?? 1);
    return { type, count, range: partOf(this.#range, length <= inlineBytes ? entry + field : offset, length) };
  }

  /** Reads the first numbers of a value. @throws {Error} if they lie outside of the structure, or are not numbers */
  numbers({ type, count, range }: TiffValue): number[] {
    const form = types[type];
    if (!form) throw new Error(`a value has the type ${type}`);
    const wanted = Math.min(count, maxValues);
    const bytes = range.read(0, wanted * form.bytes);
    if (bytes.length < wanted * form.bytes) throw new Error("a value lies outside of the block");
    return Array.from({ length: wanted }, (_, index) => form.read(bytes, index * form.bytes, this.#little));
  }

  /** Reads the first characters of a value of any type, without NUL and blanks around them. @throws {Error} if it lies outside of the structure */
  text({ type, count, range }: TiffValue): string {
    const wanted = Math.min(count * (types[type]?.bytes ?? 1), maxCharacters);
    const bytes = range.read(0, wanted);
    if (bytes.length < wanted) throw new Error("a value lies outside of the block");
    return bytes
      .toString("latin1")
      .replace(/[\0\s]+/g, " ")
      .trim();
  }
}

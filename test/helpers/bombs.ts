/** Files that expand to many times their size, and files whose structure makes a reader loop. */

import { crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";

const ascii = (text: string) => Buffer.from(text, "latin1");

function numbers(write: (buffer: Buffer, value: number, at: number) => void, width: number) {
  return (...values: readonly number[]) => {
    const buffer = Buffer.alloc(values.length * width);
    for (const [index, value] of values.entries()) write(buffer, value, index * width);
    return buffer;
  };
}

/** Encodes numbers of 32 and 16 bits, big-endian or little-endian. */
export const u32be = numbers((buffer, value, at) => void buffer.writeUInt32BE(value, at), 4);
export const u32le = numbers((buffer, value, at) => void buffer.writeUInt32LE(value, at), 4);
const u16be = numbers((buffer, value, at) => void buffer.writeUInt16BE(value, at), 2);
export const u16le = numbers((buffer, value, at) => void buffer.writeUInt16LE(value, at), 2);

export function bytes(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? ascii(part) : part)));
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = bytes(type, data);
  return bytes(u32be(data.length), body, u32be(crc32(body)));
}

/** Makes a PNG of black pixels whose header names this size, and which contains `rows` of them. */
export function png(width: number, height: number, rows = 0, more: readonly Buffer[] = []): Buffer {
  const header = bytes(u32be(width, height), Buffer.from([8, 0, 0, 0, 0]));
  const pixels = deflateSync(Buffer.alloc(rows * (width + 1)));
  return bytes(
    "\x89PNG\r\n\x1a\n",
    chunk("IHDR", header),
    ...more,
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  );
}

/** Makes a PNG chunk with a colour profile that decompresses to `size` bytes; `pngText` makes one with a text. */
export function pngProfile(size: number): Buffer {
  return chunk("iCCP", bytes("x\0\0", deflateSync(Buffer.alloc(size))));
}

export function pngText(size: number): Buffer {
  return chunk("zTXt", bytes("Comment\0\0", deflateSync(Buffer.alloc(size))));
}

export function gif(width: number, height: number, frames = 1): Buffer {
  const frame = bytes(",", u16le(0, 0, width, height), Buffer.from([0, 2, 2, 0x4c, 1, 0]));
  return bytes("GIF89a", u16le(width, height), Buffer.alloc(3), ...Array.from({ length: frames }, () => frame), ";");
}

export function jpegHeader(width: number, height: number): Buffer {
  const frame = bytes(
    u16be(17),
    Buffer.from([8]),
    u16be(height, width),
    Buffer.from([3, 1, 17, 0, 2, 17, 1, 3, 17, 1]),
  );
  return bytes("\xff\xd8\xff\xe0", u16be(16), "JFIF\0", Buffer.alloc(9), "\xff\xc0", frame, "\xff\xd9");
}

export function webp(width: number, height: number): Buffer {
  const size = (value: number) => Buffer.from([value - 1, (value - 1) >> 8, (value - 1) >> 16]);
  const canvas = bytes("VP8X", u32le(10), Buffer.alloc(4), size(width), size(height));
  return bytes("RIFF", u32le(canvas.length + 4), "WEBP", canvas);
}

/** Makes a TIFF with these entries: tag, type, count, value. `next` is the offset of its next directory. */
export function tiff(
  entries: readonly [number, number, number, number][],
  next = 0,
  data: Uint8Array = Buffer.alloc(0),
) {
  const directory = entries.map(([tag, type, count, value]) => bytes(u16le(tag, type), u32le(count, value)));
  return bytes("II*\0", u32le(8), u16le(entries.length), ...directory, u32le(next), data);
}

export function tiffOf(width: number, height: number, more: readonly [number, number, number, number][] = []): Buffer {
  return tiff([[256, 4, 1, width], [257, 4, 1, height], [258, 3, 1, 8], [259, 3, 1, 1], [262, 3, 1, 1], ...more]);
}

export function svg(body: string, size = 'width="10" height="10"', prolog = ""): Buffer {
  return ascii(`<?xml version="1.0"?>${prolog}<svg xmlns="http://www.w3.org/2000/svg" ${size}>${body}</svg>`);
}

/** Makes a ZIP whose first entry decompresses to `size` bytes, while its header names `promised`. */
export function zip(name: string, size: number, promised = size): Buffer {
  const data = deflateRawSync(Buffer.alloc(size), { level: 9 });
  const header = bytes(
    "PK\x03\x04",
    u16le(20, 0, 8, 0, 0),
    u32le(0, data.length, promised),
    u16le(name.length, 0),
    name,
  );
  return bytes(header, data);
}

/** Compresses `size` bytes with gzip, `layers` times. */
export function layered(size: number, layers: number): Buffer {
  let data: Buffer = Buffer.alloc(size);
  for (let layer = 0; layer < layers; layer += 1) data = gzipSync(data, { level: 9 });
  return data;
}

/** Makes the start of an ISO file (MP4, HEIC, AVIF, JP2, JXL), with these boxes after its first one. */
export function isoFile(brand: string, ...boxes: readonly (string | Uint8Array)[]): Buffer {
  return bytes(u32be(24), "ftyp", brand, u32be(0), brand, brand, ...boxes, Buffer.alloc(64));
}

/** Makes EXIF blocks with a GPS directory, and the containers that images carry them in. */

import { crc32, deflateSync } from "node:zlib";
import { bytes, isoFile, u32be, u32le } from "./bombs.js";

/** A value of a directory: its type, the number of its values, and its bytes. */
export interface Value {
  type: number;
  count: number;
  bytes: Buffer;
}

/** Latitude and longitude with their optional references. */
export interface Gps {
  latitudeRef?: Value;
  latitude: Value;
  longitudeRef?: Value;
  longitude: Value;
}

const numbered = (width: number, write: (buffer: Buffer, value: number, at: number) => void) => {
  return (type: number, values: readonly number[]): Value => {
    const buffer = Buffer.alloc(values.length * width);
    for (const [index, value] of values.entries()) write(buffer, value, index * width);
    return { type, count: values.length, bytes: buffer };
  };
};
const words = numbered(4, (buffer, value, at) => void buffer.writeInt32BE(value | 0, at));

/** Encodes fractions: `51, 1, 55, 1, 2784, 100` is 51° 55′ 27.84″. */
export const rationals = (...parts: number[]): Value => ({ ...words(5, parts), count: parts.length / 2 });
export const signedRationals = (...parts: number[]): Value => ({ ...words(10, parts), count: parts.length / 2 });
export const doubles = (...values: number[]) =>
  numbered(8, (buffer, value, at) => void buffer.writeDoubleBE(value, at))(12, values);
export const floats = (...values: number[]) =>
  numbered(4, (buffer, value, at) => void buffer.writeFloatBE(value, at))(11, values);
/** Encodes a text with a type: 2 is ASCII, 1 BYTE, 7 UNDEFINED. */
export const text = (value: string, type = 2): Value => ({
  type,
  count: value.length,
  bytes: Buffer.from(value, "latin1"),
});

/** 33° 27′ south and 70° 40′ 12″ west: Santiago. */
export const santiago: Gps = {
  latitudeRef: text("S\0"),
  latitude: rationals(33, 1, 27, 1, 0, 1),
  longitudeRef: text("W\0"),
  longitude: rationals(70, 1, 40, 1, 12, 1),
};
export const santiagoPoint = { longitude: -70.67, latitude: -33.45 };

/** Makes a big-endian TIFF structure whose first directory points to a GPS directory after `before` bytes. */
export function exifBlock(gps: Gps, before = 0): Buffer {
  const first = 8;
  const gpsAt = first + 2 + 12 + 4 + before;
  const values = [gps.latitudeRef, gps.latitude, gps.longitudeRef, gps.longitude];
  const entries = values.flatMap((value, index) => (value ? [{ tag: index + 1, value }] : []));
  let dataAt = gpsAt + 2 + entries.length * 12 + 4;
  const data: Buffer[] = [];
  const directory = entries.map(({ tag, value }) => {
    const inline = value.bytes.length <= 4;
    const field = inline ? bytes(value.bytes, Buffer.alloc(4 - value.bytes.length)) : u32be(dataAt);
    if (!inline) {
      data.push(value.bytes);
      dataAt += value.bytes.length;
    }
    return bytes(u16(tag, value.type), u32be(value.count), field);
  });
  const pointer = bytes(u16(1, 0x8825, 4), u32be(1, gpsAt), u32be(0));
  return bytes(
    "MM\0*",
    u32be(first),
    pointer,
    Buffer.alloc(before),
    u16(entries.length),
    ...directory,
    u32be(0),
    ...data,
  );
}

function u16(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) buffer.writeUInt16BE(value, index * 2);
  return buffer;
}

/** Makes a segment of a JPEG. */
export function segment(marker: number, ...content: (string | Uint8Array)[]): Buffer {
  const body = bytes(...content);
  return bytes(Buffer.from([0xff, marker]), u16(body.length + 2), body);
}

/** Makes a JPEG with these segments and no image data. */
export function jpegOf(...segments: Buffer[]): Buffer {
  return bytes("\xff\xd8", ...segments, "\xff\xda\0\x02", Buffer.alloc(50), "\xff\xd9");
}

export function pngOf(...chunks: [name: string, content: Uint8Array][]): Buffer {
  const header: [string, Uint8Array] = ["IHDR", bytes(u32be(1, 1), Buffer.from([8, 0, 0, 0, 0]))];
  const all: [string, Uint8Array][] = [header, ...chunks, ["IEND", Buffer.alloc(0)]];
  const written = all.map(([name, content]) =>
    bytes(u32be(content.length), name, content, u32be(crc32(bytes(name, content)))),
  );
  return bytes("\x89PNG\r\n\x1a\n", ...written);
}

/** Makes a raw profile as ImageMagick writes it: hexadecimal digits in lines of 72. */
export function rawProfile(name: string, profile: Buffer, compressed = true): [string, Uint8Array] {
  const digits = profile.toString("hex").replace(/.{72}/g, "$&\n");
  const body = `\n${name}\n${`${profile.length}`.padStart(8)}\n${digits}\n`;
  const keyword = `Raw profile type ${name}\0`;
  return compressed ? ["zTXt", bytes(keyword, "\0", deflateSync(body))] : ["tEXt", bytes(keyword, body)];
}

export function webpOf(...chunks: [name: string, content: Uint8Array][]): Buffer {
  const written = chunks.map(([name, content]) =>
    bytes(name, u32le(content.length), content, Buffer.alloc(content.length % 2)),
  );
  const body = bytes("WEBP", ...written);
  return bytes("RIFF", u32le(body.length), body);
}

function box(type: string, ...content: (string | Uint8Array)[]): Buffer {
  const body = bytes(...content);
  return bytes(u32be(body.length + 8), type, body);
}

/** Makes a HEIC with one item. `version` is the version of its location box; `inside` puts the item into the `idat` box. */
export function heicOf(
  item: Buffer,
  { version = 0, inside = false, before = 0, parts = 1, type = "Exif" } = {},
): Buffer {
  const id = version < 2 ? u16(1) : u32be(1);
  const mime = type === "mime" ? "xmp\0application/rdf+xml\0" : "\0";
  const infe = box("infe", Buffer.from([2, 0, 0, 0]), u16(1, 0), type, mime);
  const iinf = box("iinf", Buffer.alloc(4), u16(1), infe);
  const idat = inside ? box("idat", item) : Buffer.alloc(0);
  const locations = (start: number) => {
    const share = Math.ceil(item.length / parts);
    const extents = Array.from({ length: parts }, (_, part) => {
      return u32be(start + part * share, Math.min(share, item.length - part * share));
    });
    const method = version === 0 ? Buffer.alloc(0) : u16(inside ? 1 : 0);
    const head = bytes(Buffer.from([version, 0, 0, 0, 0x44, 0]), version < 2 ? u16(1) : u32be(1));
    return box("iloc", head, id, method, u16(0), u16(parts), ...extents);
  };
  const meta = (start: number) => box("meta", Buffer.alloc(4), iinf, locations(start), idat);
  const ftyp = isoFile("heic").subarray(0, 24);
  const start = ftyp.length + meta(0).length + 8 + before;
  return bytes(ftyp, meta(inside ? 0 : start), box("mdat", Buffer.alloc(before), inside ? "" : item));
}

/** Makes an XMP document with a location. */
export function xmp(latitude: string, longitude: string, asElements = false): string {
  const body = asElements
    ? `><exif:GPSLatitude>${latitude}</exif:GPSLatitude><exif:GPSLongitude>${longitude}</exif:GPSLongitude></rdf:Description>`
    : ` exif:GPSLatitude="${latitude}" exif:GPSLongitude="${longitude}"/>`;
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"${body}</rdf:RDF></x:xmpmeta>`;
}

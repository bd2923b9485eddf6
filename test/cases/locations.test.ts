/** Locations in photographs, as cameras, phones and programs write them. */

import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { geoFromExif, type Input } from "../../src/index.js";
import { bytes, u32be } from "../helpers/bombs.js";
import {
  doubles,
  exifBlock,
  floats,
  type Gps,
  heicOf,
  jpegOf,
  pngOf,
  rationals,
  rawProfile,
  santiago,
  santiagoPoint,
  segment,
  signedRationals,
  text,
  webpOf,
  xmp,
} from "../helpers/exif-files.js";
import { fileWith, jpeg, tempFolder } from "../helpers/files.js";
import { through } from "../helpers/transforms.js";

const temp = tempFolder();
const file = (name: string) => join(import.meta.dirname, "files/images", name);
const noHemisphere = { "geoFromExif: the coordinates name no hemisphere, so no location was taken": 1 };
const broken = { "geoFromExif: the EXIF block is broken, so no location was taken": 1 };

/** The location that geoFromExif reads from an image, as a file and as bytes, and the notes of the report. */
async function taken(image: Buffer): Promise<{ geo: Input["geo"]; notes: Readonly<Record<string, number>> }> {
  const results = [];
  // With these facts, nobody looks at the files: most have no pixels.
  const onDisk = { path: fileWith(temp, "image", image), sizeBytes: image.length };
  for (const content of [onDisk, { bytes: new Uint8Array(image) }]) {
    const facts = { mimeType: "image/x", width: 1, height: 1 };
    const { made, report } = await through(geoFromExif(), [{ image: { ...content, ...facts } }]);
    expect(report.counts).toMatchObject({ ok: 1 });
    results.push({ geo: made[0]?.geo, notes: report.notes });
  }
  expect(results[0]).toEqual(results[1]);
  return results[0] as (typeof results)[0];
}

const inJpeg = (block: Buffer) => jpegOf(segment(0xe1, "Exif\0\0", block));
const withGps = (changed: Partial<Gps>) => inJpeg(exifBlock({ ...santiago, ...changed }));
const zero = rationals(0, 1, 0, 1, 0, 1);

describe("the hemisphere of a coordinate", () => {
  it.each(["good-refs.jpg", "lower-refs.jpg", "undefined-type-refs.jpg"])("is read in any form: %s", async (name) => {
    const { geo } = await taken(readFileSync(file(name)));
    expect(geo).toEqual({ longitude: -70.6666667, latitude: -33.45 });
  });

  it.each([
    ["of type BYTE", text("S\0", 1), text("W\0", 1)],
    ["without the NUL at the end", text("S"), text("W")],
    ["with blanks around them", text(" S \0"), text(" W \0")],
    ["as words", text("South\0"), text("West\0")],
    ["in UTF-16", text("S\0\0\0", 7), text("W\0\0\0", 7)],
  ])("is read %s", async (_, latitudeRef, longitudeRef) => {
    expect((await taken(withGps({ latitudeRef, longitudeRef }))).geo).toEqual(santiagoPoint);
  });

  it.each(["no-refs.jpg", "empty-refs.jpg"])("leads to no location and a note if it is missing: %s", async (name) => {
    expect(await taken(readFileSync(file(name)))).toEqual({ geo: undefined, notes: noHemisphere });
  });

  it.each([
    ["one is missing", { latitude: santiago.latitude, longitude: santiago.longitude, latitudeRef: text("S\0") }],
    ["they are swapped", { ...santiago, latitudeRef: text("W\0"), longitudeRef: text("S\0") }],
    ["one is a question mark", { ...santiago, longitudeRef: text("?\0") }],
  ])("leads to no location if %s", async (_, gps) => {
    expect(await taken(inJpeg(exifBlock(gps)))).toEqual({ geo: undefined, notes: noHemisphere });
  });

  it("may agree with the sign of the coordinate, and must not contradict it", async () => {
    const signed = { latitude: signedRationals(-33, 1, 27, 1, 0, 1), longitude: signedRationals(-70, 1, 40, 1, 12, 1) };
    expect((await taken(withGps(signed))).geo).toEqual(santiagoPoint);
    const contradiction = { ...signed, latitudeRef: text("N\0") };
    expect(await taken(withGps(contradiction))).toEqual({ geo: undefined, notes: broken });
  });
});

describe("a coordinate of zero", () => {
  it.each(["zero.jpg", "zero-no-refs.jpg"])("means no location if both are zero: %s", async (name) => {
    expect(await taken(readFileSync(file(name)))).toEqual({ geo: undefined, notes: {} });
  });

  it("means the equator or Greenwich if only one is zero", async () => {
    expect((await taken(readFileSync(file("equator.jpg")))).geo).toEqual({ longitude: 4.4777, latitude: 0 });
    const greenwich = await taken(withGps({ longitude: zero, longitudeRef: text("E\0") }));
    expect(greenwich.geo).toEqual({ longitude: 0, latitude: -33.45 });
  });

  it("is the same with both signs", async () => {
    const { geo } = await taken(withGps({ latitude: zero }));
    expect(Object.is(geo?.latitude, 0)).toBe(true);
  });
});

describe("coordinates", () => {
  it.each([
    ["doubles", doubles(33, 27, 0), doubles(70, 40, 12)],
    ["doubles of degrees alone", doubles(33.45), doubles(70.67)],
    ["floats", floats(33, 27, 0), floats(70, 40, 12)],
    ["signed fractions", signedRationals(33, 1, 27, 1, 0, 1), signedRationals(70, 1, 40, 1, 12, 1)],
    ["degrees alone, with zeros", rationals(3345, 100, 0, 1, 0, 1), rationals(7067, 100, 0, 1, 0, 1)],
    ["degrees alone, without the rest", rationals(3345, 100), rationals(7067, 100)],
    ["minutes with a fraction", rationals(33, 1, 270, 10, 0, 1), rationals(70, 1, 402, 10, 0, 1)],
    ["seconds that are not used (0/0)", rationals(33, 1, 27, 1, 0, 0), rationals(70, 1, 402, 10, 0, 0)],
    ["more numbers than three", rationals(33, 1, 27, 1, 0, 1, 9, 1), rationals(70, 1, 40, 1, 12, 1, 9, 1)],
    ["a text", text("33,27,0\0"), text("70,40,12\0")],
  ])("are read as %s", async (_, latitude, longitude) => {
    expect((await taken(withGps({ latitude, longitude }))).geo).toEqual(santiagoPoint);
  });

  it("mean no location if they are divided by zero, since the camera had no fix", async () => {
    const none = rationals(0, 0, 0, 0, 0, 0);
    expect(await taken(withGps({ latitude: none, longitude: none }))).toEqual({ geo: undefined, notes: {} });
  });

  it.each<[string, Buffer]>([
    ["latitude beyond 90", withGps({ latitude: rationals(91, 1, 0, 1, 0, 1) })],
    ["longitude beyond 180", withGps({ longitude: rationals(181, 1, 0, 1, 0, 1) })],
    ["minutes divided by zero", withGps({ latitude: rationals(33, 1, 27, 0, 0, 1) })],
    ["values behind the end of the block", inJpeg(exifBlock(santiago).subarray(0, -20))],
    ["a directory behind the end", inJpeg(exifBlock(santiago).subarray(0, 30))],
    ["another magic number", inJpeg(bytes("MM\0\xd2", exifBlock(santiago).subarray(4)))],
    ["nothing but its name", jpegOf(segment(0xe1, "Exif\0\0"))],
    ["a value of an unknown type", withGps({ latitude: { ...zero, type: 99 } })],
  ])("in a broken block become a note: %s", async (_, image) => {
    expect(await taken(image)).toEqual({ geo: undefined, notes: broken });
  });
});

describe("EXIF in a photograph is found", () => {
  const block = exifBlock(santiago);
  const far = Buffer.alloc(700_000, 1);
  const tiffOffset = u32be(0);
  const places: [where: string, image: Buffer][] = [
    ["behind a JPEG's fill bytes", jpegOf(Buffer.alloc(300, 0xff), segment(0xe1, "Exif\0\0", block))],
    [
      "behind other segments of a JPEG",
      jpegOf(...Array(12).fill(segment(0xe2, Buffer.alloc(65_000))), segment(0xe1, "Exif\0\0", block)),
    ],
    ["in 60 KB of a JPEG", inJpeg(exifBlock(santiago, 60_000))],
    [
      "in two segments of a JPEG",
      jpegOf(
        segment(0xe1, "Exif\0\0", exifBlock(santiago, 70_000).subarray(0, 65_000)),
        segment(0xe1, "Exif\0\0", exifBlock(santiago, 70_000).subarray(65_000)),
      ),
    ],
    [
      "in a JPEG with extended XMP before it",
      jpegOf(
        segment(0xe1, "http://ns.adobe.com/xmp/extension/\0", Buffer.alloc(65_000)),
        segment(0xe1, "Exif\0\0", block),
      ),
    ],
    ["in a JPEG with a trailer", bytes(inJpeg(block), Buffer.alloc(3000, 7), "SEFT")],
    [
      "behind a broken block",
      jpegOf(segment(0xe1, "Exif\0\0", "MM\0*\xff\xff\xff\xff"), segment(0xe2, "x"), segment(0xe1, "Exif\0\0", block)),
    ],
    ["in a PNG", pngOf(["eXIf", block])],
    ["in a PNG behind the pixels", pngOf(...Array(90).fill(["IDAT", Buffer.alloc(8192)]), ["eXIf", block])],
    ["in a PNG with the prefix of JPEG", pngOf(["eXIf", bytes("Exif\0\0", block)])],
    ["in a compressed profile of a PNG", pngOf(rawProfile("exif", bytes("Exif\0\0", block)))],
    ["in a plain profile of a PNG", pngOf(rawProfile("APP1", bytes("Exif\0\0", block), false))],
    ["in a WebP behind the pixels", webpOf(["VP8 ", far], ["EXIF", block])],
    ["in a WebP with the prefix of JPEG", webpOf(["VP8 ", Buffer.alloc(7)], ["EXIF", bytes("Exif\0\0", block)])],
    ["in a HEIC", heicOf(bytes(tiffOffset, block))],
    ["in a HEIC behind the pixels", heicOf(bytes(tiffOffset, block), { before: 900_000, version: 1 })],
    ["in a HEIC with the prefix of JPEG", heicOf(bytes(u32be(6), "Exif\0\0", block), { version: 2 })],
    ["in a HEIC without the offset", heicOf(block)],
    ["in the data box of a HEIC", heicOf(bytes(tiffOffset, block), { version: 1, inside: true })],
    ["in three parts of a HEIC", heicOf(bytes(tiffOffset, block), { parts: 3, before: 90_000 })],
    ["in a TIFF", block],
    ["in a TIFF whose directory lies behind the pixels", exifBlock(santiago, 900_000)],
  ];
  it.each(places)("%s", async (_, image) => {
    expect((await taken(image)).geo).toEqual(santiagoPoint);
  });

  it("in an AVIF that libheif wrote", async () => {
    const image = await sharp(await jpeg())
      .withExif({
        IFD3: {
          GPSLatitudeRef: "S",
          GPSLatitude: "33/1 27/1 0/1",
          GPSLongitudeRef: "W",
          GPSLongitude: "70/1 40/1 12/1",
        },
      })
      .avif()
      .toBuffer();
    expect((await taken(image)).geo).toEqual(santiagoPoint);
  });

  it("in a BigTIFF", async () => {
    const u64 = (...values: number[]) => bytes(...values.map((value) => u32be(0, value)));
    const u16 = (value: number) => Buffer.from([value >> 8, value]);
    const entry = (tag: number, type: number, count: number, value: Buffer) =>
      bytes(u16(tag), u16(type), u64(count), value);
    const first = bytes(u64(1), entry(0x8825, 13, 1, bytes(u32be(44 + 0, 0))), u64(0));
    const gpsAt = 16 + first.length;
    const dataAt = gpsAt + 8 + 4 * 20 + 8;
    const gps = bytes(
      u64(4),
      entry(1, 2, 2, bytes("S\0", Buffer.alloc(6))),
      entry(2, 5, 3, u64(dataAt)),
      entry(3, 2, 2, bytes("W\0", Buffer.alloc(6))),
      entry(4, 5, 3, u64(dataAt + 24)),
      u64(0),
    );
    first.writeUInt32BE(gpsAt, 8 + 12);
    const data = bytes(santiago.latitude.bytes, santiago.longitude.bytes);
    const image = bytes("MM\0+", u16(8), u16(0), u64(16), first, gps, data);
    expect((await taken(image)).geo).toEqual(santiagoPoint);
  });

  it("without reading the data between, in a file of 8 GB", async () => {
    const path = join(temp, "large.webp");
    writeFileSync(path, bytes("RIFF", Buffer.alloc(4, 0xff), "WEBP", "VP8 ", Buffer.from([0, 0, 0, 0xf0])));
    truncateSync(path, 8_000_000_000);
    const bytesRead = () => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
    const before = bytesRead();
    await through(geoFromExif(), [{ image: { path, mimeType: "image/webp", sizeBytes: 8_000_000_000 } }]);
    expect(bytesRead() - before).toBeLessThan(500_000);
  });
});

describe("XMP", () => {
  const namespace = "http://ns.adobe.com/xap/1.0/\0";
  const point = { longitude: 4.4777, latitude: 51.9244 };
  it.each<[string, Buffer]>([
    ["as attributes in a JPEG", jpegOf(segment(0xe1, namespace, xmp("51,55.464N", "4,28.662E")))],
    ["as elements", jpegOf(segment(0xe1, namespace, xmp("51,55,27.84N", "4,28,39.72E", true)))],
    ["in a WebP", webpOf(["VP8 ", Buffer.alloc(9)], ["XMP ", Buffer.from(xmp("51,55.464N", "4,28.662E"))])],
    ["in a PNG", pngOf(["iTXt", bytes("XML:com.adobe.xmp\0\0\0\0\0", xmp("51,55.464N", "4,28.662E"))])],
    ["in a HEIC", heicOf(Buffer.from(xmp("51,55.464N", "4,28.662E")), { type: "mime" })],
  ])("provides the location if EXIF has none: %s", async (_, image) => {
    expect((await taken(image)).geo).toEqual(point);
  });

  it("is ignored if EXIF has a location, whichever comes first", async () => {
    const segments = [
      segment(0xe1, namespace, xmp("51,55.464N", "4,28.662E")),
      segment(0xe1, "Exif\0\0", exifBlock(santiago)),
    ];
    expect((await taken(jpegOf(...segments))).geo).toEqual(santiagoPoint);
    expect((await taken(jpegOf(...segments.reverse()))).geo).toEqual(santiagoPoint);
  });

  it.each([
    ["without a hemisphere", "51,55.464", "4,28.662"],
    ["of zeros", "0,0.0N", "0,0.0E"],
    ["of words", "north", "east"],
  ])("provides no location %s", async (_, latitude, longitude) => {
    expect((await taken(jpegOf(segment(0xe1, namespace, xmp(latitude, longitude))))).geo).toBeUndefined();
  });
});

/** Images: what fitImage keeps, what it converts, and what it reports. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp, { type Metadata, type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import {
  type BytesContent,
  fitImage,
  flow,
  folder,
  geoFromExif,
  type Input,
  type InputDraft,
} from "../../src/index.js";
import { bytes, svg, u16le, u32le } from "../helpers/bombs.js";
import { exifBlock, santiago, santiagoPoint, segment, xmp } from "../helpers/exif-files.js";
import { fileWith, jpeg, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const files = join(import.meta.dirname, "files/images");
const file = (name: string) => join(files, name);
const gps = { GPSLatitudeRef: "S", GPSLatitude: "33/1 27/1 0/1", GPSLongitudeRef: "W", GPSLongitude: "70/1 40/1 12/1" };
const small = { maxMegapixels: 0.001 };

function bytesOf(input: Input | undefined): Buffer {
  const content = input?.image;
  if (!content || !("bytes" in content)) throw new Error("the image was not changed");
  return Buffer.from(content.bytes);
}
const headerOf = (input: Input | undefined): Promise<Metadata> => sharp(bytesOf(input)).metadata();
const plain = (wide: number, high: number, background = "#4a7fb5"): Sharp =>
  sharp({ create: { width: wide, height: high, channels: 3, background } });
const image = (content: Buffer): InputDraft => ({ image: { bytes: new Uint8Array(content) } });

/** A photograph as phones write it: stored sideways, with an orientation and a location. */
const turned = (format: "jpeg" | "png" | "webp" = "jpeg") =>
  plain(64, 40)
    .withExif({ IFD0: { Make: "Camera" }, IFD3: gps })
    .withMetadata({ orientation: 6 })
    .toFormat(format)
    .toBuffer();

/** The first pixel, with all its channels, in 8 bits or in the 16 of its colour space. */
async function firstPixel(content: Buffer, space: "srgb" | "rgb16" | "grey16" = "srgb"): Promise<number[]> {
  const isDeep = space !== "srgb";
  const { data, info } = await sharp(content, { ignoreIcc: true })
    .toColourspace(space)
    .raw({ depth: isDeep ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const values = isDeep
    ? new Uint16Array(data.buffer, data.byteOffset, info.channels)
    : data.subarray(0, info.channels);
  return [...values];
}

/** Three frames, or pages, of one colour each. */
async function frames(format: "gif" | "webp" | "tiff", wide = 60, high = 40): Promise<Buffer> {
  const all = await Promise.all(["red", "lime", "blue"].map((colour) => plain(wide, high, colour).png().toBuffer()));
  const joined = sharp(all, { join: { animated: true } });
  if (format === "tiff") return joined.tiff({ compression: "deflate" }).toBuffer();
  return joined.toFormat(format, { delay: [100, 200, 300], loop: 2 }).toBuffer();
}

/** Red, green and blue of each page. */
const colours = (content: Buffer) =>
  Promise.all(
    [0, 1, 2].map(async (page) => {
      const { channels } = await sharp(content, { page }).stats();
      return channels.slice(0, 3).map(({ mean }) => Math.round(mean / 255));
    }),
  );
const redLimeBlue = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

describe("the location of a changed image", () => {
  it("is found by geoFromExif after fitImage", async () => {
    const { made } = await through(fitImage(), [{ image: { path: file("turned-gps.jpg") } }]);
    const before = await one(geoFromExif(), { image: { path: file("turned-gps.jpg") } });
    expect(before.geo).toBeDefined();
    expect((await one(geoFromExif(), { image: made[0]?.image as BytesContent })).geo).toEqual(before.geo);
  });

  it.each(["jpeg", "png", "webp"] as const)(
    "is kept by a turn in %s, and the orientation is then upright",
    async (format) => {
      const made = await one(fitImage(), image(await turned(format)));
      expect(await headerOf(made)).toMatchObject({ format, width: 40, height: 64, orientation: 1 });
      expect((await one(geoFromExif(), { image: made.image as BytesContent })).geo).toEqual(santiagoPoint);
    },
  );

  it.each(["jpeg", "png", "webp"] as const)("is kept in another format: %s", async (format) => {
    const avif = await plain(20, 20).withExif({ IFD3: gps }).avif().toBuffer();
    const made = await one(fitImage({ format }), image(avif));
    expect((await one(geoFromExif(), { image: made.image as BytesContent })).geo).toEqual(santiagoPoint);
  });

  it("is kept in a TIFF, for which sharp writes no EXIF", async () => {
    const tiff = await plain(60, 40).withXmp(xmp("33,27.0S", "70,40.2W")).tiff().toBuffer();
    const made = await one(fitImage(small), image(tiff));
    expect((await headerOf(made)).format).toBe("tiff");
    expect((await one(geoFromExif(), { image: made.image as BytesContent })).geo).toEqual(santiagoPoint);
  });

  it("is kept if the EXIF block is too large for a JPEG", async () => {
    const png = await plain(60, 40).png().toBuffer();
    const block = exifBlock(santiago, 70_000);
    const ihdr = 33; // the signature and the header
    const withExif = bytes(png.subarray(0, ihdr), chunk("eXIf", block), png.subarray(ihdr));
    const made = await one(fitImage({ format: "jpeg" }), image(withExif));
    expect((await one(geoFromExif(), { image: made.image as BytesContent })).geo).toEqual(santiagoPoint);
  });

  it("is lost with a note if the EXIF block is broken", async () => {
    const whole = await jpeg(60, 40);
    const broken = bytes(whole.subarray(0, 2), segment(0xe1, "Exif\0\0MM\0*\xff\xff\xff\xff"), whole.subarray(2));
    const { made, report } = await through(fitImage(small), [image(broken)]);
    expect(made).toHaveLength(1);
    expect(report.notes).toEqual({ "fitImage: dropped a broken EXIF block": 1 });
  });

  it("and the whole image stay unchanged if the image needs no change", async () => {
    const input = image(await plain(20, 20).withExif({ IFD3: gps }).jpeg().toBuffer());
    const [before, after] = await beforeAndAfter(fitImage(), input);
    expect(after).toBe(before);
  });
});

function chunk(name: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const body = bytes(name, content);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return bytes(length, body, sum);
}

describe("frames and pages", () => {
  it.each(["gif", "webp", "tiff"] as const)("are kept in %s, with their durations", async (format) => {
    const { made, report } = await through(fitImage(small), [image(await frames(format))]);
    const header = await headerOf(made[0]);
    expect(header).toMatchObject({ format, pages: 3, width: made[0]?.image?.width, height: made[0]?.image?.height });
    expect((header.width ?? 0) * (header.height ?? 0)).toBeLessThanOrEqual(1000);
    if (format !== "tiff") expect(header).toMatchObject({ delay: [100, 200, 300], loop: 2 });
    expect(await colours(bytesOf(made[0]))).toEqual(redLimeBlue);
    expect(report.notes).toEqual({});
  });

  it("of a TIFF are turned one by one and stay in order", async () => {
    const pages = await sharp(await frames("tiff"), { pages: -1 })
      .withMetadata({ orientation: 6 })
      .tiff()
      .toBuffer();
    const made = await one(fitImage(), image(pages));
    expect(await headerOf(made)).toMatchObject({ format: "tiff", pages: 3, width: 40, height: 60 });
    expect(await colours(bytesOf(made))).toEqual(redLimeBlue);
  });

  it("are lost with a note: an animation as JPEG, a TIFF as PNG", async () => {
    const inputs = [image(await frames("gif")), image(await frames("webp")), image(await frames("tiff"))];
    const { made, report } = await through(fitImage({ format: "png" }), [inputs[0], inputs[2]] as InputDraft[]);
    expect(made.map(({ image: content }) => content?.mimeType)).toEqual(["image/png", "image/png"]);
    expect(report.notes).toEqual({
      "fitImage: kept only the first frame of an animation": 1,
      "fitImage: kept only the first page": 1,
    });
    const jpegs = await through(fitImage({ format: "jpeg" }), [inputs[1]] as InputDraft[]);
    expect(jpegs.report.notes).toEqual({ "fitImage: kept only the first frame of an animation": 1 });
  });
});

describe("depth and colour", () => {
  const deep = (channels: 1 | 3) =>
    sharp(new Uint16Array(60 * 40 * channels).fill(51_234), { raw: { width: 60, height: 40, channels } }).toColourspace(
      channels === 1 ? "grey16" : "rgb16",
    );

  const deepAs = (pixels: Sharp, format: "png" | "tiff") =>
    (format === "tiff" ? pixels.tiff({ compression: "deflate" }) : pixels.png()).toBuffer();

  it.each(["png", "tiff"] as const)("of 16 bits are kept in %s, exactly when the image is turned", async (format) => {
    const source = await deepAs(deep(3).withMetadata({ orientation: 6 }), format);
    const { made, report } = await through(fitImage(), [image(source)]);
    expect(await headerOf(made[0])).toMatchObject({ format, depth: "ushort", channels: 3, width: 40 });
    expect((await firstPixel(bytesOf(made[0]), "rgb16"))[0]).toBe((await firstPixel(source, "rgb16"))[0]);
    expect(report.notes).toEqual({});
  });

  it.each(["png", "tiff"] as const)("of 16 bits are kept in a smaller %s, in greyscale too", async (format) => {
    for (const channels of [1, 3] as const) {
      const made = await one(fitImage(small), image(await deepAs(deep(channels), format)));
      expect(await headerOf(made)).toMatchObject({ format, depth: "ushort", channels });
      const [value = 0] = await firstPixel(bytesOf(made), channels === 1 ? "grey16" : "rgb16");
      expect(Math.abs(value - 51_234)).toBeLessThan(30); // the resampling rounds
    }
  });

  it("of 16 bits become 8 bits in JPEG, with a note", async () => {
    const { made, report } = await through(fitImage({ format: "jpeg" }), [image(await deep(3).png().toBuffer())]);
    expect(Math.abs(((await firstPixel(bytesOf(made[0])))[0] ?? 0) - 51_234 / 257)).toBeLessThan(2);
    expect(report.notes).toEqual({ "fitImage: reduced 16 bits a channel to 8": 1 });
  });

  it.each(["jpeg", "png", "webp", "tiff"] as const)("keep their profile in %s", async (format) => {
    const wide = await plain(60, 40, "#c81e1e").withIccProfile("p3").toFormat(format).toBuffer();
    const made = await one(fitImage(small), image(wide));
    expect((await headerOf(made)).icc).toEqual((await sharp(wide).metadata()).icc);
    const [before, after] = [await firstPixel(wide), await firstPixel(bytesOf(made))];
    for (const [index, value] of after.entries()) expect(Math.abs(value - (before[index] ?? 0))).toBeLessThan(4);
  });

  it("of CMYK become sRGB without the CMYK profile, with a note", async () => {
    const cmyk = await plain(60, 40, "#c81e1e").toColourspace("cmyk").withIccProfile("cmyk").jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const { made, report } = await through(fitImage(small), [image(cmyk)]);
    expect(await headerOf(made[0])).toMatchObject({ space: "srgb", channels: 3, hasProfile: false });
    const [red = 0, green = 0, blue = 0] = await firstPixel(bytesOf(made[0]));
    expect(Math.max(Math.abs(red - 200), Math.abs(green - 30), Math.abs(blue - 30))).toBeLessThan(20);
    expect(report.notes).toEqual({ "fitImage: converted CMYK to sRGB": 1 });
  });
});

describe("transparency", () => {
  const whiteAt = async (content: Buffer, x: number) => {
    const { data, info } = await sharp(content)
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    return [...data.subarray(x * info.channels, x * info.channels + 3)];
  };
  /** Black, and transparent in the right half. */
  const halfClear = (channels: 2 | 4) => {
    const pixels = Buffer.alloc(40 * 40 * channels);
    for (let at = 0; at < 1600; at += 1) if (at % 40 < 20) pixels[at * channels + channels - 1] = 255;
    return sharp(pixels, { raw: { width: 40, height: 40, channels } });
  };

  it.each<[string, () => Promise<Buffer>]>([
    ["RGB and alpha", () => halfClear(4).png().toBuffer()],
    ["grey and alpha", () => halfClear(2).toColourspace("b-w").png().toBuffer()],
    ["16 bits", () => halfClear(4).toColourspace("rgb16").png().toBuffer()],
    ["a palette", () => halfClear(4).png({ palette: true }).toBuffer()],
    ["WebP", () => halfClear(4).webp({ lossless: true }).toBuffer()],
    ["GIF", () => halfClear(4).gif().toBuffer()],
  ])("becomes white in a JPEG: %s", async (_, make) => {
    const made = await one(fitImage({ format: "jpeg" }), image(await make()));
    for (const channel of await whiteAt(bytesOf(made), 39)) expect(channel).toBeGreaterThan(250);
    for (const channel of await whiteAt(bytesOf(made), 2)) expect(channel).toBeLessThan(5);
  });

  it("of a logo and of a text becomes white", async () => {
    for (const name of ["logo.png", "text-la.png"]) {
      const source = await sharp(readFileSync(file(name)))
        .ensureAlpha()
        .toColourspace("srgb")
        .raw()
        .toBuffer();
      const made = await one(fitImage({ format: "jpeg" }), { image: { path: file(name) } });
      const pixels = await sharp(bytesOf(made)).toColourspace("srgb").raw().toBuffer();
      let checked = 0;
      for (let at = 0; at < source.length / 4; at += 97) {
        if (source[at * 4 + 3] !== 0) continue;
        expect(pixels[at * 3]).toBeGreaterThan(200);
        checked += 1;
      }
      expect(checked).toBeGreaterThan(10);
    }
  });

  it.each(["png", "webp"] as const)("is kept in %s", async (format) => {
    const made = await one(fitImage({ format, maxMegapixels: 0.0004 }), image(await halfClear(4).png().toBuffer()));
    expect((await headerOf(made)).hasAlpha).toBe(true);
  });
});

describe("formats that the platform refuses", () => {
  it("become JPEG, or PNG with an alpha channel", async () => {
    const clear = { r: 0, g: 0, b: 0, alpha: 0.5 };
    const withAlpha = sharp({ create: { width: 20, height: 20, channels: 4, background: clear } });
    const inputs: [string, Buffer][] = [
      ["image/jpeg", await plain(20, 20).avif().toBuffer()],
      ["image/png", await withAlpha.avif().toBuffer()],
      ["image/png", svg("<rect width='5' height='5' fill='red'/>")],
    ];
    for (const [mimeType, content] of inputs) {
      const made = await one(fitImage(), image(content));
      expect(made.image).toMatchObject({ mimeType });
      expect((await headerOf(made)).format).toBe(mimeType.slice("image/".length));
    }
  });

  it("keep their id, their file name and their annotations", async () => {
    const avif = await plain(64, 40).withMetadata({ orientation: 6 }).avif().toBuffer();
    const annotations = [{ box: [0.1, 0.2, 0.5, 0.6] as [number, number, number, number], concepts: [] }];
    const input: InputDraft = {
      id: "a",
      metadata: { filename: "a.avif" },
      annotations,
      image: { bytes: new Uint8Array(avif) },
    };
    expect(await one(fitImage(), input)).toMatchObject({ id: "a", metadata: { filename: "a.avif" }, annotations });
  });

  it("are turned once, since the AVIF decoder already applies the orientation", async () => {
    const avif = await plain(64, 40).withMetadata({ orientation: 6 }).avif().toBuffer();
    const made = await one(fitImage(), image(avif));
    const { width, height, orientation = 1 } = await headerOf(made);
    expect({ width, height, orientation }).toEqual({ ...(await sizeOf(avif)), orientation: 1 });
  });

  it("fail if they cannot be decoded, with the next step", async () => {
    const bmp = bytes(
      "BM",
      u32le(200, 0, 54, 40, 4000, 4000),
      u16le(1, 24),
      u32le(0, 0, 0, 0, 0, 0),
      Buffer.alloc(500),
    );
    const { report } = await through(fitImage({ format: "png" }), [image(bmp)]);
    expect(report.failures[0]).toMatchObject({ code: "ERR_IMAGE_UNDECODABLE" });
    expect(report.failures[0]?.reason).toContain("sharp cannot decode image/bmp; convert it to PNG or JPEG first");
  });

  it("do not cause a refusal of a BMP that fits", async () => {
    const bmp = bytes("BM", u32le(200, 0, 54, 40, 40, 40), u16le(1, 24), u32le(0, 0, 0, 0, 0, 0), Buffer.alloc(5000));
    const [before, after] = await beforeAndAfter(fitImage(), image(bmp));
    expect(after).toBe(before);
  });
});

async function sizeOf(content: Buffer) {
  const { info } = await sharp(content).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height };
}

describe("SVG", () => {
  it.each<[string, Buffer]>([
    ["plain", svg("<rect width='5' height='5' fill='red'/>")],
    ["with a link to a page", svg("<a href='https://example.org/'><rect width='5' height='5' fill='red'/></a>")],
    ["with parts of its own", svg("<defs><rect id='r' width='5' height='5' fill='red'/></defs><use href='#r'/>")],
    [
      "with a comment and a document type",
      svg("<rect width='5' height='5' fill='red'/>", undefined, "<!-- made by hand --><!DOCTYPE svg>"),
    ],
  ])("is drawn: %s", async (_, content) => {
    const made = await one(fitImage(), image(content));
    expect((await firstPixel(bytesOf(made))).slice(0, 3)).toEqual([255, 0, 0]);
  });

  it("fails with the file's name if it refers to a file", async () => {
    const path = fileWith(temp, "chart.svg", svg('<image href="photo.png" width="9" height="9"/>'));
    const { report } = await through(fitImage(), [{ image: { path } }]);
    expect(report.failures[0]).toMatchObject({ code: "ERR_IMAGE_UNDECODABLE" });
    expect(report.failures[0]?.reason).toContain('refers to "photo.png"');
  });

  it("is drawn no larger than the limit", async () => {
    const made = await one(fitImage({ maxMegapixels: 1 }), image(svg("<rect/>", 'width="3000" height="2000"')));
    const { width = 0, height = 0 } = made.image ?? {};
    expect(width * height).toBeLessThanOrEqual(1_000_000);
  });
});

describe("annotations of a turned image", () => {
  it("fail it if fitImage cannot turn their coordinates", async () => {
    const point = { id: "p", concepts: [], data: { regions: [{ region_info: { point: { row: 0.1, col: 0.2 } } }] } };
    const input = { ...image(await turned()), annotations: [point] };
    const { report } = await through(fitImage(), [input as InputDraft]);
    expect(report.failures[0]?.code).toBe("ERR_REGION");
  });
});

it("fitImage and geoFromExif keep the locations of a whole folder", async () => {
  const names = ["turned-gps.jpg", "good-refs.jpg", "logo.png"];
  const inputs = await flow(folder(files, { include: names }))
    .pipe(fitImage(), geoFromExif())
    .toArray();
  expect(inputs.map((input) => [input.metadata.filename, input.geo !== undefined]).sort()).toEqual([
    ["good-refs.jpg", true],
    ["logo.png", false],
    ["turned-gps.jpg", true],
  ]);
});

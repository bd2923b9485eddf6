import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type BytesContent, fitImage, flow, fromIterable, type InputDraft, stripExif } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { bytes as join2 } from "../helpers/bombs.js";
import { exifBlock, pngOf, rawProfile, santiago, segment, webpOf, xmp } from "../helpers/exif-files.js";
import { example, exampleBytes, jpeg, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const secret = "SECRET-MAKER";
const exifFields = {
  IFD0: { Make: secret, Artist: "Ada Writer", Copyright: "CC-BY" },
  IFD2: { DateTimeOriginal: "2024:05:03 14:22:10", OffsetTimeOriginal: "+02:00", BodySerialNumber: "SECRET-SERIAL" },
  IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1", GPSLongitudeRef: "W", GPSLongitude: "4/1 15/1 0/1" },
};
type Format = "jpeg" | "png" | "webp";
/** A picture with EXIF, XMP, a colour profile and an orientation. */
const photo = (format: Format, orientation = 6, progressive = false) =>
  sharp(example("harbour/quay.jpg"))
    .resize(120, 80)
    .withXmp(xmp("51,30N", "4,15W"))
    .withIccProfile("p3")
    .withMetadata({ orientation })
    .withExifMerge(exifFields)
    .toFormat(format, format === "jpeg" ? { progressive } : {})
    .toBuffer();
const bytesOf = (image: unknown) => Buffer.from((image as BytesContent).bytes);
const strip = async (file: Uint8Array, options: Parameters<typeof stripExif>[0] = {}) =>
  bytesOf((await one(stripExif(options), { image: { bytes: file } })).image);
const pixelsOf = (file: Uint8Array, more = {}) => sharp(file, more).raw().toBuffer();
const withTail = (file: Buffer, tail: string) => Buffer.concat([file, Buffer.from(tail)]);

const pathOf = (name: string, file: Uint8Array) => {
  writeFileSync(join(temp, name), file);
  return { path: join(temp, name) };
};

testTransform("stripExif", async () => ({
  transform: stripExif(),
  inputs: [
    { id: "a", image: pathOf("a.jpg", await photo("jpeg")) },
    { id: "b", image: { path: example("harbour/quay.jpg") } },
    {
      id: "c",
      image: pathOf(
        "c.tiff",
        await sharp(await jpeg())
          .tiff()
          .toBuffer(),
      ),
    },
    { id: "d", text: "calm sea" },
  ],
}));

describe("stripExif", () => {
  it.each<[Format, boolean]>([
    ["jpeg", false],
    ["jpeg", true],
    ["png", false],
    ["webp", false],
  ])(
    "removes EXIF and XMP, and keeps pixels, orientation and profile: %s, progressive %s",
    async (format, progressive) => {
      const file = await photo(format, 6, progressive);
      const result = await strip(file);
      const [before, after] = [await sharp(file).metadata(), await sharp(result).metadata()];
      expect(before.xmp).toBeDefined();
      expect(after.xmp).toBeUndefined();
      expect(after.orientation).toBe(6);
      expect(after.icc).toEqual(before.icc);
      expect(after.exif?.toString("latin1")).not.toContain("SECRET");
      expect(result.includes("SECRET")).toBe(false);
      expect(result.includes("GPSLatitude")).toBe(false);
      expect((await pixelsOf(result)).equals(await pixelsOf(file))).toBe(true);
    },
  );

  it.each([2, 3, 4, 5, 6, 7, 8])("keeps the orientation %s", async (orientation) => {
    expect((await sharp(await strip(await photo("jpeg", orientation))).metadata()).orientation).toBe(orientation);
  });

  it("writes no EXIF block for an upright picture", async () => {
    expect((await sharp(await strip(await photo("jpeg", 1))).metadata()).exif).toBeUndefined();
  });

  it("keeps the groups of fields that are named, and no others", async () => {
    const { exif } = await sharp(await strip(await photo("jpeg"), { keep: ["gps", "copyright"] })).metadata();
    const text = exif?.toString("latin1") ?? "";
    expect(text).toContain("Ada Writer");
    expect(text).toContain("CC-BY");
    expect(text).not.toMatch(/SECRET|2024:05/);
    const { geo } = await one((await import("../../src/index.js")).geoFromExif(), {
      image: { bytes: await strip(await photo("png"), { keep: ["gps"] }) },
    });
    expect(geo).toEqual({ longitude: -4.25, latitude: 51.5 });
    const timed = (await sharp(await strip(await photo("webp"), { keep: ["time", "camera"] })).metadata()).exif;
    expect(timed?.toString("latin1")).toMatch(/SECRET-MAKER[\s\S]*2024:05:03 14:22:10/);
    expect(timed?.toString("latin1")).not.toMatch(/SERIAL|CC-BY/);
  });

  it.each<[Format]>([["jpeg"], ["png"], ["webp"]])("drops what follows the image, with a note: %s", async (format) => {
    const file = withTail(await photo(format), "....ftypmp42 moov GPS SECRET-VIDEO");
    const { made, report } = await through(stripExif(), [{ image: { bytes: file } }]);
    expect(bytesOf(made[0]?.image).includes("SECRET-VIDEO")).toBe(false);
    expect(Object.keys(report.notes)).toEqual([expect.stringMatching(/dropped the data behind the image/)]);
  });

  it("drops comments, IPTC, MPF, the thumbnail of JFIF, and segments between scans", async () => {
    const file = await sharp(example("harbour/quay.jpg")).resize(64, 64).jpeg({ progressive: true }).toBuffer();
    const secretSegments = [
      segment(0xed, "Photoshop 3.0\0SECRET"),
      segment(0xfe, "SECRET"),
      segment(0xe2, "MPF\0SECRET"),
      segment(0xe0, "JFXX\0SECRET"),
      segment(0xe1, "Exif\0\0", exifBlock(santiago)),
    ];
    const thumbnail = segment(0xe0, "JFIF\0\x01\x02\0\0\x01\0\x01\x02\x01", "SECRET");
    const secondScan = file.indexOf(Buffer.from([0xff, 0xc4]), file.indexOf(Buffer.from([0xff, 0xda])));
    const made = join2(
      "\xff\xd8",
      thumbnail,
      ...secretSegments,
      file.subarray(2, secondScan),
      ...secretSegments,
      file.subarray(secondScan),
    );
    const result = await strip(made);
    expect(result.includes("SECRET")).toBe(false);
    expect((await pixelsOf(result)).equals(await pixelsOf(file))).toBe(true);
    expect(result.length).toBe(file.length + 18);
  });

  it("keeps the colours of a CMYK picture of Adobe", async () => {
    const file = await sharp(example("harbour/quay.jpg"))
      .resize(64, 64)
      .toColourspace("cmyk")
      .withExif(exifFields)
      .jpeg()
      .toBuffer();
    const result = await strip(file);
    expect(result.length).toBeLessThan(file.length);
    expect((await pixelsOf(result)).equals(await pixelsOf(file))).toBe(true);
  });

  it("drops texts, times and chunks of programs from a PNG, and keeps its frames and gamma", async () => {
    const file = pngOf(
      ["gAMA", Buffer.from([0, 0, 0xb1, 0x8f])],
      ["tEXt", Buffer.from("Comment\0SECRET")],
      ["tIME", Buffer.alloc(7)],
      ["prVt", Buffer.from("SECRET")],
      rawProfile("exif", Buffer.concat([Buffer.from("Exif\0\0"), exifBlock(santiago)])),
      ["IDAT", Buffer.from("data")],
    );
    expect(await strip(file)).toEqual(pngOf(["gAMA", Buffer.from([0, 0, 0xb1, 0x8f])], ["IDAT", Buffer.from("data")]));
  });

  it("keeps the frames of an animated WebP, and corrects flags and size", async () => {
    const frame = { create: { width: 8, height: 8, channels: 3 as const, background: "#f00" } };
    const pages = [frame, { create: { ...frame.create, background: "#00f" } }];
    const images = await Promise.all(pages.map((page) => sharp(page).png().toBuffer()));
    const file = await sharp(images, { join: { animated: true } })
      .webp()
      .withExif(exifFields)
      .toBuffer();
    const result = await strip(file);
    expect(result.readUInt32LE(4)).toBe(result.length - 8);
    expect((result[20] as number) & 0x0c).toBe(0);
    const all = { pages: -1 };
    expect((await pixelsOf(result, all)).equals(await pixelsOf(file, all))).toBe(true);
  });

  it("passes an image without metadata unchanged, as the same file", async () => {
    const path = join(temp, "bare.jpg");
    writeFileSync(path, await jpeg());
    const [before, after] = await beforeAndAfter(stripExif(), { image: { path } });
    expect(after).toBe(before);
  });

  it("gives the same bytes when it is applied twice", async () => {
    const once = await strip(await photo("jpeg"));
    expect((await strip(once)).equals(once)).toBe(true);
  });

  it.each<[string, () => Promise<InputDraft> | InputDraft, RegExp]>([
    [
      "TIFF",
      async () => ({
        image: {
          bytes: await sharp(await jpeg())
            .tiff()
            .toBuffer(),
        },
      }),
      /image\/tiff.*fitImage/,
    ],
    [
      "GIF",
      async () => ({
        image: {
          bytes: await sharp(await jpeg())
            .gif()
            .toBuffer(),
        },
      }),
      /image\/gif/,
    ],
    [
      "AVIF",
      async () => ({
        image: {
          bytes: await sharp(await jpeg())
            .avif()
            .toBuffer(),
        },
      }),
      /image\/avif/,
    ],
    ["a URL", () => ({ image: { url: "https://a.test/x.jpg" } }), /URL.*fetch: true/],
    ["a video", () => ({ video: { path: example("media/ferry.mp4") } }), /video\/mp4.*onUnsupported/],
    ["a truncated JPEG", () => ({ image: { bytes: exampleBytes("harbour/quay.jpg").subarray(0, -40) } }), /truncated/],
    [
      "a truncated PNG",
      () => ({ image: { bytes: exampleBytes("market/plan.png").subarray(0, -30) } }),
      /truncated|no end/,
    ],
    ["a truncated WebP", () => ({ image: { bytes: exampleBytes("market/poster.webp").subarray(0, -30) } }), /bytes/],
    [
      "a WebP with an unknown part in a frame",
      () => ({
        image: {
          bytes: webpOf(
            ["VP8X", Buffer.alloc(10)],
            ["ANMF", Buffer.concat([Buffer.alloc(16), Buffer.from("GEO \0\0\0\0")])],
          ),
        },
      }),
      /unknown chunk "GEO "/,
    ],
  ])("fails what it cannot strip: %s", async (_, make, reason) => {
    await expect(one(stripExif(), await make())).rejects.toThrow(/^ERR_NOT_STRIPPED/);
    await expect(one(stripExif(), await make())).rejects.toThrow(reason);
  });

  it("passes other media with a note if the user allows it, but no damaged image", async () => {
    const inputs = [
      {
        id: "gif",
        image: {
          bytes: await sharp(await jpeg())
            .gif()
            .toBuffer(),
        },
      },
      { id: "url", image: { url: "https://a.test/x.jpg" } },
      { id: "cut", image: { bytes: exampleBytes("harbour/quay.jpg").subarray(0, -40) } },
    ];
    const { report } = await through(stripExif({ onUnsupported: "note" }), inputs);
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.notes).toEqual({
      "stripExif: image/gif passed with its metadata": 1,
      "stripExif: image passed with its metadata": 1,
    });
  });

  it("strips what fitImage converts", async () => {
    const avif = await sharp(await jpeg())
      .withExif(exifFields)
      .avif()
      .toBuffer();
    const [made] = await flow(fromIterable([{ image: { bytes: avif } }]))
      .pipe(fitImage(), stripExif())
      .toArray();
    expect((await sharp(bytesOf(made?.image)).metadata()).exif).toBeUndefined();
  });

  it("holds one copy of a large image in memory", async () => {
    const file = await photo("jpeg");
    const path = join(temp, "large.jpg");
    writeFileSync(path, withTail(file, "x".repeat(30_000_000)));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 1);
    const result = await one(stripExif(), { image: { path } });
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    clearInterval(timer);
    expect(bytesOf(result.image).length).toBeLessThan(file.length);
    expect(most).toBeLessThan(45_000_000);
  });
});

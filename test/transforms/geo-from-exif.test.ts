import { rmSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import { flow, folder, geoFromExif, type InputDraft } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { example, exampleBytes, fileWith, jpeg, openIn, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const photo = (name: string): InputDraft => ({ id: name.replace(/\W/g, "-"), image: { path: example(name) } });
const photos = ["harbour/quay.jpg", "harbour/lighthouse.jpg", "market/stalls.jpg"].map(photo);

/** A JPEG with these fields in its GPS block. */
const withGps = async (fields: Record<string, string>) =>
  sharp(await jpeg())
    .withExif({ IFD3: fields })
    .toBuffer();
const north = { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1" };
const west = { GPSLongitudeRef: "W", GPSLongitude: "4/1 15/1 0/1" };

testTransform("geoFromExif", async () => ({ transform: geoFromExif(), inputs: photos }));

describe("geoFromExif", () => {
  it("reads the location of photographs, north and south, east and west", async () => {
    const { made } = await through(geoFromExif(), photos);
    const places = made.map((input) => [input.geo?.longitude, input.geo?.latitude]);
    const expected = [
      [4.4777, 51.9244],
      [-8.4064, 43.3858],
      [151.1957, -33.8731],
    ];
    for (const [index, [longitude = 0, latitude = 0]] of expected.entries()) {
      expect(places[index]?.[0]).toBeCloseTo(longitude, 4);
      expect(places[index]?.[1]).toBeCloseTo(latitude, 4);
    }
  });

  it.each(["jpeg", "png", "webp", "avif"] as const)("reads it from bytes in memory too: %s", async (format) => {
    const bytes = await sharp(await jpeg())
      .withExif({ IFD3: { ...north, ...west } })
      .toFormat(format)
      .toBuffer();
    expect((await one(geoFromExif(), { image: { bytes } })).geo).toEqual({ longitude: -4.25, latitude: 51.5 });
  });

  it.each<[string, () => Promise<InputDraft> | InputDraft]>([
    ["a JPEG without an EXIF block", () => photo("market/night market.jpg")],
    ["a PNG without one", () => photo("market/plan.png")],
    ["a WEBP", () => photo("market/poster.webp")],
    [
      "an EXIF block without a place",
      async () => ({
        image: {
          bytes: await sharp(await jpeg())
            .withExif({ IFD0: { Make: "x" } })
            .toBuffer(),
        },
      }),
    ],
    [
      "a camera that had no fix",
      async () => ({ image: { bytes: await withGps({ GPSLatitudeRef: "N", GPSLatitude: "0/0 0/0 0/0", ...west }) } }),
    ],
    ["half a place", async () => ({ image: { bytes: await withGps(north) } })],
    ["a GPS block with a version only", async () => ({ image: { bytes: await withGps({ GPSVersionID: "2 2 0 0" }) } })],
    ["an URL", () => ({ image: { url: "https://a.test/x.jpg" } })],
    ["a text", () => ({ text: "calm sea" })],
    ["an audio file", () => ({ audio: { path: example("media/foghorn.wav") } })],
    [
      "a TIFF",
      async () => ({
        image: {
          bytes: await sharp(await jpeg(600, 400))
            .tiff({ compression: "none" })
            .toBuffer(),
        },
      }),
    ],
  ])("passes on unchanged: %s", async (_, make) => {
    const [before, after] = await beforeAndAfter(geoFromExif(), await make());
    expect(after).toBe(before);
  });

  it("keeps an existing location, unless overwrite is true", async () => {
    const here = { longitude: 1, latitude: 2 };
    const input = { ...photo("harbour/quay.jpg"), geo: here };
    expect((await one(geoFromExif(), input)).geo).toEqual(here);
    expect((await one(geoFromExif({ overwrite: true }), input)).geo?.latitude).toBeCloseTo(51.9244, 4);
    const without = { ...photo("market/night market.jpg"), geo: here };
    expect((await one(geoFromExif({ overwrite: true }), without)).geo).toEqual(here);
  });

  describe("broken EXIF blocks", () => {
    const beyond = async () => ({
      id: "wrong",
      image: {
        bytes: await withGps({
          GPSLatitudeRef: "N",
          GPSLatitude: "95/1 0/1 0/1",
          GPSLongitudeRef: "E",
          GPSLongitude: "100/1 0/1 0/1",
        }),
      },
    });

    it("become notes in the report by default, and the photographs continue without a location", async () => {
      const { made, report } = await through(geoFromExif(), [await beyond(), ...photos]);
      expect(made).toHaveLength(4);
      expect(made[0]?.geo).toBeUndefined();
      expect(report.notes).toEqual({ "geoFromExif: the EXIF block is broken, so no location was taken": 1 });
      expect(report.summary()).toContain("ok, geoFromExif: the EXIF block is broken, so no location was taken: 1");
    });

    it("fail alone with onBroken: fail", async () => {
      const { made, report } = await through(geoFromExif({ onBroken: "fail" }), [await beyond(), ...photos]);
      expect(made).toHaveLength(3);
      expect(report.failures).toMatchObject([{ id: "wrong", code: "ERR_EXIF", stage: "geoFromExif" }]);
      expect(report.failures[0]?.reason).toContain("latitude 95, longitude 100");
      expect(report.notes).toEqual({});
    });
  });

  it("fails only a file that was deleted", async () => {
    const path = fileWith(temp, "gone.jpg", exampleBytes("harbour/quay.jpg"));
    const gone = { id: "gone", image: { path, sizeBytes: 10, mimeType: "image/jpeg" } };
    rmSync(path);
    const { made, report } = await through(geoFromExif(), [gone, ...photos]);
    expect(made).toHaveLength(3);
    expect(report.failures).toMatchObject([{ id: "gone", code: "ERR_FILE_UNREADABLE" }]);
  });

  it("does not throw for truncated or scrambled bytes", async () => {
    const whole = exampleBytes("harbour/quay.jpg");
    const inputs = Array.from({ length: 60 }, (_, n) => {
      const bytes = new Uint8Array(whole.subarray(0, n % 2 ? whole.length : 30 + n * 5));
      if (n % 2) for (let at = 20 + n; at < 400; at += 37) bytes[at] = (n * 91 + at) & 255;
      return { id: `n${n}`, image: { bytes, mimeType: "image/jpeg" } };
    });
    const { report } = await through(geoFromExif({ onBroken: "fail" }), inputs);
    expect(report.counts.read).toBe(60);
    expect(report.counts.ok + report.counts.failed).toBe(60);
    for (const failure of report.failures) expect(failure.code).toBe("ERR_EXIF");
    expect((await through(geoFromExif(), inputs)).report.counts.ok).toBe(60);
  });

  it("closes the files it read", async () => {
    const path = fileWith(temp, "photo.jpg", exampleBytes("harbour/quay.jpg"));
    const inputs = await flow(folder(path.slice(0, -"/photo.jpg".length)))
      .pipe(geoFromExif())
      .toArray();
    expect(inputs[0]?.geo).toBeDefined();
    await vi.waitFor(() => expect(openIn(temp)).toEqual([]), { timeout: 20_000 });
  });

  it("refuses an invalid option at once, by name", () => {
    expect(() => geoFromExif({ concurrency: 0 })).toThrow(/geoFromExif: concurrency/);
  });
});

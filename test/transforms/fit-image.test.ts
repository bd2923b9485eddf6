import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { type Annotation, type BytesContent, fitImage, type Input, type InputDraft } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { example, exampleBytes, fileWith, jpeg, tempFolder } from "../helpers/files.js";
import { propertyRuns } from "../helpers/long.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const width = 240;
const height = 160;
/** The box of the red pixels and the corners of the blue ones, in shares of the stored image. */
const redBox: [number, number, number, number] = [0.1, 0.15, 0.3, 0.6];
const blueCorners: [number, number][] = [
  [0.5, 0.5],
  [0.9, 0.5],
  [0.5, 0.95],
];
const annotations: Annotation[] = [
  { id: "red", box: redBox, concepts: [{ id: "red" }] },
  { id: "blue", polygon: blueCorners, concepts: [{ id: "blue" }] },
  { id: "all", concepts: [{ id: "scene" }] },
];

const [left, top, right, bottom] = redBox.map((share, index) => share * (index % 2 ? height : width));
const points = blueCorners.map(([x, y]) => `${x * width},${y * height}`).join(" ");
const scene = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#ccc"/>
  <rect x="${left}" y="${top}" width="${(right ?? 0) - (left ?? 0)}" height="${(bottom ?? 0) - (top ?? 0)}" fill="#f00"/>
  <polygon points="${points}" fill="#00f"/></svg>`,
);
const stored = (orientation: number) =>
  sharp(scene).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).withMetadata({ orientation }).toBuffer();

/** Pixels of noise, which no format compresses. */
function noise(wide: number, high: number): Sharp {
  let state = 1;
  const pixels = Buffer.alloc(wide * high * 3);
  for (let at = 0; at < pixels.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    pixels[at] = state >>> 24;
  }
  return sharp(pixels, { raw: { width: wide, height: high, channels: 3 } });
}

const bytesOf = (input: Input) => (input.image as BytesContent).bytes;
const fileOf = (bytes: Buffer) => ({ image: { path: fileWith(temp, "image", bytes) } });

/** Decoded pixels, with functions that find colours by shares of width and height. */
async function pixelsOf(input: Input) {
  const { data, info } = await sharp(bytesOf(input)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const colourAt = (x: number, y: number) => {
    const at = (y * info.width + x) * info.channels;
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
    return red - Math.max(green, blue) > 90 ? "red" : blue - Math.max(red, green) > 90 ? "blue" : "other";
  };
  /** Edges of all pixels with a colour, as shares. */
  const edgesOf = (colour: string) => {
    const found = { left: 1, top: 1, right: 0, bottom: 0 };
    for (let y = 0; y < info.height; y += 1) {
      for (let x = 0; x < info.width; x += 1) {
        if (colourAt(x, y) !== colour) continue;
        found.left = Math.min(found.left, x / info.width);
        found.top = Math.min(found.top, y / info.height);
        found.right = Math.max(found.right, (x + 1) / info.width);
        found.bottom = Math.max(found.bottom, (y + 1) / info.height);
      }
    }
    return [found.left, found.top, found.right, found.bottom];
  };
  const shareAt = ([x, y]: readonly [number, number]) =>
    colourAt(Math.floor(x * info.width), Math.floor(y * info.height));
  return { info, edgesOf, shareAt };
}

function expectClose(actual: readonly number[], expected: readonly number[], within: number): void {
  for (const [index, value] of expected.entries()) expect(Math.abs((actual[index] ?? 9) - value)).toBeLessThan(within);
}

const middle = (corners: readonly (readonly [number, number])[]): [number, number] => [
  corners.reduce((sum, [x]) => sum + x, 0) / corners.length,
  corners.reduce((sum, [, y]) => sum + y, 0) / corners.length,
];

testTransform("fitImage", async () => ({
  transform: fitImage({ maxMegapixels: 0.01 }),
  inputs: ["harbour/quay.jpg", "market/plan.png", "market/stalls.jpg", "market/poster.webp"].map((name, n) => ({
    id: `n${n}`,
    image: { path: example(name) },
  })),
}));

describe("turning by the EXIF orientation", () => {
  const orientations = [1, 2, 3, 4, 5, 6, 7, 8];
  const shapesCover = async (made: Input, within: number) => {
    const [red, blue, all] = made.annotations;
    const { edgesOf, shareAt } = await pixelsOf(made);
    expectClose(red?.box ?? [], edgesOf("red"), within);
    const corners = blue?.polygon ?? [];
    expect(corners).toHaveLength(3);
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    expectClose([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], edgesOf("blue"), within);
    expect(shareAt(middle(corners))).toBe("blue");
    const [rightAngle, one, other] = corners;
    const opposite = middle([one ?? [0, 0], other ?? [0, 0]]).map(
      (value, axis) => value + 0.7 * (value - (rightAngle?.[axis] ?? 0)),
    );
    expect(shareAt(opposite as [number, number])).toBe("other");
    expect(red).toMatchObject({ id: "red", concepts: [{ id: "red" }] });
    expect(all).toEqual(annotations[2]);
  };

  it.each(orientations)("keeps boxes and polygons on the same pixels (orientation %d)", async (orientation) => {
    const made = await one(fitImage({ format: "png" }), { ...fileOf(await stored(orientation)), annotations });
    const header = await sharp(bytesOf(made)).metadata();
    const size = orientation >= 5 ? { width: height, height: width } : { width, height };
    expect(header).toMatchObject({ ...size, format: "png" });
    expect(header.orientation ?? 1).toBe(1);
    expect(made.image).toMatchObject({ ...size, mimeType: "image/png" });
    await shapesCover(made, 0.015);
  });

  it.each(orientations)(
    "keeps boxes and polygons on the same pixels also in a smaller image (orientation %d)",
    async (orientation) => {
      const made = await one(fitImage({ maxMegapixels: 0.009, quality: 100 }), {
        image: { bytes: await stored(orientation) },
        annotations,
      });
      const { info } = await pixelsOf(made);
      expect(info.width * info.height).toBeLessThanOrEqual(9000);
      expect(info.width > info.height).toBe(orientation < 5);
      await shapesCover(made, 0.04);
    },
  );

  it.each(orientations.slice(1))(
    "shows the same picture as a viewer that applies the orientation (orientation %d)",
    async (orientation) => {
      const bytes = await stored(orientation);
      const made = await one(fitImage({ quality: 100 }), { image: { bytes } });
      const expected = await sharp(bytes).autoOrient().raw().toBuffer();
      const actual = await sharp(bytesOf(made)).raw().toBuffer();
      expect(actual.length).toBe(expected.length);
      let difference = 0;
      for (const [index, value] of expected.entries()) difference += Math.abs(value - (actual[index] ?? 0));
      expect(difference / expected.length).toBeLessThan(2);
    },
  );

  it("turns both shapes of an annotation with a box and a polygon", async () => {
    const both: Annotation = { box: redBox, polygon: blueCorners, concepts: [] };
    const made = await one(fitImage(), { image: { bytes: await stored(3) }, annotations: [both] });
    expectClose(made.annotations[0]?.box ?? [], [0.7, 0.4, 0.9, 0.85], 1e-9);
    expectClose(made.annotations[0]?.polygon?.flat() ?? [], [0.5, 0.5, 0.1, 0.5, 0.5, 0.05], 1e-9);
  });

  it("does not happen with upright: false, also if the image is made smaller", async () => {
    const input: InputDraft = { image: { bytes: await stored(6) }, annotations };
    const [before, after] = await beforeAndAfter(fitImage({ upright: false }), input);
    expect(after).toBe(before);
    for (const format of ["jpeg", "png", "webp"] as const) {
      const smaller = await one(fitImage({ upright: false, maxMegapixels: 0.01, format }), input);
      const { orientation, width: wide = 0, height: high = 0 } = await sharp(bytesOf(smaller)).metadata();
      expect(orientation).toBe(6);
      expect(wide).toBeGreaterThan(high);
      expect(smaller.annotations).toEqual(annotations);
    }
  });
});

describe("an image that fits", () => {
  it.each<[string, () => Promise<InputDraft> | InputDraft]>([
    ["a file", () => ({ image: { path: example("harbour/quay.jpg") } })],
    ["bytes", () => ({ image: { bytes: exampleBytes("market/plan.png") } })],
    ["a WEBP", () => ({ image: { path: example("market/poster.webp") } })],
    ["an upright JPEG with an orientation", async () => ({ image: { bytes: await stored(1) } })],
    ["a URL", () => ({ image: { url: "https://a.test/x.jpg" } })],
    ["a text", () => ({ text: "calm sea" })],
    ["an audio file", () => ({ audio: { path: example("media/foghorn.wav") } })],
  ])("passes unchanged: %s", async (_, make) => {
    const [before, after] = await beforeAndAfter(fitImage(), await make());
    expect(after).toBe(before);
  });

  it("may have exactly the allowed pixels, but must have fewer than the allowed bytes", async () => {
    const bytes = await jpeg(100, 50);
    const [before, after] = await beforeAndAfter(fitImage({ maxMegapixels: 0.005 }), { image: { bytes } });
    expect(after).toBe(before);
    expect(bytesOf(await one(fitImage({ maxBytes: bytes.length }), { image: { bytes } })).byteLength).toBeLessThan(
      bytes.length,
    );
  });
});

describe("making images smaller", () => {
  it("stays below the megapixels and close to them, with the same proportions, for any size", {
    timeout: 20_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 40_000 }),
        async (wide, high, most) => {
          const image = {
            bytes: await sharp({ create: { width: wide, height: high, channels: 3, background: "#468" } })
              .png({ compressionLevel: 1 })
              .toBuffer(),
          };
          const made = await one(fitImage({ maxMegapixels: most / 1_000_000 }), { image });
          const { width: w = 0, height: h = 0 } = await sharp(bytesOf(made)).metadata();
          expect(w * h).toBeLessThanOrEqual(most);
          expect(w).toBeGreaterThan(0);
          if (wide * high <= most) expect([w, h]).toEqual([wide, high]);
          else {
            const scale = Math.sqrt(most / (wide * high));
            expect(Math.abs(w - wide * scale)).toBeLessThanOrEqual(
              Math.max(1, wide * scale * 0.01, w === most || h === 1 || w === 1 ? wide : 0),
            );
          }
        },
      ),
      propertyRuns(40),
    );
  });

  it.each(["jpeg", "png", "webp"] as const)("stays below the bytes, in %s", async (format) => {
    const bytes = await noise(300, 200).toFormat(format, { quality: 100 }).toBuffer();
    const maxBytes = Math.floor(bytes.length / 6);
    const made = await one(fitImage({ maxBytes }), { image: { bytes } });
    expect(bytesOf(made).byteLength).toBeLessThan(maxBytes);
    expect(await sharp(bytesOf(made)).metadata()).toMatchObject({ format, width: (made.image as BytesContent).width });
  });

  it("fails only the image that cannot be made small enough", async () => {
    const bytes = await noise(100, 100).jpeg().toBuffer();
    const { made, report } = await through(fitImage({ maxBytes: 150 }), [
      { id: "noise", image: { bytes } },
      { id: "text", text: "x" },
    ]);
    expect(made.map((input) => input.id)).toEqual(["text"]);
    expect(report.failures).toMatchObject([{ id: "noise", code: "ERR_IMAGE_TOO_LARGE", stage: "fitImage" }]);
    expect(report.failures[0]?.reason).toContain("150 bytes");
  });

  it("refuses an image over maxDecodedMegapixels before it decodes it", async () => {
    const bytes = await sharp({ create: { width: 2000, height: 1500, channels: 3, background: "#468" } })
      .png()
      .toBuffer();
    const { report } = await through(fitImage({ maxMegapixels: 1, maxDecodedMegapixels: 2 }), [
      { id: "large", image: { bytes } },
    ]);
    expect(report.failures).toMatchObject([{ id: "large", code: "ERR_IMAGE_TOO_LARGE" }]);
    expect(report.failures[0]?.reason).toContain("2000 × 1500 = 3.0 megapixels");
  });

  it("keeps the other fields, and does not change the original input", async () => {
    const more = {
      id: "a",
      text: "a pier",
      concepts: [{ id: "c" }],
      metadata: { n: 1 },
      geo: { longitude: 1, latitude: 2 },
    };
    const path = example("harbour/quay.jpg");
    const [before, after] = await beforeAndAfter(fitImage({ maxMegapixels: 0.01 }), {
      ...more,
      image: { path },
      annotations,
    });
    expect(after).toMatchObject({ ...more, annotations });
    expect(before.image).toMatchObject({ path, width: 640, height: 420 });
  });
});

describe("the format", () => {
  it("is kept if the platform accepts it, and becomes JPEG otherwise", async () => {
    for (const [format, written] of [
      ["jpeg", "jpeg"],
      ["png", "png"],
      ["webp", "webp"],
      ["gif", "gif"],
      ["tiff", "tiff"],
      ["avif", "jpeg"],
    ] as const) {
      const bytes = await sharp(scene).removeAlpha().toFormat(format).toBuffer();
      const made = await one(fitImage({ maxMegapixels: 0.01 }), { image: { bytes } });
      expect((await sharp(bytesOf(made)).metadata()).format).toBe(written);
      expect(made.image?.mimeType).toBe(`image/${written}`);
    }
  });

  it.each(["jpeg", "png", "webp"] as const)("becomes %s if the option says so", async (format) => {
    for (const name of ["harbour/quay.jpg", "market/plan.png", "market/poster.webp"]) {
      const made = await one(fitImage({ format }), { image: { path: example(name) } });
      const content = "bytes" in (made.image ?? {}) ? bytesOf(made) : exampleBytes(name);
      expect((await sharp(content).metadata()).format).toBe(format);
    }
  });

  it("has the quality of the option", async () => {
    const bytes = await noise(200, 200).png().toBuffer();
    const sizeAt = async (quality: number) =>
      bytesOf(await one(fitImage({ format: "jpeg", quality }), { image: { bytes } })).byteLength;
    expect(await sizeAt(30)).toBeLessThan(await sizeAt(95));
  });
});

describe("images that are broken", () => {
  it("fail alone: truncated files, other content, a header without pixels, a missing file", async () => {
    const whole = exampleBytes("market/stalls.jpg");
    const png = exampleBytes("market/plan.png");
    const inputs: InputDraft[] = [
      { id: "cut", image: { bytes: whole.subarray(0, whole.length / 2) } },
      { id: "first", image: { bytes: whole } },
      { id: "cut-png", image: { bytes: png.subarray(0, png.length / 2) } },
      { id: "text", image: { bytes: Buffer.from("no image at all"), mimeType: "image/jpeg" } },
      { id: "header", image: { bytes: whole.subarray(0, 60), mimeType: "image/jpeg" } },
      { id: "gone", image: { path: `${temp}/gone.jpg`, sizeBytes: 10 } },
      { id: "last", image: { bytes: png } },
    ];
    const { made, report } = await through(fitImage({ format: "webp" }), inputs);
    expect(made.map((input) => input.id)).toEqual(["first", "last"]);
    expect(report.failures.map((failure) => failure.id).sort()).toEqual(["cut", "cut-png", "gone", "header", "text"]);
    for (const failure of report.failures) expect(failure.code).toBe("ERR_IMAGE_UNDECODABLE");
  });

  it("invalid options are refused at once", () => {
    expect(() => fitImage({ maxMegapixels: 86 })).toThrow(/fitImage: maxMegapixels/);
    expect(() => fitImage({ maxBytes: 20_000_001 })).toThrow(/fitImage: maxBytes/);
    expect(() => fitImage({ quality: 0 })).toThrow(/fitImage: quality/);
    expect(() => fitImage({ format: "gif" as "png" })).toThrow(/fitImage: format/);
  });
});

/** Pictures: size and orientation of images by their headers, and turns of annotations. */

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { describePicture, pictureOf } from "../../../src/formats/annotations/picture.js";
import { turned, turnedBack } from "../../../src/formats/annotations/turn.js";
import type { Annotation } from "../../../src/index.js";
import { temporaryFolder } from "../../helpers/store.js";

const orientations = [1, 2, 3, 4, 5, 6, 7, 8];

function image(orientation: number, format: "jpeg" | "png" | "webp" | "tiff"): Promise<Buffer> {
  const pixels = sharp({ create: { width: 40, height: 30, channels: 3, background: "red" } });
  return pixels.withMetadata({ orientation }).toFormat(format).toBuffer();
}

describe("pictureOf", () => {
  it.each(["jpeg", "png", "webp", "tiff"] as const)("reads size and orientation of %s", async (format) => {
    for (const orientation of orientations) {
      const [uprightWidth, uprightHeight] = orientation >= 5 ? [30, 40] : [40, 30];
      const expected = { width: 40, height: 30, orientation, uprightWidth, uprightHeight };
      expect(await pictureOf({ bytes: await image(orientation, format) })).toEqual(expected);
    }
  });

  it("does not turn HEIC and AVIF, whose decoders turn them", async () => {
    const bytes = await sharp(await image(6, "jpeg"))
      .keepMetadata()
      .avif()
      .toBuffer();
    expect(await pictureOf({ bytes })).toEqual({
      width: 30,
      height: 40,
      orientation: 1,
      uprightWidth: 30,
      uprightHeight: 40,
    });
  });

  it("refuses a URL whose size is not known", async () => {
    await expect(pictureOf({ url: "https://example.com/a.jpg" })).rejects.toMatchObject({ code: "ERR_IMAGE_SIZE" });
    const listed = { url: "https://example.com/a.jpg", width: 4, height: 3 };
    expect(await pictureOf(listed)).toMatchObject({ width: 4, height: 3, orientation: 1 });
  });
});

describe("describePicture", () => {
  it.each(["jpeg", "png", "webp", "tiff"] as const)(
    "takes the orientation from the same reading of %s",
    async (format) => {
      const path = join(temporaryFolder(), "image");
      for (const orientation of orientations) {
        const bytes = await image(orientation, format);
        writeFileSync(path, bytes);
        const { content } = await describePicture(path);
        rmSync(path); // a second opening would fail
        expect(await pictureOf(content)).toMatchObject({ width: 40, height: 30, orientation });
      }
    },
  );

  it("finds an EXIF block behind the first 4 KB", async () => {
    const path = join(temporaryFolder(), "image.jpg");
    const bytes = await image(6, "jpeg");
    const comment = Buffer.alloc(2 + 6000, 32);
    comment.writeUInt16BE(0xfffe, 0);
    comment.writeUInt16BE(6000, 2);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 2), comment, bytes.subarray(2)]));
    const { content } = await describePicture(path);
    expect(await pictureOf(content)).toMatchObject({ orientation: 6, uprightWidth: 30, uprightHeight: 40 });
  });
});

describe("turned and turnedBack", () => {
  const region: Annotation = {
    concepts: [],
    box: [0.1, 0.2, 0.4, 0.9],
    point: [0.1, 0.7],
    polygon: [
      [0.1, 0.2],
      [0.5, 0.2],
      [0.3, 0.6],
    ],
  };

  it.each(orientations)("undo each other for orientation %d", (orientation) => {
    const back = turnedBack(turned(region, orientation), orientation);
    for (const [index, value] of (region.box ?? []).entries()) expect(back.box?.[index]).toBeCloseTo(value, 12);
    expect(back.polygon?.flat().map((value) => Math.round(value * 1e9) / 1e9)).toEqual(region.polygon?.flat());
    expect(back.point?.map((value) => Math.round(value * 1e9) / 1e9)).toEqual(region.point);
  });

  it("put the corner of the stored pixels where sharp puts it", async () => {
    for (const orientation of orientations) {
      const pixels = Buffer.alloc(4 * 2 * 3);
      pixels.fill(255, 0, 3); // the first stored pixel is white
      const stored = await sharp(pixels, { raw: { width: 4, height: 2, channels: 3 } })
        .withMetadata({ orientation })
        .png()
        .toBuffer();
      const { data, info } = await sharp(stored).rotate().removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const at = data.indexOf(255) / 3;
      const { box } = turned({ concepts: [], box: [0, 0, 1 / 4, 1 / 2] }, orientation);
      const [x = 0, y = 0] = box ?? [];
      expect([Math.round(x * info.width), Math.round(y * info.height)]).toEqual([
        at % info.width,
        Math.floor(at / info.width),
      ]);
    }
  });
});

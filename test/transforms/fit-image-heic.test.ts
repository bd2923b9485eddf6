import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import { type BytesContent, fitImage, geoFromExif, takenAt } from "../../src/index.js";
import { one } from "../helpers/transforms.js";

/** 96 × 64 pixels: red at the top left, blue at the bottom right. Its EXIF has a location and the orientation 6, which HEIC does not use. */
const image = { path: join(import.meta.dirname, "../fixtures/quarters.heic") };

describe("fitImage with HEIC", () => {
  it.each(["jpeg", "png", "webp"] as const)(
    "decodes it, without a turn, and keeps EXIF and colour profile: %s",
    async (format) => {
      const result = (await one(fitImage({ format, quality: 100 }), { image })).image as BytesContent;
      expect(result).toMatchObject({ mimeType: `image/${format}`, width: 96, height: 64 });
      const header = await sharp(result.bytes).metadata();
      expect(header.orientation).toBe(1);
      expect(header.icc).toBeDefined();
      const pixels = await sharp(result.bytes).removeAlpha().raw().toBuffer();
      const at = (x: number, y: number) => [...pixels.subarray((y * 96 + x) * 3, (y * 96 + x) * 3 + 3)];
      const [red, blue, grey] = [at(10, 10), at(80, 55), at(80, 10)];
      expect((red[0] as number) - (red[2] as number)).toBeGreaterThan(150);
      expect((blue[2] as number) - (blue[0] as number)).toBeGreaterThan(150);
      expect(Math.abs((grey[0] as number) - 0xcc)).toBeLessThan(12);
      expect((await one(geoFromExif(), { image: { bytes: result.bytes } })).geo).toEqual({
        longitude: -4.25,
        latitude: 51.5,
      });
      expect((await one(takenAt(), { image: { bytes: result.bytes } })).metadata.takenAt).toMatch(
        /^2024-07-03T14:22:10/,
      );
    },
  );

  it.each([
    ["first", "two-images-first.heic", 0],
    ["second", "two-images.heic", 2],
  ])("decodes the primary image of several: the %s", async (_, name, strongest) => {
    const two = { path: join(import.meta.dirname, "../fixtures", name) };
    const result = (await one(fitImage({ format: "png" }), { image: two })).image as BytesContent;
    // The first image is red and 96 × 64, the second is blue and 64 × 96.
    expect(result).toMatchObject(strongest === 0 ? { width: 96, height: 64 } : { width: 64, height: 96 });
    const pixel = [...(await sharp(result.bytes).removeAlpha().raw().toBuffer()).subarray(0, 3)];
    expect(pixel.indexOf(Math.max(...pixel))).toBe(strongest);
  });

  it("fails a truncated file alone", async () => {
    const bytes = (await import("node:fs")).readFileSync(image.path).subarray(0, 1000);
    await expect(one(fitImage(), { image: { bytes } })).rejects.toThrow(/ERR_IMAGE_UNDECODABLE/);
  });

  it("names the package that it needs", async () => {
    vi.resetModules();
    vi.doMock("../../src/formats/optional-package.js", async (original) => {
      const { loadOptional } = await original<typeof import("../../src/formats/optional-package.js")>();
      const missing = Object.assign(new Error("Cannot find module 'heic-decode'"), { code: "MODULE_NOT_FOUND" });
      return {
        loadOptional: (plugin: string, name: string) => loadOptional(plugin, name, () => Promise.reject(missing)),
      };
    });
    const fresh = await import("../../src/index.js");
    const report = await fresh
      .flow(fresh.fromIterable([{ image }]))
      .pipe(fresh.fitImage())
      .run();
    expect(report.failures[0]).toMatchObject({ code: "ERR_PACKAGE_MISSING" });
    expect(report.failures[0]?.reason).toMatch(/fitImage needs the package heic-decode.*npm install heic-decode@2/);
    vi.doUnmock("../../src/formats/optional-package.js");
  });
});

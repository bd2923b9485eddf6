/** Renditions: smaller sizes of media, which are never taken for the original. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { batch, download, flow, fromIterable, jsonl, listInputs, upload } from "../../../src/index.js";
import { openStore, temporaryFolder } from "../../helpers/store.js";

async function picture(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: "#246" } })
    .png()
    .toBuffer();
}

/** A store with a large image, an image with a text, and a text. */
async function gallery() {
  const opened = await openStore();
  const inputs = [
    { id: "big", image: { bytes: await picture(1200, 600) }, metadata: { split: "train" } },
    { id: "both", image: { bytes: await picture(400, 200) }, text: "a caption" },
    { id: "note", text: "only a text" },
  ];
  const report = await flow(fromIterable(inputs)).pipe(batch(), upload(opened.app)).run();
  expect(report.counts.ok).toBe(3);
  return opened;
}

const linesOf = (folder: string) =>
  readFileSync(join(folder, "manifest.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string; path: string; sizeBytes: number; rendition?: string });

describe("download({ rendition })", () => {
  it.each([
    ["tiny", 100],
    ["small", 320],
    ["large", 1024],
  ])("writes the rendition %s of images, and says so in the manifest", async (rendition, longestSide) => {
    const { app } = await gallery();
    const out = temporaryFolder();
    const report = await flow(listInputs(app, { kinds: ["image"] }))
      .pipe(download(out, { rendition }))
      .run();
    expect(report.counts).toMatchObject({ read: 2, ok: 2 });
    const lines = linesOf(out);
    expect(lines.map((line) => [line.id, line.path, line.rendition]).sort()).toEqual([
      ["big", "big.jpg", rendition],
      ["both", "both.jpg", rendition],
    ]);
    const { width, height, format } = await sharp(readFileSync(join(out, "big.jpg"))).metadata();
    expect([width, height, format]).toEqual([longestSide, longestSide / 2, "jpeg"]);
    expect(readFileSync(join(out, "both.txt"), "utf8")).toBe("a caption");
  });

  it("fails an input without the rendition, by name, also in a plan", async () => {
    const { app } = await gallery();
    const steps = (rendition: string) => flow(listInputs(app)).pipe(download(temporaryFolder(), { rendition }));
    expect((await steps("small").run()).failures).toMatchObject([
      { id: "note", code: "ERR_RENDITION", reason: 'the text has no rendition "small"; it has none' },
    ]);
    const { failures } = await steps("huge").run();
    const text = 'the image has no rendition "huge"; it has tiny, small, large and the original';
    expect(failures.map(({ id, reason }) => [id, reason])).toContainEqual(["big", text]);
    expect(failures).toHaveLength(3);
    expect((await steps("huge").plan()).counts.refused).toBe(3);
    const local = { id: "x", image: { bytes: await picture(5, 5) } };
    const own = await flow(fromIterable([local]))
      .pipe(download(temporaryFolder(), { rendition: "small" }))
      .run();
    expect(own.failures).toMatchObject([{ id: "x", code: "ERR_RENDITION" }]);
  });

  it("is never taken for the original: the manifest's lines are refused as inputs", async () => {
    const { app } = await gallery();
    const other = await openStore();
    const out = temporaryFolder();
    await flow(listInputs(app, { kinds: ["image"] }))
      .pipe(download(out, { rendition: "small" }))
      .run();
    const report = await flow(jsonl(join(out, "manifest.jsonl")))
      .pipe(batch(), upload(other.app))
      .run();
    expect(report.counts).toMatchObject({ read: 2, ok: 0, failed: 2 });
    expect(report.failures[0]).toMatchObject({
      code: "ERR_RENDITION",
      reason: expect.stringContaining("not the original"),
    });
    expect(other.store.stored()).toEqual([]);
  });

  it("keeps originals and renditions in separate folders", async () => {
    const { app } = await gallery();
    const out = temporaryFolder();
    const into = (rendition?: string) =>
      flow(listInputs(app, { kinds: ["image"] })).pipe(download(out, rendition === undefined ? {} : { rendition }));
    await into().run();
    const before = readFileSync(join(out, "big.png"));
    await expect(into("small").run()).rejects.toMatchObject({ code: "ERR_FOLDER_RENDITION" });
    await expect(into("small").plan()).rejects.toMatchObject({ code: "ERR_FOLDER_RENDITION" });
    expect(readFileSync(join(out, "big.png"))).toEqual(before);
    expect(readdirSync(out).sort()).toEqual(["big.png", "both.png", "both.txt", "manifest.jsonl"]);
    expect((await into("orig").run()).counts).toMatchObject({ read: 2, skipped: 2 });
  });

  it("skips renditions that an earlier run wrote", async () => {
    const { app } = await gallery();
    const out = temporaryFolder();
    const run = () =>
      flow(listInputs(app, { kinds: ["image"] }))
        .pipe(download(out, { rendition: "tiny" }))
        .run();
    await run();
    expect((await run()).counts).toMatchObject({ read: 2, ok: 0, skipped: 2 });
  });

  it("refuses a name that is no name", () => {
    expect(() => download("./out", { rendition: "../orig" })).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
  });
});

import { renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentHashText, loadHasher } from "../../src/clarifai/wire/content-hash.js";
import { type FolderOptions, flow, folder, type Input, upload } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { exampleBytes, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { itemsOf } from "../helpers/sources.js";
import { openStore } from "../helpers/store.js";

const temp = tempFolder();
const photo = await jpeg();
const film = exampleBytes("media/ferry.mp4");

const run = async (path: string, options: FolderOptions = {}) => {
  const inputs: Input[] = [];
  const report = await flow(folder(path, { pairs: true, ...options })).run();
  if (report.counts.failed === 0) inputs.push(...(await flow(folder(path, { pairs: true, ...options })).toArray()));
  const byName = Object.fromEntries(inputs.map((input) => [input.metadata.filename, input]));
  return { report, byName, failures: report.failures.map(({ code, reason }) => `${code} ${reason}`) };
};

testSource("folder with pairs", async () => {
  const path = folderWith(temp, { "a.jpg": photo, "a.txt": "one", "b.jpg": photo, "b.json": "{}", "c.jpg": photo });
  const items = await itemsOf(folder(path, { pairs: true }));
  return {
    source: folder(path, { pairs: true }),
    ids: items.flatMap((item) => ("input" in item ? [String(item.input.id)] : [])),
  };
});

describe("folder with pairs", () => {
  it("reads an image and its caption as one input with image and text", async () => {
    const path = folderWith(temp, {
      "a.jpg": photo,
      "a.txt": "a calm sea\n",
      "sub/b.png.jpg": photo,
      "sub/b.png.caption": "dunes",
    });
    const { byName, report } = await run(path);
    expect(report.counts).toMatchObject({ read: 2, ok: 2, skipped: 0 });
    expect(byName["a.jpg"]).toMatchObject({ text: "a calm sea\n", image: { mimeType: "image/jpeg" } });
    expect(byName["b.png.jpg"]).toMatchObject({ text: "dunes" });
  });

  it("puts the caption of a video into its metadata, since the platform has no text beside a video", async () => {
    const { byName } = await run(folderWith(temp, { "a.mp4": film, "a.txt": "a ferry" }));
    expect(byName["a.mp4"]).toMatchObject({ metadata: { filename: "a.mp4", caption: "a ferry" } });
    expect(byName["a.mp4"]?.text).toBeUndefined();
  });

  it("takes the entries of the JSON as metadata, beside a caption", async () => {
    const data = '{"title": "Quay", "filename": "own.jpg", "size": {"w": 2}, "tags": ["a"]}';
    const { byName } = await run(folderWith(temp, { "a.jpg": photo, "a.txt": "quay", "a.json": data }));
    expect(byName["own.jpg"]).toMatchObject({
      text: "quay",
      metadata: { title: "Quay", filename: "own.jpg", size: { w: 2 }, tags: ["a"] },
    });
  });

  it("gives two media files of one name the same sidecars", async () => {
    const { byName } = await run(folderWith(temp, { "a.jpg": photo, "a.mp4": film, "a.txt": "both" }));
    expect(byName["a.jpg"]?.text).toBe("both");
    expect(byName["a.mp4"]?.metadata.caption).toBe("both");
  });

  it("reads a text or JSON without a media file as without pairs", async () => {
    const path = folderWith(temp, { "a.jpg": photo, "b.txt": "alone", "c.json": "{}", "a.md": "not a caption" });
    const { byName, report } = await run(path);
    expect(Object.keys(byName).toSorted()).toEqual(["a.jpg", "a.md", "b.txt"]);
    expect(report.counts.skipped).toBe(1);
  });

  it("matches the extensions of sidecars without regard to case, and the names exactly", async () => {
    const { byName } = await run(
      folderWith(temp, { "A.JPG": photo, "A.TXT": "capitals", "b.jpg": photo, "B.txt": "other" }),
    );
    expect(byName["A.JPG"]?.text).toBe("capitals");
    expect(byName["b.jpg"]?.text).toBeUndefined();
    expect(byName["B.txt"]?.text).toBe("other");
  });

  it("does not lose a text whose media file is not read", async () => {
    const path = folderWith(temp, { "a.jpg": photo, "a.txt": "words" });
    for (const options of [{ kinds: ["text"] }, { exclude: "*.jpg" }] satisfies FolderOptions[]) {
      expect(Object.keys((await run(path, options)).byName)).toEqual(["a.txt"]);
    }
  });

  it("reads sidecars that include does not match, and none that exclude matches", async () => {
    const path = folderWith(temp, { "a.jpg": photo, "a.txt": "words" });
    expect((await run(path, { include: "*.jpg" })).byName["a.jpg"]?.text).toBe("words");
    const without = await run(path, { exclude: "*.txt" });
    expect(without.byName["a.jpg"]?.text).toBeUndefined();
    expect(without.report.skipped).toMatchObject([{ reason: "excluded", count: 1 }]);
  });

  it("follows the links of sidecars only if it follows links", async () => {
    const path = folderWith(temp, { "a.jpg": photo });
    symlinkSync(join(folderWith(temp, { "words.txt": "linked" }), "words.txt"), join(path, "a.txt"));
    expect((await run(path)).byName["a.jpg"]?.text).toBeUndefined();
    expect((await run(path, { followSymlinks: true })).byName["a.jpg"]?.text).toBe("linked");
  });

  it("pairs a single file with those beside it", async () => {
    const path = folderWith(temp, { "a.jpg": photo, "a.txt": "words", "b.jpg": photo });
    expect((await run(join(path, "a.jpg"))).byName).toMatchObject({ "a.jpg": { text: "words" } });
    expect((await run(join(path, "a.txt"))).byName).toMatchObject({ "a.txt": { text: "words" } });
  });

  it("notes an empty caption", async () => {
    const { byName, report } = await run(folderWith(temp, { "a.jpg": photo, "a.txt": "" }));
    expect(byName["a.jpg"]?.text).toBeUndefined();
    expect(report.notes).toEqual({ "the caption is empty, and only the media file was read": 1 });
  });

  it.each([
    ["a list", { "a.json": "[1]" }, /^ERR_SIDECAR .*a\.json cannot be paired .*must be an object.*got a list|array/],
    ["no JSON", { "a.json": "{" }, /^ERR_SIDECAR .*a\.json .*it is not JSON/],
    ["a number that JavaScript changes", { "a.json": '{"id": 9007199254740993}' }, /^ERR_NUMBER .*a\.json: id: /],
    ["another encoding", { "a.txt": Buffer.from([0xe9, 0x20, 0x80, 0x41]) }, /^ERR_TEXT_ENCODING .*a\.txt/],
    ["large metadata", { "a.json": `{"a":"${"x".repeat(1_000_000)}"}` }, /^ERR_SIDECAR .*limit of metadata is 1000000/],
    ["half a surrogate pair", { "a.json": '{"a":"\\ud800"}' }, /^ERR_INPUT_SHAPE .*metadata\.a.*surrogate/],
    [
      "two captions",
      { "a.txt": "x", "a.caption": "y" },
      /^ERR_SIDECAR .*a\.caption .*a second caption beside .*a\.txt/,
    ],
  ])("fails only the media file whose sidecar has %s", async (_, files, expected) => {
    const { failures, report } = await run(folderWith(temp, { ...files, "a.jpg": photo, "b.jpg": photo }));
    expect(failures).toEqual([expect.stringMatching(expected)]);
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
  });

  it("makes different ids of one picture with two captions, if ids are made of the content", async () => {
    const path = folderWith(temp, { "a.jpg": photo, "a.txt": "x", "b.jpg": photo, "b.txt": "y", "c.jpg": photo });
    const inputs = await flow(folder(path, { pairs: true, ids: "content" })).toArray();
    expect(new Set(inputs.map(({ id }) => id)).size).toBe(3);
  });
});

describe("a resumed run of pairs", () => {
  it("skips finished pairs, and reads a pair again whose caption or data changed", async () => {
    const path = folderWith(temp, {
      "a.jpg": photo,
      "a.txt": "one",
      "b.jpg": photo,
      "b.json": '{"n":1}',
      "c.jpg": photo,
    });
    const journal = join(temp, `${basename(path)}.journal`);
    const again = async () => {
      const names: unknown[] = [];
      const read = flow(folder(path, { pairs: true })).run({ journal });
      const report = await read;
      for (const { reason, count } of report.skipped) names.push([reason, count]);
      return { ok: report.counts.ok, names };
    };
    expect(await again()).toEqual({ ok: 3, names: [] });
    expect(await again()).toEqual({ ok: 0, names: [["done earlier", 3]] });
    writeFileSync(join(path, "a.txt"), "one, changed");
    writeFileSync(join(path, "b.json"), '{"n":22}');
    expect(await again()).toEqual({ ok: 2, names: [["done earlier", 1]] });
    renameSync(join(path, "b.json"), join(path, "c.json"));
    writeFileSync(join(path, "b.json"), '{"n":333}');
    unlinkSync(join(path, "a.txt"));
    expect(await again()).toEqual({ ok: 3, names: [] });
  });

  it("sends a new caption only if the user asks for it, and never reports the old one as ok", async () => {
    const { app } = await openStore();
    const path = folderWith(temp, { "a.jpg": photo, "a.txt": "one" });
    const send = (conflict: "skip" | "replace") =>
      flow(folder(path, { pairs: true }))
        .pipe(upload(app, { conflict }))
        .run();
    expect((await send("skip")).counts).toMatchObject({ ok: 1 });
    expect((await send("skip")).counts).toMatchObject({ skipped: 1 });
    writeFileSync(join(path, "a.txt"), "two");
    const refused = await send("skip");
    expect(refused.failures).toMatchObject([{ code: "ERR_ID_TAKEN" }]);
    expect((await send("replace")).counts).toMatchObject({ ok: 1 });
    expect(await app.getInput(refused.failures[0]?.id as string)).toMatchObject({ data: { text: { raw: "two" } } });
  });

  it("recognizes a pair that an earlier release stored, whose hash is that of the image alone", async () => {
    const { app } = await openStore();
    const path = folderWith(temp, { "a.jpg": photo, "a.txt": "one" });
    const send = () =>
      flow(folder(path, { pairs: true }))
        .pipe(upload(app))
        .run();
    await send();
    const [{ id }] = (await flow(folder(path, { pairs: true })).toArray()) as [Input];
    const imageHash = contentHashText((await loadHasher()).h64Raw(photo));
    await app.patchInputs([{ id, data: { metadata: { sluice_fingerprint: imageHash } } }], "merge");
    expect((await send()).counts).toMatchObject({ skipped: 1, failed: 0 });
    writeFileSync(join(path, "a.txt"), "two");
    expect((await send()).failures).toMatchObject([{ code: "ERR_ID_TAKEN" }]);
  });
});

/** The table of the guide: what folder() reads by default, with the text kind requested, and with a file named. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  batch,
  download,
  type FolderOptions,
  flow,
  folder,
  fromIterable,
  jsonl,
  listInputs,
  upload,
} from "../../src/index.js";
import { startCommand } from "../helpers/command.js";
import { fileWith, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { itemsOf } from "../helpers/sources.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const temp = tempFolder();
const texts = join(import.meta.dirname, "files/kinds/text");
const photo = await jpeg();
const takeout = '{"title": "IMG_1.jpg", "photoTakenTime": {"timestamp": "1700000000"}, "geoData": {"latitude": 0.0}}';
const manifestLine = '{"manifest":1,"id":"a","kind":"image"}\n';
const oldLine = `{"id":"a","kind":"image","path":"a.jpg","sizeBytes":5,"sha256":"${"0f".repeat(32)}"}\n`;

/** One file for each row of the table. */
const files: Record<string, string | Uint8Array> = {
  "IMG_1.jpg": photo,
  "no-extension": photo,
  "zeros.jpg": new Uint8Array(100),
  "notes.txt": "calm",
  "readme.md": "# calm",
  "plain.text": "calm",
  "latin.txt": Buffer.from("gr\xf6\xdfer", "latin1"),
  "table.csv": "a,b\n",
  "page.html": "<p>calm",
  "script.py": "print()",
  "paper.pdf": "%PDF-1.4\n",
  LICENSE: "calm",
  "wide.csv": Buffer.from("\ufeffa,b", "utf16le"),
  "latin.csv": Buffer.from("gr\xf6\xdfer,und,noch,mehr\n", "latin1"),
  "IMG_1.jpg.json": takeout,
  "IMG_1.xmp": "<x:xmpmeta/>",
  "IMG_1.AAE": "<plist/>",
  "Thumbs.db": "thumbs",
  "desktop.ini": "[x]",
  "._IMG_1.jpg": photo,
  ".hidden.txt": "h",
  "photo.jpg.part": photo,
  "manifest.jsonl": manifestLine,
  "old.jsonl": oldLine,
  "archive.zip": Buffer.concat([Buffer.from("504b0304140000000000", "hex"), Buffer.alloc(40)]),
  "data.bin": Buffer.from([0, 1, 2, 3, 0, 255]),
};

const otherText = /^text that is not named \.txt, \.md or \.text/;
const outcomes = async (path: string, options?: FolderOptions) =>
  Object.fromEntries(
    (await itemsOf(folder(path, options))).map((item) => [
      item.origin.slice(path.length + 1),
      "skipped" in item ? item.skipped : "input" in item ? "read" : (item.error as { code?: string }).code,
    ]),
  );

const always = {
  "IMG_1.jpg": "read",
  "no-extension": "read",
  "zeros.jpg": "ERR_KIND_UNKNOWN",
  "notes.txt": "read",
  "readme.md": "read",
  "plain.text": "read",
  "latin.txt": "ERR_TEXT_ENCODING",
  "IMG_1.xmp": "sidecar of a photo",
  "IMG_1.AAE": "sidecar of a photo",
  "Thumbs.db": "system file",
  "desktop.ini": "system file",
  "._IMG_1.jpg": "hidden",
  ".hidden.txt": "hidden",
  "photo.jpg.part": "partial download",
  "archive.zip": "not an image, video, audio or text, but application/zip",
  "data.bin": "not an image, video, audio or text, but an unknown type",
};
const asked = {
  ...always,
  "table.csv": "read",
  "page.html": "read",
  "script.py": "read",
  "paper.pdf": "read",
  LICENSE: "read",
  "wide.csv": "ERR_TEXT_ENCODING",
  "latin.csv": "ERR_TEXT_ENCODING",
  "IMG_1.jpg.json": "sidecar of a photo",
  "manifest.jsonl": "manifest of a download",
  "old.jsonl": "manifest of a download",
};

describe("folder()", () => {
  it("reads media and texts named .txt, .md or .text by default", async () => {
    const found = await outcomes(folderWith(temp, files));
    expect(found).toMatchObject(always);
    for (const name of ["table.csv", "page.html", "script.py", "paper.pdf", "LICENSE"]) {
      expect(found[name]).toMatch(otherText);
    }
    // The option `kinds` does not read these either, so their reason names no option.
    expect(found["IMG_1.jpg.json"]).toBe("sidecar of a photo");
    expect([found["manifest.jsonl"], found["old.jsonl"]]).toEqual(Array(2).fill("manifest of a download"));
    expect([found["wide.csv"], found["latin.csv"]]).toEqual(Array(2).fill("text in another encoding than UTF-8"));
  });

  it("reads every text if kinds includes text, but still no sidecar and no manifest", async () => {
    const path = folderWith(temp, files);
    expect(await outcomes(path, { kinds: ["image", "text"] })).toEqual(asked);
    const alone = await outcomes(path, { kinds: ["text"] });
    expect(alone).toMatchObject({ "table.csv": "read", "IMG_1.jpg": "kind image is excluded by the option kinds" });
    expect(alone["zeros.jpg"]).toBe("ERR_KIND_UNKNOWN");
  });

  it("reads the files that a pattern matches as if kinds included text", async () => {
    expect(await outcomes(folderWith(temp, files), { include: "**" })).toEqual(asked);
  });

  it("skips system files even if hidden files are requested", async () => {
    const path = folderWith(temp, { ".DS_Store": "d", "._a.jpg": photo, ".a.jpg": photo });
    expect(await outcomes(path, { hidden: true })).toEqual({
      ".DS_Store": "system file",
      "._a.jpg": "system file",
      ".a.jpg": "read",
    });
  });

  it("reads a single file if its path names a file, with the same result as from its folder", async () => {
    const path = folderWith(temp, { "a.csv": "x,y", "b.txt": "b" });
    const [single, ...more] = await itemsOf(folder(join(path, "a.csv")));
    expect(more).toEqual([]);
    expect(single).toMatchObject({
      origin: join(path, "a.csv"),
      input: { text: "x,y", metadata: { filename: "a.csv" } },
    });
    const [same] = await itemsOf(folder(path, { include: "a.csv" })).then((all) =>
      all.filter((item) => "input" in item),
    );
    expect(same).toEqual(single);
    expect((await flow(folder(join(path, "a.csv"))).run()).counts).toMatchObject({ read: 1, ok: 1 });
  });

  it("has a plan that counts each row of the table", async () => {
    const { app } = await openStore();
    const plan = await flow(folder(folderWith(temp, files)))
      .pipe(batch(), upload(app))
      .plan();
    expect(plan.counts).toEqual({ read: 26, ok: 5, refused: 2, skipped: 19 });
    const counts = Object.fromEntries(plan.skipped.map(({ reason, count }) => [reason.slice(0, 20), count]));
    expect(counts).toEqual({
      "text that is not nam": 5,
      "text in another enco": 2,
      "sidecar of a photo": 3,
      "manifest of a downlo": 2,
      "system file": 2,
      hidden: 2,
      "partial download": 1,
      "not an image, video,": 1,
    });
  });

  it("reads the file that is named on the command line, which exits with 1 for a broken file", {
    timeout: 60_000,
  }, async () => {
    const cwd = temporaryFolder();
    const path = folderWith(cwd, { "a.jpg": photo, "b.md": "# calm", "zeros.jpg": new Uint8Array(50) });
    const good = await startCommand(["upload", join(path, "a.jpg"), join(path, "b.md")], { cwd }).ended;
    expect([good.code, good.stdout]).toEqual([0, expect.stringContaining("ok 2")]);
    const bad = await startCommand(["upload", join(path, "zeros.jpg")], { cwd }).ended;
    expect(bad.code).toBe(1);
    expect(bad.stdout + bad.stderr).toContain("ERR_KIND_UNKNOWN");
  });
});

describe("a text", () => {
  it.each([
    ["cp1252.txt", "Windows-1252"],
    ["sjis.txt", "Shift_JIS"],
    ["gbk.txt", "GBK"],
  ])("in another encoding fails, and the error names the encoding: %s", async (name, encoding) => {
    const [item] = await itemsOf(folder(join(texts, name)));
    const { code, message } = (item as { error: Error & { code: string } } & typeof item).error;
    expect(code).toBe("ERR_TEXT_ENCODING");
    expect(message).toContain(`it seems to be ${encoding}`);
    expect(message).toContain("iconv -f");
  });

  it.each([
    ["UTF-16 with a mark", Buffer.from("\ufeffgrößer", "utf16le"), "UTF-16LE"],
    ["UTF-16 without one", Buffer.from("Good morning", "utf16le"), "UTF-16LE"],
    ["UTF-32", Buffer.from("fffe0000610000006200000063000000", "hex"), "UTF-32LE"],
    ["ISO-2022-JP", Buffer.from("1b2442253025251b2842206f6b", "hex"), "ISO-2022-JP"],
    ["Windows-1251", Buffer.from("c4eee1f0fbe920e4e5edfc2c20eae0ea20e4e5ebe0", "hex"), "Windows-1251"],
    ["KOI8-R", Buffer.from("e4cfc2d2d9ca20c4c5ced82c20cbc1cb20c4c5ccc1", "hex"), "KOI8-R"],
    ["EUC-KR", Buffer.from("bec8b3e7c7cfbcbcbfe4", "hex"), "EUC-KR"],
  ])("in %s fails, and the error names the encoding", async (_, bytes, encoding) => {
    const path = fileWith(temp, "a.txt", bytes);
    const [item] = await itemsOf(folder(path));
    expect((item as { error: Error }).error.message).toContain(`it seems to be ${encoding}`);
    expect(item).toMatchObject({ error: { code: "ERR_TEXT_ENCODING" } });
  });

  it("keeps its byte order mark through upload and download, and differs from the same text without one", async () => {
    const { app } = await openStore();
    const path = folderWith(temp, { "a.txt": "\ufeffcalm", "b.txt": "calm", "c.txt": "\ufeffcalm" });
    const sources = [folder(path), fromIterable([{ id: "d", text: { path: join(path, "c.txt") } }])];
    const report = await flow(sources).pipe(batch(), upload(app)).run();
    expect(report.counts.ok).toBe(4);
    const out = join(temporaryFolder(), "out");
    await flow(listInputs(app)).pipe(download(out)).run();
    const stored = await flow(listInputs(app)).toArray();
    expect(stored.map(({ text }) => text).sort()).toEqual(["calm", "\ufeffcalm", "\ufeffcalm", "\ufeffcalm"]);
    expect(readFileSync(join(out, "d.txt"), "utf8")).toBe("\ufeffcalm");
  });

  it("of a JSON Lines file does not include the byte order mark of the file", async () => {
    const { counts } = await flow(jsonl(fileWith(temp, "a.jsonl", '\ufeff{"id":"a","text":"calm"}\n'))).run();
    expect(counts.ok).toBe(1);
  });
});

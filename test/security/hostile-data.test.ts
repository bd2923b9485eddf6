/** Hostile data: EXIF blocks, table rows and lines that try to do harm; each fails its own input at most. */

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { mergeAll, tap } from "rxjs";
import { afterEach, describe, expect, it } from "vitest";
import { fileNameFor } from "../../src/core/files/file-names.js";
import { redactUrl } from "../../src/core/redact-urls.js";
import {
  batch,
  type CsvOptions,
  connect,
  csv,
  flow,
  fromIterable,
  geoFromExif,
  type Input,
  type InputDraft,
  idFromPath,
  jsonl,
  listInputs,
  type Message,
  patch,
  type Report,
  type Source,
  stripUnicode,
  tagMetadata,
  transform,
  upload,
  urls,
} from "../../src/index.js";
import { bytes, isoFile, png, pngProfile, tiff, u32be, u32le } from "../helpers/bombs.js";
import { exampleBytes, fileWith, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { openStore } from "../helpers/store.js";
import { through } from "../helpers/transforms.js";

const temp = tempFolder();

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

type Entry = [tag: number, type: number, count: number, value: number];
const gpsAt = (at: number): Entry[] => [[0x8825, 4, 1, at]];
/** The first directory has one entry, so the second begins here. The data follow its four entries. */
const second = 8 + 2 + 12 + 4;
const behind = second + 2 + 4 * 12 + 4;
const north: Entry = [1, 2, 2, 0x4e];
const east: Entry = [3, 2, 2, 0x45];
const fractions = u32le(51, 1, 30, 1, 0, 1, 4, 1, 15, 1, 0, 1);
const latitude: Entry = [2, 5, 3, behind];
const longitude: Entry = [4, 5, 3, behind + 24];

/** A block whose second directory has these entries. */
function block(entries: Entry[], data: Uint8Array = fractions): Buffer {
  const directory = tiff(entries).subarray(8);
  return tiff(gpsAt(second), 0, bytes(directory, data));
}

function asJpeg(exif: Uint8Array): Buffer {
  const segment = bytes("Exif\0\0", exif);
  return bytes("\xff\xd8\xff\xe1", Buffer.from([(segment.length + 2) >> 8, segment.length + 2]), segment, "\xff\xd9");
}

const pngWith = (chunk: Uint8Array) => bytes("\x89PNG\r\n\x1a\n", chunk);
const webpWith = (chunk: Uint8Array) => bytes("RIFF", u32le(1000), "WEBP", chunk);

describe("blocked: EXIF blocks", () => {
  const changed = (place: number, value: Entry) => {
    const entries: Entry[] = [north, latitude, east, longitude];
    entries[place] = value;
    return asJpeg(block(entries));
  };
  it.each<[what: string, image: Buffer, code: string | undefined]>([
    ["whose directory is its own head", asJpeg(bytes("II*\0", u32le(0), fractions)), "ERR_EXIF"],
    ["whose directory lies behind it", asJpeg(bytes("II*\0", u32le(9999))), "ERR_EXIF"],
    ["whose directory lies 4 GB behind it", asJpeg(bytes("MM\0*", u32be(0xffffffff))), "ERR_EXIF"],
    ["that ends in its head", asJpeg(Buffer.from("II*\0\x08")), "ERR_EXIF"],
    [
      "whose directory has more entries than there are",
      asJpeg(bytes("II*\0", u32le(8), "\xff\xff", fractions)),
      "ERR_EXIF",
    ],
    ["whose GPS directory is the first one", asJpeg(tiff(gpsAt(8))), undefined],
    ["whose GPS directory is its own head", asJpeg(tiff(gpsAt(0))), undefined],
    ["whose GPS directory is its own entry", asJpeg(tiff(gpsAt(10))), "ERR_EXIF"],
    ["whose GPS directory lies behind it", asJpeg(tiff(gpsAt(60_000))), "ERR_EXIF"],
    ["whose GPS directory lies 4 GB behind it", asJpeg(tiff(gpsAt(0xffffffff))), "ERR_EXIF"],
    [
      "with a GPS directory in every entry",
      asJpeg(tiff(Array.from({ length: 5000 }, () => gpsAt(8)[0] as Entry))),
      undefined,
    ],
    ["with directories in a ring", asJpeg(tiff(gpsAt(8), 8)), undefined],
    ["with a coordinate that lies behind it", changed(1, [2, 5, 3, 60_000]), "ERR_EXIF"],
    ["with a coordinate that lies 4 GB behind it", changed(1, [2, 5, 3, 0xfffffff0]), "ERR_EXIF"],
    ["with a coordinate of 4,000 million numbers behind it", changed(1, [2, 5, 0xffffffff, 60_000]), "ERR_EXIF"],
    ["with a coordinate of 4,000 million whole numbers", changed(1, [2, 4, 0xffffffff, behind]), "ERR_EXIF"],
    ["with a coordinate of 500 million doubles", changed(1, [2, 12, 0x1fffffff, behind]), "ERR_EXIF"],
    ["with a coordinate of text", changed(1, [2, 2, 0xffffffff, behind]), "ERR_EXIF"],
    ["with a coordinate of no type", changed(1, [2, 0, 3, behind]), "ERR_EXIF"],
    ["with a coordinate of an unknown type", changed(3, [4, 65_535, 3, behind]), "ERR_EXIF"],
    ["with a coordinate of no numbers", changed(1, [2, 5, 0, behind]), undefined],
    ["with a side of the earth that lies 4 GB behind it", changed(0, [1, 2, 9, 0xffffffff]), "ERR_EXIF"],
    [
      "with latitude 95",
      asJpeg(block([north, latitude, east, longitude], u32le(95, 1, 0, 1, 0, 1, 4, 1, 0, 1, 0, 1))),
      "ERR_EXIF",
    ],
    [
      "with longitude 4,000 million",
      asJpeg(block([north, latitude, east, longitude], u32le(1, 1, 0, 1, 0, 1, 0xffffffff, 1, 0, 1, 0, 1))),
      "ERR_EXIF",
    ],
    [
      "with a coordinate divided by zero",
      asJpeg(block([north, latitude, east, longitude], u32le(1, 0, 0, 0, 0, 0, 4, 1, 0, 1, 0, 1))),
      undefined,
    ],
    ["of no bytes, in JPEG", asJpeg(Buffer.alloc(0)), "ERR_EXIF"],
    ["of ten thousand beginnings", bytes("\xff\xd8", "Exif\0\0".repeat(10_000)), undefined],
    ["of ten thousand beginnings with TIFF", bytes("\xff\xd8", "Exif\0\0II*\0".repeat(10_000)), undefined],
    ["of no bytes, in PNG", pngWith(bytes(u32be(0), "eXIf")), "ERR_EXIF"],
    ["of 4 GB, in PNG", pngWith(bytes(u32be(0xffffffff), "eXIf", "II*\0")), "ERR_EXIF"],
    ["behind a chunk of 4 GB, in PNG", pngWith(bytes(u32be(0xffffffff), "tEXt", "eXIf")), undefined],
    ["behind chunks of no bytes, in PNG", pngWith(bytes(u32be(0), "tEXt", Buffer.alloc(100_000))), undefined],
    ["beside a colour profile of 100 MB, in PNG", png(1, 1, 1, [pngProfile(100_000_000)]), undefined],
    ["of 4 GB, in WEBP", webpWith(bytes("EXIF", u32le(0xffffffff), "II*\0")), "ERR_EXIF"],
    ["behind chunks of no bytes, in WEBP", webpWith(bytes("XMP ", u32le(0), Buffer.alloc(100_000))), undefined],
    ["behind boxes of no length, in HEIC", isoFile("heic", u32be(0), "free"), undefined],
    ["behind a long box of no length, in HEIC", isoFile("heic", u32be(1), "free", u32be(0, 0)), undefined],
    ["behind boxes of no length, in AVIF", isoFile("avif", u32be(0), "free"), undefined],
  ])("%s", async (_, image, code) => {
    const inputs = [
      { id: "hostile", image: { bytes: new Uint8Array(image), mimeType: "image/jpeg" } },
      { id: "fine", image: { bytes: new Uint8Array(exampleBytes("harbour/quay.jpg")) } },
    ];
    const { made, report } = await through(geoFromExif({ onBroken: "fail" }), inputs);
    expect(report.failures.map((failure) => [failure.id, failure.code])).toEqual(code ? [["hostile", code]] : []);
    expect(made.find((input) => input.id === "hostile")?.geo).toBeUndefined();
    expect(made.find((input) => input.id === "fine")?.geo?.latitude).toBeCloseTo(51.9244, 4);
  });

  it("that were changed at random", async () => {
    const whole = asJpeg(block([north, latitude, east, longitude]));
    const place = fc.tuple(fc.nat(whole.length - 1), fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255)));
    const property = fc.asyncProperty(
      fc.array(place, { minLength: 1, maxLength: 8 }),
      fc.nat(whole.length),
      async (changes, cut) => {
        const image = new Uint8Array(cut % 4 === 0 ? whole.subarray(0, cut + 1) : whole);
        for (const [at, value] of changes) if (at < image.length) image[at] = value;
        const { made, report } = await through(geoFromExif(), [
          { id: "x", image: { bytes: image, mimeType: "image/jpeg" } },
        ]);
        expect(made.length + report.counts.failed).toBe(1);
        for (const failure of report.failures) expect(["ERR_EXIF", "ERR_GEO"]).toContain(failure.code);
      },
    );
    await fc.assert(property, { numRuns: 400, seed: 7 });
  });
});

/** Returns the inputs of a CSV and the report. The flow makes batches, so every check before a request runs. */
async function rows(text: string | Uint8Array, options: CsvOptions = {}): Promise<{ made: Input[]; report: Report }> {
  return read(csv(fileWith(temp, "rows.csv", text), options));
}

async function read(source: Source): Promise<{ made: Input[]; report: Report }> {
  const made: Input[] = [];
  const keep = (messages: readonly Message[]) => void made.push(...messages.map((message) => message.value));
  const report = await flow(source).pipe(batch(), tap(keep), mergeAll()).run();
  return { made, report };
}

describe("blocked: rows of a CSV", () => {
  const good = "inputid,input,metadata\na,calm sea,\n";
  it.each<[what: string, row: string, code: string]>([
    ["with a cell of 20 MB", `b,${"x".repeat(20_000_000)},`, "ERR_ITEM_TOO_LARGE"],
    ["with a cell of 30 MB", `b,${"x".repeat(30_000_000)},`, "ERR_CSV_ROW"],
    ["with a quoted cell of 30 MB", `b,"${"x".repeat(30_000_000)}\nx",`, "ERR_CSV_ROW"],
    ["with 100,000 cells", `b${",x".repeat(100_000)}`, "ERR_CSV_ROW"],
    ["with one cell", "b", "ERR_CSV_ROW"],
    ["with a million quotes", `b,${'"'.repeat(1_000_000)}x,`, "ERR_CSV_ROW"],
    ["with a quote in the middle", 'b,x"y,', "ERR_CSV_ROW"],
    ["with a NUL in its id", "b\0c,x,", "ERR_ID_CHARACTERS"],
    ["with a path traversal as its id", "../../b,x,", "ERR_ID_CHARACTERS"],
    ["with a long id", `${"b".repeat(100_000)},x,`, "ERR_ID_TOO_LONG"],
    ["with a right-to-left id", "b\u202Ec,x,", "ERR_ID_CHARACTERS"],
    ["with metadata that is code", 'b,x,"{a: process.exit()}"', "ERR_CSV_METADATA"],
    ["with metadata that is a function", 'b,x,"{a: (() => 1)()}"', "ERR_CSV_METADATA"],
    ["with metadata that is a list", 'b,x,"[1]"', "ERR_CSV_METADATA"],
    ["with metadata that is too deep", `b,x,"{""a"":${"[".repeat(50_000)}${"]".repeat(50_000)}}"`, "ERR_INPUT_SHAPE"],
    [
      "with metadata of Python that is too deep",
      `b,x,"{'a':${"[".repeat(50_000)}${"]".repeat(50_000)}}"`,
      "ERR_INPUT_SHAPE",
    ],
    ["with metadata that never ends", `b,x,"{""a"":${"[".repeat(100_000)}"`, "ERR_CSV_METADATA"],
    ["with metadata that has NaN", `b,x,"{'a': NaN}"`, "ERR_NUMBER"],
    ["with metadata that has infinity", `b,x,"{'a': -Infinity}"`, "ERR_NUMBER"],
    ["with bytes that are no UTF-8", "b,\u0000BAD\u0000,", "ERR_CSV_ROW"],
  ])("%s", async (_, row, code) => {
    const text = Buffer.from(`${good}${row}\nc,far away,\n`);
    const bad = text.indexOf("\0BAD\0");
    if (bad >= 0) text.set([0xc3, 0x28, 0xff, 0xfe, 0x80], bad);
    const { report } = await rows(text);
    expect([...new Set(report.failures.map((failure) => failure.code))]).toEqual([code]);
    expect(report.counts.ok).toBe(2);
    expect(JSON.stringify(report.failures[0]).length).toBeLessThan(7000);
  });

  it.each([
    ["equals", "=1+1"],
    ["a command", "=cmd|' /C calc'!A0"],
    ["a link", '"=HYPERLINK(""http://127.0.0.1/"",""x"")"'],
    ["plus", "+1+1"],
    ["minus", "-1+1"],
    ["at", "@SUM(A1)"],
    ["a tab", "\t=1+1"],
    ["a carriage return", '"\r=1+1"'],
    ["a NUL", "a\0b"],
    ["a line of its own", '"x\n=1+1"'],
  ])("with a formula are kept as data: %s", async (_, cell) => {
    const { made, report } = await rows(`inputid,input\na,${cell}\n`);
    expect(report.failures).toEqual([]);
    const plain = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
    expect(made[0]?.text).toBe(plain);
  });

  it.each([
    ["__proto__", '{"__proto__":{"polluted":1}}'],
    ["__proto__, escaped", '{"\\u005f_proto__":{"polluted":1}}'],
    ["__proto__, as Python prints it", "{'__proto__':{'polluted':1}}"],
    ["__proto__, without quotes", "{__proto__:{polluted:1}}"],
    ["a constructor", '{"constructor":{"prototype":{"polluted":1}}}'],
    ["__proto__ within", '{"a":{"__proto__":{"polluted":1}}}'],
    ["toString", '{"toString":1,"valueOf":2,"hasOwnProperty":3,"toJSON":4}'],
  ])("with metadata named %s", async (_, metadata) => {
    const { made, report } = await rows(`inputid,input,metadata\na,x,"${metadata.replaceAll('"', '""')}"\n`);
    expect(report.failures).toEqual([]);
    const more = JSON.parse('{"__proto__":{"polluted":1},"b":1}') as { b: number };
    const after = await through(tagMetadata(more), made as InputDraft[]);
    const kept = after.made[0]?.metadata ?? {};
    expect(kept.b).toBe(1);
    expect(kept.polluted).toBeUndefined();
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
  });

  it.each([
    ["a path traversal", "../secret.txt"],
    ["a path traversal, and back", "../data/../secret.txt"],
    ["a path traversal from within", "sub/../../secret.txt"],
    ["an absolute path", "/etc/hostname"],
    ["the folder above", ".."],
    ["the folder itself", "."],
    ["a link", "link.txt"],
    ["a link in a folder that is a link", "up/secret.txt"],
    ["a folder whose name begins alike", "../data-other/secret.txt"],
  ])("with a file outside of their folder: %s", async (_, cell) => {
    const folder = folderWith(temp, {
      "secret.txt": "secret",
      "data/a.txt": "calm sea",
      "data-other/secret.txt": "secret",
    });
    const data = join(folder, "data");
    mkdirSync(join(data, "sub"));
    symlinkSync(join(folder, "secret.txt"), join(data, "link.txt"));
    symlinkSync(folder, join(data, "up"));
    writeFileSync(join(data, "rows.csv"), `inputid,input\na,a.txt\nb,${cell}\n`);
    const { made, report } = await read(csv(join(data, "rows.csv"), { input: "file" }));
    expect(report.failures.map((failure) => failure.code)).toEqual(["ERR_PATH_OUTSIDE"]);
    expect(made.map((input) => input.text)).toEqual(["calm sea"]);
  });

  it.each([
    ["a file", "file:///etc/passwd", "ERR_URL_SCHEME"],
    ["a script", "javascript:alert(1)", "ERR_URL_SCHEME"],
    ["a password", "http://me:canary@a.test/x.jpg", "ERR_URL_CREDENTIALS"],
    ["a password for FTP", "ftp://me:canary@a.test/x.jpg", "ERR_URL_SCHEME"],
    ["a password with a slash", "http://me:can/canary@a.test/x.jpg", "ERR_URL"],
    ["a password and an invalid port", "http://me:canary@a.test:x/x.jpg", "ERR_URL"],
    ["a NUL", "http://a\0.test/x.jpg", "ERR_URL"],
    ["a name of the language for an extension", "http://a.test/x.constructor", "ERR_KIND_UNKNOWN"],
    ["a path of a hundred thousand dots", `http://a.test/${".".repeat(100_000)}/`, "ERR_KIND_UNKNOWN"],
  ])("with a URL that is %s", async (_, url, code) => {
    const { report } = await rows(`inputid,input\na,http://a.test/x.jpg\nb,${url}\n`, { input: "url" });
    expect(report.failures.map((failure) => failure.code)).toEqual([code]);
    expect(JSON.stringify(report)).not.toContain("canary");
  });
});

describe("blocked: headers of a CSV", () => {
  it.each([
    ["of 100,000 columns", Array.from({ length: 100_000 }, (_, n) => `c${n}`).join(",")],
    ["of 200,000 empty columns", ",".repeat(200_000)],
    ["with __proto__", "inputid,__proto__"],
    ["with constructor", "inputid,constructor"],
    ["with a column of 3 MB", `inputid,${"x".repeat(3_000_000)}`],
    ["with a concept beyond every number", "input.data.concepts[99999999999].id"],
    ["of bytes", "\0\u0001\u0002"],
    ["with a quote that is never closed", '"inputid,input'],
  ])("%s", async (_, header) => {
    const error = await rows(`${header}\na,b\n`).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "ERR_CSV_COLUMNS" });
    expect((error as Error).message.length).toBeLessThan(1000);
  });

  it("of 20,000 known columns", async () => {
    const columns = Array.from(
      { length: 9999 },
      (_, n) => `input.data.concepts[${n}].id,input.data.concepts[${n}].value`,
    );
    const { made } = await rows(`input.data.text.raw,${columns.join(",")}\nx${",a,1".repeat(9999)}\n`);
    expect(made[0]?.concepts).toHaveLength(9999);
  });

  it("with __proto__, passed to map", async () => {
    const map: CsvOptions["map"] = (row) => ({ text: row.input ?? "", metadata: { ...row } });
    const { made } = await rows("input,__proto__,constructor,polluted\nx,y,z,1\n", { map });
    expect(made[0]?.metadata).toMatchObject({ constructor: "z", polluted: "1" });
    expect(Object.getPrototypeOf(made[0]?.metadata)).toBe(Object.prototype);
  });

  it("of 100,000 columns, passed to map", async () => {
    const header = Array.from({ length: 100_000 }, (_, n) => `c${n}`).join(",");
    const map: CsvOptions["map"] = (row) => ({ text: String(Object.keys(row).length) });
    const { made } = await rows(`${header}\nx${",".repeat(99_999)}\n`, { map });
    expect(made[0]?.text).toBe("100000");
  });
});

describe("blocked: lines of JSON", () => {
  it.each<[what: string, line: string, code: string | undefined]>([
    [
      "that are too deep",
      `{"text":"x","metadata":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`,
      "ERR_INPUT_SHAPE",
    ],
    [
      "with annotations that are too deep",
      `{"text":"x","annotations":[{"info":{"a":${'{"b":'.repeat(5000)}1${"}".repeat(5000)}}}]}`,
      "ERR_INPUT_SHAPE",
    ],
    ["that are only brackets", "[".repeat(1_000_000), "ERR_JSON"],
    ["that are a number", "5", "ERR_INPUT_SHAPE"],
    ["that are null", "null", "ERR_INPUT_SHAPE"],
    ["that are a list", "[]", "ERR_INPUT_SHAPE"],
    ["with the prototype", '{"__proto__":{"polluted":1,"text":"x"}}', "ERR_INPUT_SHAPE"],
    ["with the prototype in metadata", '{"id":"b","text":"x","metadata":{"__proto__":{"polluted":1}}}', undefined],
    [
      "with a constructor in metadata",
      '{"id":"b","text":"x","metadata":{"constructor":{"prototype":{"polluted":1}}}}',
      undefined,
    ],
    ["with a field that is not known", '{"text":"x","toString":"y"}', "ERR_INPUT_SHAPE"],
    ["with invalid bytes", '{"image":{"bytes":{"base64":{"length":1000000000}}}}', "ERR_INPUT_SHAPE"],
    ["with bytes by number", '{"image":{"bytes":{"0":1,"length":1}}}', "ERR_INPUT_SHAPE"],
    ["with a negative size", '{"image":{"path":"/dev/zero","sizeBytes":-1}}', "ERR_INPUT_SHAPE"],
    [
      "with a pixel count beyond all numbers",
      '{"id":"b","image":{"bytes":{"base64":"AAAA"},"mimeType":"image/png","width":1e308,"height":1e308}}',
      "ERR_IMAGE_TOO_LARGE",
    ],
    ["with an infinite coordinate", '{"text":"x","geo":{"longitude":1e999,"latitude":0}}', "ERR_NUMBER"],
    ["with a box outside of the image", '{"text":"x","annotations":[{"box":[-1,0,2,1e9]}]}', "ERR_INPUT_SHAPE"],
    [
      "with a polygon without end",
      `{"text":"x","annotations":[{"polygon":[${"[0,0],".repeat(20_000)}[2,0]]}]}`,
      "ERR_INPUT_SHAPE",
    ],
  ])("%s", async (_, line, code) => {
    const path = fileWith(temp, "lines.jsonl", `{"id":"a","text":"calm sea"}\n${line}\n{"id":"c","text":"far away"}\n`);
    const { report } = await read(jsonl(path));
    expect(report.failures.map((failure) => failure.code)).toEqual(code ? [code] : []);
    expect(report.counts.read).toBe(3);
    expect(report.failures[0]?.reason.length ?? 0).toBeLessThan(1000);
  });

  it("that refer to themselves", async () => {
    const metadata: Record<string, unknown> = {};
    metadata.self = metadata;
    const report = await flow(fromIterable([{ text: "x", metadata: metadata as never }, { text: "y" }])).run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures[0]?.code).toBe("ERR_INPUT_SHAPE");
  });
});

describe("blocked: texts that are slow to match", () => {
  const length = 200_000;
  // A function that takes quadratic time for one of these texts exceeds the time limit of the test.
  it.each([
    ["dashes", `${"-".repeat(length)}x`],
    ["slashes", `${"/".repeat(length)}x`],
    ["backslashes", `${"\\".repeat(length)}x`],
    ["ats", `${"@".repeat(length)} `],
    ["users", `http://${"a@".repeat(length / 2)}`],
    ["colons", ":".repeat(length)],
    ["dots", ".".repeat(length)],
    ["extensions", `http://a.test/${".a".repeat(length / 2)}!`],
    ["path traversals", `http://a.test/${"../".repeat(length / 3)}`],
    ["percent signs", `http://a.test/${"%".repeat(length)}`],
    ["questions", `http://a.test/${"?".repeat(length)}`],
    ["spaces", `${" ".repeat(length)}x`],
    ["line breaks", "\r\n".repeat(length / 2)],
    ["accents on one letter", `x${"\u0301".repeat(length)}`],
    ["joiners", "\u200d".repeat(length)],
    ["families", "👨‍👩‍👧".repeat(length / 8)],
    ["flags", "🇩".repeat(length / 2)],
    ["halves of characters", "\ud800".repeat(length)],
    ["digits", `limit of ${"1".repeat(length)}`],
    ["all of them", "a-/.@%:? ".repeat(length / 9)],
  ])("%s", async (_, text) => {
    expect(idFromPath(text).length).toBeLessThanOrEqual(48);
    expect(fileNameFor(text, "txt").length).toBeLessThan(100);
    expect(redactUrl(text).length).toBeLessThanOrEqual(text.length + 2);
    expect((await flow(urls([text])).run()).counts.failed).toBe(1);
    const strip = stripUnicode({ remove: ["emoji", "control", "non-ascii"] });
    const { report } = await through(strip, [
      { text },
      { text: "x", metadata: { text }, concepts: [{ id: "c", name: text }] },
    ]);
    const isUnicode = text.isWellFormed(); // others are refused before any transform
    expect(report.counts).toMatchObject(isUnicode ? { ok: 2 } : { failed: 2 });
  });
});

describe("blocked: ids in the paths of requests", () => {
  it.each(["..", ".", "", "\ud800", "a\udc00b"])("%j", async (id) => {
    const { app, store } = await openStore();
    await flow(fromIterable([{ id: "kept", text: "x", datasets: ["kept"] }]))
      .pipe(batch(), upload(app))
      .run();
    const before = app.transport.counts.requests;
    const calls = [
      app.getInput(id),
      app.getAddJob(id),
      app.listDatasetInputs(id),
      app.addToDataset(id, ["kept"]),
      app.removeFromDataset(id, ["kept"]),
      connect({ baseUrl: store.url, userId: id || ".", pat: "any" }),
      connect({ baseUrl: store.url, appId: id || ".", pat: "any" }),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "ERR_ID_CHARACTERS" });
    expect(app.transport.counts.requests).toBe(before);
    expect(store.stored()).toHaveLength(1);
  });

  it.each(["../x", "a/../../b", "a?b=c", "a#b", "a%2e%2e", "a\\b", "a\r\nX-Injected: yes"])(
    "%j, as one part",
    async (id) => {
      const { app } = await openStore();
      await expect(app.getInput(id)).rejects.toMatchObject({ code: expect.stringMatching(/^1110[12]$/) as string });
    },
  );

  it("with the prototype among the patched metadata", async () => {
    const { app, store } = await openStore();
    await flow(fromIterable([{ id: "a", text: "x", metadata: { b: 1 } }]))
      .pipe(batch(), upload(app))
      .run();
    const more = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"polluted":1}}') as object;
    const changed = transform((input) => ({ ...input, metadata: { ...input.metadata, ...more } }));
    await flow(listInputs(app)).pipe(changed, batch(), patch(app)).run();
    expect(store.stored()).toMatchObject([{ metadata: { b: 1, constructor: { polluted: 1 } } }]);
  });
});

it("geoFromExif reads the unchanged picture of these tests", async () => {
  const image = asJpeg(block([north, latitude, east, longitude]));
  const { made } = await through(geoFromExif(), [
    { image: { bytes: new Uint8Array(image), mimeType: "image/jpeg" } },
    { image: { bytes: await jpeg() } },
  ]);
  expect(made.map((input) => input.geo)).toEqual([{ latitude: 51.5, longitude: 4.25 }, undefined]);
});

import { copyFileSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { flow, type Input, type ParquetOptions, parquet, SourceError, upload } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { fileWith, folderWith, openIn, tempFolder } from "../helpers/files.js";
import { openStore } from "../helpers/store.js";

const temp = tempFolder();
/** Files of pyarrow 25, DuckDB 1.5 and Polars 1.44. */
const samples = join(import.meta.dirname, "../cases/files/parquet");
const sample = (name: string) => join(samples, `${name}.parquet`);
const read = (path: string, options?: ParquetOptions) => flow(parquet(path, options)).toArray();
const facts = (inputs: readonly Input[]) =>
  inputs.map(({ text, concepts, metadata }) => ({ text, concepts: concepts.map(({ id }) => id), metadata }));

testSource("parquet", async () => {
  const ids = (await read(sample("hugging-face"))).map(({ id }) => id);
  return { source: parquet(sample("hugging-face")), ids, isClosed: () => openIn(samples).length === 0 };
});

describe("parquet", () => {
  it("reads a dataset of Hugging Face: images, class labels, other columns", async () => {
    const inputs = await read(sample("hugging-face"));
    expect(inputs.map(({ image }) => image?.mimeType)).toEqual(Array(5).fill("image/png"));
    expect(facts(inputs)).toEqual([
      { text: undefined, concepts: ["cat", "day"], metadata: { caption: "one", filename: "pic-0.png" } },
      { text: undefined, concepts: ["dog", "day", "fog"], metadata: { caption: "two", filename: "pic-1.png" } },
      { text: undefined, concepts: [], metadata: { filename: "pic-2.png" } }, // -1: the class is not known
      { text: undefined, concepts: ["bird"], metadata: { caption: "four", filename: "pic-3.png" } },
      { text: undefined, concepts: ["night"], metadata: { caption: "fünf 水", filename: "pic-4.png" } },
    ]);
    expect(inputs[0]?.id).toMatch(/^parquet-hugging-face-parquet-1-[0-9a-f]{12}$/);
  });

  it("makes images with a text of two columns, and takes labels, ids and metadata from the columns that are named", async () => {
    const options = {
      image: "image",
      text: "caption",
      labels: "label",
      ids: ["label", "caption"],
      metadata: [],
      datasets: ["train"],
    };
    const report = await flow(parquet(sample("hugging-face"), options)).run();
    expect(report.failures.map(({ code, reason }) => `${code} ${reason}`)).toEqual([
      expect.stringMatching(/^ERR_ID_EMPTY .*"caption" has no text or number.*\(row 3\)$/),
      expect.stringMatching(/^ERR_ID_EMPTY .*"label".*\(row 5\)$/),
    ]);
    const inputs = await read(sample("hugging-face"), { text: "caption", image: "image", datasets: ["train"] });
    expect(inputs[4]).toMatchObject({
      text: "fünf 水",
      image: { mimeType: "image/png" },
      datasets: ["train"],
      metadata: { filename: "pic-4.png" },
    });
  });

  it("reads the images beside texts that are named, unless it is told not to", async () => {
    const [both] = await read(sample("hugging-face"), { text: "caption", metadata: [] });
    expect(both).toMatchObject({ text: "one", image: { mimeType: "image/png" } });
    const report = await flow(parquet(sample("hugging-face"), { text: "caption", image: false })).run();
    expect(report.failures.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("it is empty, so the row has no content (row 3)"),
    ]);
    expect(report.notes).toEqual({ 'parquet: the column "image" has bytes and was left out': 4 });
  });

  it("keeps every value, or leaves it out with a note", async () => {
    const report = await flow(parquet(sample("types"))).run();
    expect(report.notes).toEqual({
      'parquet: the column "exact" has decimals with more than 15 digits and was left out': 3,
      'parquet: the column "blob" has bytes and was left out': 3,
      "parquet: NaN is not a value in JSON and was left out": 1,
    });
    const [first, second, third] = await read(sample("types"));
    expect(first?.metadata).toEqual({
      ...{
        small: 1,
        big: "9007199254740993",
        unsigned: "18446744073709551615",
        ratio: 0.5,
        flag: true,
        day: "2026-11-30",
      },
      ...{
        micros: "2026-11-30T12:34:56.789012Z",
        nanos: "2026-11-30T12:34:56.789012345",
        millis: "2026-11-30T12:34:56.789Z",
      },
      ...{ price: 12.3, nested: { a: 1, b: ["x"] }, pairs: { k: 1 } },
    });
    expect(second?.metadata).toMatchObject({ day: "1969-12-31", price: -0.01, nested: { a: "1152921504606846976" } });
    expect(third).toMatchObject({
      text: "\ufeffc",
      metadata: { big: 2 ** 53 - 1, nanos: "1969-12-31T23:59:59.999999999" },
    });
  });

  it.each(["gzip", "zstd", "brotli", "lz4", "none", "indexed", "polars", "duckdb"])(
    "reads the file %s",
    async (name) => {
      const [first] = await read(sample(name));
      expect(first?.text).toMatch(/^(?:calm|calm sea|a)$/);
      expect([0, 1]).toContain(first?.metadata.n);
    },
  );

  it("reads the files of a folder, and skips others", async () => {
    const path = folderWith(temp, { "README.md": "x" });
    mkdirSync(join(path, "train"));
    copyFileSync(sample("indexed"), join(path, "train", "0000.parquet"));
    copyFileSync(sample("polars"), join(path, "0000.parquet"));
    const report = await flow(parquet(path)).run();
    expect(report.counts).toMatchObject({ read: 7, ok: 6, skipped: 1, failed: 0 });
    expect(new Set((await read(path)).map(({ id }) => id)).size).toBe(6);
  });

  it("fails only the row whose cell cannot be used", async () => {
    const report = await flow(parquet(sample("not-utf8"))).run();
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.failures[0]).toMatchObject({ code: "ERR_PARQUET_CELL", origin: `${sample("not-utf8")}:2` });
  });

  it("fails a damaged or too large row group as one input, and reads the others", async () => {
    const path = join(temp, "damaged.parquet");
    copyFileSync(sample("hugging-face"), path);
    writeSync(openSync(path, "r+"), Buffer.alloc(40, 0xff), 0, 40, 4);
    const report = await flow(parquet(path)).run();
    expect(report.failures).toMatchObject([{ code: "ERR_PARQUET_DAMAGED", origin: `${path}:1-2` }]);
    expect(report.counts).toMatchObject({ ok: 3, failed: 1 });
    const small = await flow(parquet(sample("hugging-face"), { maxGroupBytes: 100 })).run();
    expect(small.failures.map(({ code, origin }) => [code, origin.split(":").at(-1)])).toEqual(
      ["1-2", "3-4", "5-5"].map((rows) => ["ERR_PARQUET_GROUP", rows]),
    );
  });

  it.each([
    ["no Parquet", "PAR1 no", {}, /ERR_PARQUET_UNREADABLE .*is not a Parquet file, or is damaged/],
    [
      "polars",
      undefined,
      { image: "picture" },
      /ERR_PARQUET_COLUMN .*has no column "picture"; its columns are text, n/,
    ],
    ["polars", undefined, { image: "text" }, /ERR_PARQUET_COLUMN .*the column "text" has no bytes/],
    ["polars", undefined, { text: "n" }, /ERR_PARQUET_COLUMN .*the column "n" has no texts/],
    [
      "types",
      undefined,
      { text: "text", image: "blob", video: "blob" },
      /ERR_PARQUET_COLUMN .*one image, video or audio/,
    ],
  ])("ends the run of a file that cannot be read: %s %#", async (name, content, options, expected) => {
    const path = content === undefined ? sample(name) : fileWith(temp, "a.parquet", content);
    const error = await flow(parquet(path, options))
      .run()
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(`${error.code} ${error.message}`).toMatch(expected);
  });

  it("names the command that installs a missing package", async () => {
    vi.doMock("hyparquet-compressors", () => {
      throw Object.assign(new Error("Cannot find package 'hyparquet-compressors'"), { code: "ERR_MODULE_NOT_FOUND" });
    });
    try {
      await expect(flow(parquet(sample("zstd"))).run()).rejects.toThrow("npm install hyparquet-compressors@1");
      expect((await flow(parquet(sample("none"))).run()).counts.ok).toBe(50);
    } finally {
      vi.doUnmock("hyparquet-compressors");
    }
  });

  it("is resumed without reading finished row groups, and read again if the file changed", async () => {
    const path = join(temp, "resumed.parquet");
    copyFileSync(sample("hugging-face"), path);
    const { app } = await openStore();
    const journal = join(temp, "parquet.journal");
    const run = () => flow(parquet(path)).pipe(upload(app)).run({ journal });
    expect((await run()).counts).toMatchObject({ ok: 5 });
    const again = await run();
    expect(again.counts).toMatchObject({ ok: 0, skipped: 5 });
    expect(again.skipped).toMatchObject([{ reason: "done earlier", count: 5 }]);
    copyFileSync(sample("polars"), path);
    writeFileSync(path, Buffer.concat([])); // an empty file is no table
    await expect(run()).rejects.toThrow("is not a Parquet file");
  });
});

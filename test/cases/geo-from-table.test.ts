/** Locations from tables: ambiguous names, paths, semicolons, decimal commas, empty cells. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fitImage, folder, fromIterable, type GeoFromTableOptions, geoFromTable } from "../../src/index.js";
import { fileWith, tempFolder } from "../helpers/files.js";
import { recordedRun } from "../helpers/recorded-run.js";

const temp = tempFolder();
const at = (name: string) => join(import.meta.dirname, "files/tables/places", name);
const table = (content: string) => fileWith(temp, "places.csv", content);
const photos = (...include: string[]) => folder(at("photos"), { include });

async function places(source: Parameters<typeof recordedRun>[0], path: string, options?: GeoFromTableOptions) {
  const { inputs, report } = await recordedRun(source, geoFromTable(path, options));
  const found = inputs.map(({ metadata, geo }) => [metadata.filename, geo && [geo.longitude, geo.latitude]]);
  return { found: found.sort(), report };
}

describe("a name in the table", () => {
  it("fails its inputs and names the lines if two rows give it different coordinates", async () => {
    const { found, report } = await places(photos("flat/a.jpg", "flat/b.jpg"), at("dup.csv"));
    expect(found).toEqual([["b.jpg", undefined]]);
    expect(report.failures).toMatchObject([{ code: "ERR_TABLE_ROW", reason: expect.stringContaining("lines 2, 3") }]);
  });

  it("may stand in two rows with the same coordinates", async () => {
    const { found } = await places(photos("flat/a.jpg"), table("filename,longitude,latitude\na.jpg,1,2\na.jpg,1,2\n"));
    expect(found).toEqual([["a.jpg", [1, 2]]]);
  });

  it("gives its location to the first of two files with that name, and the second fails", async () => {
    const path = table("filename,longitude,latitude\na.jpg,1,2\n");
    const { found, report } = await places(photos("one/a.jpg", "two/a.jpg"), path);
    expect(found).toEqual([["a.jpg", [1, 2]]]);
    expect(report.failures).toMatchObject([{ code: "ERR_TABLE_ROW", reason: expect.stringContaining("write paths") }]);
  });

  it.each([
    ["relative to the folder", "one/a.jpg,1,2\ntwo/a.jpg,3,4"],
    ["with ./ before it", "./one/a.jpg,1,2\n./two/a.jpg,3,4"],
    ["of Windows", "one\\a.jpg,1,2\ntwo\\a.jpg,3,4"],
    ["from farther up", `photos/one/a.jpg,1,2\n${at("photos")}/two/a.jpg,3,4`],
    ["beside a bare name, which is less exact", "one/a.jpg,1,2\na.jpg,3,4"],
  ])("may be a path %s", async (_, rows) => {
    const source = photos("one/a.jpg", "two/a.jpg");
    const { found, report } = await places(source, table(`filename,longitude,latitude\n${rows}\n`));
    expect(report.counts).toMatchObject({ ok: 2 });
    expect(found.map(([, place]) => place).sort()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("is still found by its path after a transform that makes new bytes", async () => {
    const path = table("filename,longitude,latitude\none/a.jpg,1,2\n");
    const { inputs } = await recordedRun(photos("one/a.jpg"), fitImage({ format: "png" }), geoFromTable(path));
    expect(inputs[0]?.image).toHaveProperty("bytes");
    expect(inputs[0]?.geo).toEqual({ longitude: 1, latitude: 2 });
  });

  it("matches in both Unicode forms", async () => {
    const { found } = await places(photos("flat/caf*.jpg"), table("filename,longitude,latitude\ncafe\u0301.jpg,1,2\n"));
    expect(found.map(([, place]) => place)).toEqual([[1, 2]]);
  });
});

describe("coordinates in the table", () => {
  it.each(["semicolon.csv", "decimal-comma.csv"])("are read with the delimiter of the header: %s", async (name) => {
    const { found } = await places(photos("flat/a.jpg"), at(name));
    expect(found).toEqual([["a.jpg", [4.4777, 51.9244]]]);
  });

  it("are read after a line sep=, in quotes, with spaces, from UTF-16", async () => {
    const content = 'sep=\t\n"filename"\t"longitude"\tlatitude\n"a.jpg"\t" 4,5 "\t"51.9"\n';
    const path = fileWith(temp, "places.csv", Buffer.from(`\uFEFF${content}`, "utf16le"));
    const { found } = await places(photos("flat/a.jpg"), path);
    expect(found).toEqual([["a.jpg", [4.5, 51.9]]]);
  });

  it.each(["empty.csv", "na.csv"])("mean no location if they are empty, never 0,0: %s", async (name) => {
    const { found, report } = await places(photos("flat/a.jpg", "flat/b.jpg"), at(name));
    expect(found[0]).toEqual(["a.jpg", undefined]);
    expect(report.counts).toMatchObject({ ok: 2 });
    expect(report.summary()).toContain("no coordinates in its row of");
  });

  it.each([
    ["one of two empty", "a.jpg,4.5,"],
    ["a word", "a.jpg,east,51.9"],
    ["a hexadecimal number", "a.jpg,0x10,51.9"],
    ["degrees and minutes", "a.jpg,4°28'N,51°55'"],
    ["infinite", "a.jpg,Infinity,51.9"],
    ["decimal commas between delimiters that are commas", "a.jpg,4,47,51,92"],
    ["a number with two commas", 'a.jpg,"4,477,7","51,9"'],
  ])("fail their input when they are %s", async (_, row) => {
    const path = table(`filename,longitude,latitude\n${row}\nb.jpg,1,2\n`);
    const { found, report } = await places(photos("flat/a.jpg", "flat/b.jpg"), path);
    expect(found).toEqual([["b.jpg", [1, 2]]]);
    expect(report.failures[0]?.reason).toContain(path);
  });

  it("that match no input are counted in a note", async () => {
    const path = table("filename,longitude,latitude\nA.JPG,1,2\n");
    const { report } = await places(photos("flat/*.jpg"), path);
    expect(report.counts).toMatchObject({ ok: 3 });
    expect(report.summary()).toContain(`no row in ${path}: 3`);
  });

  it("fail the input if they are empty and missing is fail, and the error names the line", async () => {
    const { report } = await places(photos("flat/a.jpg"), at("empty.csv"), { missing: "fail" });
    expect(report.failures).toMatchObject([{ code: "ERR_TABLE_ROW", reason: expect.stringContaining("line 2") }]);
  });
});

it("a table with a broken row fails every input, since the key of the broken row is unknown", async () => {
  const path = table('filename,longitude,latitude\na.jpg,1,2\n"b.jpg,3,4\n');
  const { report } = await recordedRun(fromIterable([{ id: "x", text: "t" }]), geoFromTable(path));
  expect(report.failures).toMatchObject([{ code: "ERR_TABLE", reason: expect.stringContaining("line 3") }]);
});

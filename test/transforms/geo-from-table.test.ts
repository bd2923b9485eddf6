import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { flow, folder, type GeoFromTableOptions, geoFromTable } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { example, fileWith, openIn, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const temp = tempFolder();
const table = (content: string) => fileWith(temp, "places.csv", content);
const named = (filename: string) => ({ id: filename.replace(/\W/g, "-"), text: "x", metadata: { filename } });
const placed = async (content: string, filename: string, options?: GeoFromTableOptions) =>
  (await one(geoFromTable(table(content), options), named(filename))).geo;

testTransform("geoFromTable", async () => ({
  transform: geoFromTable(table("filename,longitude,latitude\na.jpg,1,2\nb.jpg,3,4\n")),
  inputs: ["a.jpg", "b.jpg", "c.jpg"].map(named),
}));

describe("geoFromTable", () => {
  it("finds the location by the name of the file", async () => {
    const made = await flow(folder(example("market")))
      .pipe(geoFromTable(example("places.csv")))
      .toArray();
    const places = Object.fromEntries(made.map((input) => [input.metadata.filename, input.geo]));
    expect(places).toMatchObject({
      "night market.jpg": { longitude: 121.5654, latitude: 25.033 },
      "plan.png": { longitude: 4.4777, latitude: 51.9244 },
      "spices.jpg": undefined,
    });
  });

  it("finds it by id, or in columns of other names", async () => {
    const byId = geoFromTable(table("id,longitude,latitude\nn1,1,2\n"), { by: "id" });
    expect((await one(byId, { id: "n1", text: "x" })).geo).toEqual({ longitude: 1, latitude: 2 });
    const options = { key: "file", longitude: "lon", latitude: "lat" };
    expect(await placed("lat,file,other,lon\n2,a.jpg,,1\n", "a.jpg", options)).toEqual({ longitude: 1, latitude: 2 });
  });

  it("reads tables with a byte order mark, CRLF, quotes, spaces in the header and empty lines", async () => {
    const content = '\uFEFF"filename", longitude ,latitude\r\n\r\n"a, b.jpg",1,2\r\n\r\n';
    expect(await placed(content, "a, b.jpg")).toEqual({ longitude: 1, latitude: 2 });
  });

  it("treats both Unicode forms of a name as the same", async () => {
    expect(await placed("filename,longitude,latitude\ncaf\u00E9.jpg,1,2\n", "cafe\u0301.jpg")).toBeDefined();
  });

  it("passes inputs without a row unchanged, or fails them with missing: fail", async () => {
    const path = table("filename,longitude,latitude\na.jpg,1,2\n");
    const [before, after] = await beforeAndAfter(geoFromTable(path), named("b.jpg"));
    expect(after).toBe(before);
    const { made, report } = await through(geoFromTable(path, { missing: "fail" }), [named("a.jpg"), named("b.jpg")]);
    expect(made).toHaveLength(1);
    expect(report.failures).toMatchObject([{ id: "b-jpg", code: "ERR_TABLE_ROW" }]);
    expect(report.failures[0]?.reason).toContain("b.jpg");
  });

  it.each([
    ["200,1", "200"],
    ["1,", 'latitude ""'],
    ["east,1", 'longitude "east"'],
    ["51.9,104.5", "swapped"],
  ])("fails only the input whose row is invalid, and names the line: %s", async (cells, text) => {
    const path = table(`filename,longitude,latitude\na.jpg,1,2\nb.jpg,${cells}\nc.jpg,3,4\n`);
    const { made, report } = await through(geoFromTable(path), ["a.jpg", "b.jpg", "c.jpg"].map(named));
    expect(made.map((input) => input.geo?.longitude)).toEqual([1, 3]);
    expect(report.failures).toMatchObject([{ id: "b-jpg", code: "ERR_GEO" }]);
    expect(report.failures[0]?.reason).toContain(`${path}:3`);
    expect(report.failures[0]?.reason).toContain(text);
  });

  it.each<[string, () => string, string]>([
    ["missing", () => join(temp, "missing.csv"), "ENOENT"],
    ["a folder", () => temp, "EISDIR"],
    ["without the column", () => table("name,longitude,latitude\na,1,2\n"), '"filename"'],
    ["broken", () => table('filename,longitude,latitude\n"a,1,2\n'), "uote"],
  ])("fails every input, and does not end the process, when the table is %s", async (_, path, text) => {
    const { report } = await through(geoFromTable(path()), ["a.jpg", "b.jpg", "c.jpg"].map(named));
    expect(report.counts).toMatchObject({ read: 3, failed: 3 });
    for (const failure of report.failures) {
      expect(failure.code).toBe("ERR_TABLE");
      expect(failure.reason).toContain(text);
    }
  });

  it("reads the table once, closes it, and accepts names such as __proto__", async () => {
    const path = table("filename,longitude,latitude\na.jpg,1,2\nb.jpg,1,2\n");
    const { made } = await through(geoFromTable(path), ["a.jpg", "constructor", "__proto__", "b.jpg"].map(named));
    expect(made.map((input) => input.geo?.latitude)).toEqual([2, undefined, undefined, 2]);
    await vi.waitFor(() => expect(openIn(temp)).toEqual([]), { timeout: 20_000 });
  });
});

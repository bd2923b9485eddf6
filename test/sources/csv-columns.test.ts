/** The columns of a CSV that the user names. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CsvOptions, csv } from "../../src/index.js";
import { fileWith, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { draftsOf, itemsOf } from "../helpers/sources.js";

const temp = tempFolder();
const csvWith = (content: string) => fileWith(temp, "rows.csv", content);
const rowsOf = (content: string, columns: CsvOptions["columns"], options: CsvOptions = {}) =>
  draftsOf(csv(csvWith(content), { ...options, columns }));

describe("named columns", () => {
  it("fill their fields, and other columns are ignored", async () => {
    const content =
      'name,body,x,y,label,subset,zip,set,notes\na,calm,4.5,-52,"cat, dog",train,007,d,?\nb,rough,,,,,,,\n';
    const columns = {
      ...{ id: "name", text: "body", longitude: "x", latitude: "y", concepts: "label" },
      ...{ "metadata.split": "subset", "metadata.zip": "zip", dataset: "set" },
    };
    expect(await rowsOf(content, columns)).toEqual([
      {
        ...{ id: "a", text: "calm", geo: { longitude: 4.5, latitude: -52 }, concepts: [{ id: "cat" }, { id: "dog" }] },
        ...{ metadata: { split: "train", zip: "007" }, datasets: ["d"] },
      },
      { id: "b", text: "rough" },
    ]);
  });

  it("leave the known columns as they are, unless their field is named", async () => {
    const content = 'inputid,input,concepts,metadata,geopoints,own,x,y\na,calm,sea,"{""n"": 1}","1,2",dog,3,4\n';
    expect(await rowsOf(content, { "metadata.own": "own" })).toEqual([
      {
        id: "a",
        text: "calm",
        concepts: [{ id: "sea" }],
        metadata: { n: 1, own: "dog" },
        geo: { longitude: 1, latitude: 2 },
      },
    ]);
    const named = { id: "own", concept: "own", longitude: "x", latitude: "y", text: "", metadata: "" };
    expect(await rowsOf(content, named)).toEqual([
      { id: "dog", concepts: [{ id: "dog" }], geo: { longitude: 3, latitude: 4 } },
    ]);
    const template = "input.id,input.data.text.raw,input.data.concepts[0].id,input.metadata,k\na,t,sea,{},b\n";
    expect(await rowsOf(template, { id: "k", concept: "k" })).toEqual([
      { id: "b", text: "t", concepts: [{ id: "b" }], metadata: {} },
    ]);
  });

  it("read a cell as one concept, or as a list of concepts", async () => {
    const content = "k,one,several\na,\"Smith, John\",\"['x', 'y']\"\nb,n/a,\n";
    expect(await rowsOf(content, { id: "k", concept: "one", concepts: "several" })).toEqual([
      { id: "a", concepts: [{ id: "x" }, { id: "y" }, { id: "Smith, John" }] },
      { id: "b" },
    ]);
  });

  it("may hold URLs and files, and one column may fill several fields", async () => {
    const folder = folderWith(temp, {
      "a.jpg": await jpeg(),
      "rows.csv": "where,what\na.jpg,https://example.com/b.png\n",
    });
    const path = join(folder, "rows.csv");
    const [withFile] = await draftsOf(csv(path, { columns: { file: "where", "metadata.name": "where" } }));
    expect(withFile).toMatchObject({ image: { path: join(folder, "a.jpg") }, metadata: { name: "a.jpg" } });
    const [withUrl] = await draftsOf(csv(path, { columns: { video: "what" } }));
    expect(withUrl).toMatchObject({ video: { url: "https://example.com/b.png" } });
  });

  it("are named in the error of a row", async () => {
    const content = 'k,spot,tags,m\na,north,[\'x\'],{}\nb,"1,2",[x,{}\nc,"1,2",x,[1]\n';
    const items = await itemsOf(
      csv(csvWith(content), { columns: { id: "k", geo: "spot", concepts: "tags", metadata: "m" } }),
    );
    expect(items.map((item) => ("error" in item ? item.error.message : "read"))).toEqual([
      expect.stringContaining('column spot: "north" is not longitude,latitude') as string,
      "read",
      expect.stringContaining("column m: [1] is not a JSON object") as string,
    ]);
  });

  it("end the run if the table does not have them", async () => {
    const reading = draftsOf(csv(csvWith("a,b\n1,2\n"), { columns: { id: "name" } }));
    await expect(reading).rejects.toMatchObject({
      code: "ERR_CSV_COLUMNS",
      message: expect.stringContaining('names the column "name" for id; the columns are a, b') as string,
    });
  });

  it("are refused for a field that does not exist, and together with a map", () => {
    expect(() => csv("x.csv", { columns: { idd: "name" } })).toThrow(/columns.*the fields are id, text.*and not idd/s);
    expect(() => csv("x.csv", { columns: { id: "name" }, map: () => null })).toThrow(
      /columns and map do not go together/,
    );
  });
});

describe("columns that are named like their fields", () => {
  it("need no option", async () => {
    const content = "id,text,latitude,longitude,concept,dataset,metadata.split\na,calm,51.9,4.5,sea,train,test\n";
    const [input] = await draftsOf(csv(csvWith(content)));
    expect(input).toMatchObject({
      ...{ id: "a", text: "calm", geo: { longitude: 4.5, latitude: 51.9 }, concepts: [{ id: "sea" }] },
      ...{ datasets: ["train"], metadata: { split: "test" } },
    });
  });

  it.each(["inputid,id", "concepts,concept", "input,text", "geopoints,latitude"])(
    "are refused beside a known column for the same field: %s",
    async (header) => {
      await expect(draftsOf(csv(csvWith(`${header}\na,b\n`)))).rejects.toMatchObject({ code: "ERR_CSV_COLUMNS" });
    },
  );
});

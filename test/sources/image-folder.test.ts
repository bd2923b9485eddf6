import { describe, expect, it } from "vitest";
import { flow, type ImageFolderOptions, imageFolder } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { failuresOf, orientedJpeg, readAll, rounded } from "../helpers/datasets.js";
import { folderWith, tempFolder } from "../helpers/files.js";

const temp = tempFolder();
const image = await orientedJpeg(40, 20);
const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const read = async (files: Record<string, string | Uint8Array>, options?: ImageFolderOptions) =>
  readAll(imageFolder(folderWith(temp, files), options));

testSource("imageFolder", async () => {
  const path = folderWith(temp, { "cat/1.jpg": image, "dog/1.jpg": image, "dog/2.jpg": image });
  return { source: imageFolder(path), ids: (await flow(imageFolder(path)).toArray()).map(({ id }) => id) };
});

describe("imageFolder", () => {
  it("takes classes and splits from folders, in the order of torchvision", async () => {
    const path = folderWith(temp, { "train/dog/1.jpg": image, "train/Cat/1.jpg": image, "test/dog/2.jpg": image });
    const { inputs } = await readAll(imageFolder(path));
    expect(inputs.map(({ metadata, concepts }) => [metadata.split, concepts])).toEqual([
      ["test", [{ id: "dog" }]],
      ["train", [{ id: "Cat" }]],
      ["train", [{ id: "dog" }]],
    ]);
    expect(await imageFolder(path).classes?.({ signal: new AbortController().signal })).toEqual(["Cat", "dog"]);
  });

  it("takes a class named train for a class, and one folder alone for no class", async () => {
    const vehicles = await read({ "train/1.jpg": image, "car/1.jpg": image });
    expect(vehicles.inputs.map(({ metadata, concepts }) => [metadata.split, concepts[0]?.id])).toEqual([
      [undefined, "car"],
      [undefined, "train"],
    ]);
    expect((await read({ "pictures/1.jpg": image })).inputs[0]?.concepts).toEqual([]);
  });

  it("reads boxes, labels, text and other columns of metadata.jsonl", async () => {
    const row = {
      file_name: "deep/1.jpg",
      objects: { bbox: [[10, 5, 10, 5]], categories: ["cat"], area: [50], id: [null] },
      label: "indoor",
      caption: "a cat",
      camera: { iso: 100 },
    };
    const files = { "train/metadata.jsonl": lines(row), "train/deep/1.jpg": image, "train/2.jpg": image };
    const { inputs } = await read(files);
    expect(inputs[0]).toMatchObject({
      text: "a cat",
      concepts: [{ id: "indoor" }],
      metadata: { filename: "1.jpg", split: "train", camera: { iso: 100 } },
      annotations: [{ box: [0.25, 0.25, 0.5, 0.5], concepts: [{ id: "cat" }], info: { imageFolder: { area: 50 } } }],
    });
    expect(inputs[0]?.metadata).not.toHaveProperty("caption");
    expect(inputs[1]?.annotations).toEqual([]);
  });

  it("names classes that are numbers by the option, and reports them without it", async () => {
    const row = { file_name: "1.jpg", objects: { bbox: [[0, 0, 40, 20]], category: [1] }, label: 0 };
    const files = { "metadata.jsonl": lines(row), "1.jpg": image };
    const named = await read(files, { classes: ["dog", "cat"] });
    expect([named.inputs[0]?.concepts, named.inputs[0]?.annotations[0]?.concepts]).toEqual([
      [{ id: "dog" }],
      [{ id: "cat" }],
    ]);
    const { inputs, report } = await read(files);
    expect(inputs[0]?.concepts).toEqual([{ id: "0" }]);
    expect(report.notes).toEqual({
      "imageFolder: classes are numbers without names; the option classes names them": 1,
    });
  });

  it("reads metadata.csv, whose cells stay texts", async () => {
    const csv =
      'file_name,text,year,objects\n1.jpg,"a, b",2024,"{""bbox"": [[0, 0, 40, 20]], ""categories"": [""x""]}"\n';
    const { inputs } = await read({ "metadata.csv": csv, "1.jpg": image });
    expect(inputs[0]).toMatchObject({ text: "a, b", metadata: { year: "2024" }, annotations: [{ box: [0, 0, 1, 1] }] });
  });

  it("counts in the upright pixels, as Hugging Face decodes images", async () => {
    const row = { file_name: "1.jpg", objects: { bbox: [[10, 0, 10, 10]], categories: ["x"] } };
    const { inputs } = await read({ "metadata.jsonl": lines(row), "1.jpg": await orientedJpeg(40, 20, 6) });
    expect(rounded(inputs[0]?.annotations[0]?.box)).toEqual([0, 0, 0.25, 0.5]);
  });

  it("fails broken rows one by one, and refuses Parquet", async () => {
    const secret = folderWith(temp, { "secret.jpg": image }).split("/").at(-1);
    const rows = [
      { file_name: `../${secret}/secret.jpg` },
      { file_name: "no.jpg" },
      { name: "1.jpg" },
      { file_name: "1.jpg", objects: { bbox: [[1, 2, 3]], categories: ["x"] } },
      { file_name: "1.jpg", objects: { bbox: [[0, 0, 3, 3]], categories: [] } },
    ];
    const { report, inputs } = await read({ "metadata.jsonl": `${lines(...rows)}nonsense\n`, "1.jpg": image });
    expect(inputs).toEqual([]);
    expect(failuresOf(report)).toEqual([
      expect.stringMatching(/^ERR_IMAGE_MISSING: .*:1: .*it lies outside of the dataset/),
      expect.stringMatching(/^ERR_IMAGE_MISSING: .*:2: the image "no\.jpg" does not exist/),
      expect.stringMatching(/^ERR_LABEL: .*:3 has no file_name/),
      expect.stringMatching(/^ERR_LABEL: .*:4: object 0: bbox is not \[x, y, width, height\]/),
      expect.stringMatching(/^ERR_LABEL: .*:5: objects\.categories does not have the 1 entries of objects\.bbox/),
      expect.stringMatching(/^ERR_LABEL: .*:6 is not JSON/),
    ] as string[]);
    await expect(read({ "metadata.parquet": "PAR1", "1.jpg": image })).rejects.toMatchObject({
      code: "ERR_FOLDER_FORMAT",
    });
  });
});

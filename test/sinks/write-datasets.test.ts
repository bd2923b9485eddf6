/** The writers of COCO, VOC, image folders and Label Studio. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  flow,
  fromIterable,
  type InputDraft,
  labelStudio,
  voc,
  writeCoco,
  writeImageFolder,
  writeLabelStudio,
  writeVoc,
} from "../../src/index.js";
import { testSink } from "../../src/testing/index.js";
import { maskPixels, orientedJpeg, readAll, writtenIds } from "../helpers/datasets.js";
import { folderWith, tempFolder } from "../helpers/files.js";

const temp = tempFolder();
let count = 0;
const newPath = () => join(temp, `out-${count++}`);
const image = await orientedJpeg(40, 20);
const folder = folderWith(temp, { "a.jpg": image, "b.jpg": image, "c.jpg": image });
const draft = (name: string, more: Partial<InputDraft> = {}): InputDraft => ({
  id: name,
  image: { path: `${folder}/${name}.jpg` },
  metadata: { filename: `${name}.jpg` },
  ...more,
});
const inputs = ["a", "b", "c"].map((name) =>
  draft(name, { annotations: [{ box: [0, 0, 0.5, 0.5], concepts: ["cat"] }] }),
);
const text = (path: string, name: string) => readFileSync(join(path, name), "utf8");

for (const [name, sink] of Object.entries({ writeCoco, writeVoc, writeImageFolder, writeLabelStudio })) {
  testSink(name, async () => {
    const path = newPath();
    return { sink: sink(path), inputs, written: async () => (existsSync(path) ? writtenIds(path) : []) };
  });

  describe(name, () => {
    it("continues a dataset, writes nothing twice, and refuses a folder with something else", async () => {
      const path = newPath();
      await flow(fromIterable(inputs.slice(0, 1)))
        .pipe(sink(path))
        .run();
      const { counts } = await flow(fromIterable(inputs)).pipe(sink(path)).run();
      expect(counts).toMatchObject({ ok: 2, skipped: 1 });
      await expect(flow(fromIterable(inputs)).pipe(sink(folder)).run()).rejects.toMatchObject({
        code: "ERR_FILE_EXISTS",
      });
    });

    it("fails inputs other than images, and writes the others", async () => {
      const path = newPath();
      const report = await flow(fromIterable([...inputs, { id: "t", text: "words" }]))
        .pipe(sink(path))
        .run();
      expect(report.failures.map(({ code }) => code)).toEqual(["ERR_KIND_MISMATCH"]);
      expect(report.counts.ok).toBe(3);
    });
  });
}

describe("writeVoc", () => {
  it("writes whole pixels as whole numbers, and the elements that readers expect", async () => {
    const path = newPath();
    const part = {
      box: [0, 0, 0.1, 0.1] as [number, number, number, number],
      concepts: ["head"],
      info: { voc: { partOf: 1 } },
    };
    const person = {
      box: [0.25, 0.25, 0.5, 0.5] as [number, number, number, number],
      concepts: ["person"],
      info: { voc: { pose: "Left", object: 1 } },
    };
    const input = draft("a", { metadata: { filename: "a.jpg", split: "train" }, annotations: [person, part] });
    await flow(fromIterable([input]))
      .pipe(writeVoc(path))
      .run();
    const xml = text(path, "Annotations/a.xml").replace(/\s*\n\s*/g, "");
    expect(xml).toContain(
      "<object><name>person</name><pose>Left</pose><truncated>0</truncated><difficult>0</difficult><bndbox><xmin>11</xmin><ymin>6</ymin><xmax>20</xmax><ymax>10</ymax></bndbox><part><name>head</name>",
    );
    expect(text(path, "ImageSets/Main/train.txt")).toBe("a\n");
    expect(text(path, "labelmap.txt")).toBe("# label:color_rgb:parts:actions\nbackground:0,0,0::\nperson:::\n");
    expect(await voc(path).classes?.({ signal: new AbortController().signal })).toEqual(["person"]);
  });

  it("rounds to pixels only on demand, and reports it", async () => {
    const input = draft("a", { annotations: [{ box: [0.11, 0, 0.5, 0.5], concepts: ["cat"] }] });
    const [exact, rounded] = [newPath(), newPath()];
    await flow(fromIterable([input]))
      .pipe(writeVoc(exact))
      .run();
    expect(text(exact, "Annotations/a.xml")).toContain("<xmin>5.4</xmin>");
    const report = await flow(fromIterable([input]))
      .pipe(writeVoc(rounded, { rounded: true }))
      .run();
    expect(text(rounded, "Annotations/a.xml")).toContain("<xmin>5</xmin>");
    expect(report.notes).toEqual({ "VOC: box rounded to pixels": 1 });
  });

  it("reports everything that VOC cannot express, by input", async () => {
    const path = newPath();
    const input = draft("a", {
      concepts: ["indoor"],
      metadata: { filename: "a.jpg", camera: "x" },
      annotations: [
        { point: [0.5, 0.5], concepts: ["nose"] },
        { box: [0, 0, 1, 1], concepts: [] },
        { box: [0, 0, 1, 1], concepts: ["cat", "pet"] },
      ],
    });
    await flow(fromIterable([input]))
      .pipe(writeVoc(path))
      .run();
    const { lost } = JSON.parse(text(path, "losses.jsonl")) as { lost: { what: string }[] };
    expect(lost.map(({ what }) => what).sort()).toEqual([
      "concept of the image lost",
      "further class of a region lost",
      "metadata lost",
      "point lost",
      "region without a class lost",
    ]);
  });
});

describe("writeImageFolder", () => {
  it("writes a row for each image, with the same columns in all rows", async () => {
    const path = newPath();
    const list = [
      draft("a", {
        text: "a cat",
        concepts: ["indoor"],
        metadata: { filename: "a.jpg", split: "train", camera: 1 },
        annotations: inputs[0]?.annotations,
      }),
      draft("b", { metadata: { filename: "b.jpg", split: "train" } }),
    ];
    const report = await flow(fromIterable(list)).pipe(writeImageFolder(path)).run();
    expect(report.notes).toEqual({});
    const rows = text(path, "train/metadata.jsonl").trimEnd().split("\n");
    expect(rows.map((row) => JSON.parse(row) as unknown)).toEqual([
      {
        file_name: "a.jpg",
        label: "indoor",
        objects: { bbox: [[0, 0, 20, 10]], categories: ["cat"] },
        split: "train",
        text: "a cat",
        camera: 1,
      },
      { file_name: "b.jpg", label: null, objects: { bbox: [], categories: [] }, split: "train" },
    ]);
    expect(readdirSync(join(path, "train")).sort()).toEqual(["a.jpg", "b.jpg", "metadata.jsonl"]);
  });
});

describe("writeLabelStudio", () => {
  it("writes tasks whose images Label Studio finds below its root, and masks that come back", async () => {
    const path = newPath();
    const rle = [0, 0, 0, 32, 57, 27, 252, 96, 19, 255, 223, 0, 143, 252];
    const region = {
      id: "r",
      type: "brushlabels",
      from_name: "b",
      to_name: "image",
      original_width: 4,
      original_height: 2,
      value: { format: "rle", rle, brushlabels: ["road"] },
    };
    const files = {
      "x.jpg": await orientedJpeg(4, 2),
      "export.json": JSON.stringify([{ id: 1, data: { image: "x.jpg" }, annotations: [{ result: [region] }] }]),
    };
    await flow(labelStudio(`${folderWith(temp, files)}/export.json`))
      .pipe(writeLabelStudio(path, { localRoot: "sets/one" }))
      .run();
    const [task] = JSON.parse(text(path, "tasks.json")) as { data: unknown }[];
    expect(task).toMatchObject({ id: 1, data: { image: "/data/local-files/?d=sets/one/images/x.jpg" } });
    expect(text(path, "config.xml")).toContain('<Label value="road"/>');
    const { inputs: back } = await readAll(labelStudio(`${path}/tasks.json`));
    expect((await maskPixels(back[0]?.annotations[0])).inside).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
    ]);
  });

  it("writes a rotated rectangle back as one", async () => {
    const value = { x: 50, y: 50, width: 20, height: 20, rotation: 30, rectanglelabels: ["dog"] };
    const region = {
      id: "r",
      type: "rectanglelabels",
      from_name: "b",
      to_name: "image",
      original_width: 40,
      original_height: 20,
      value,
    };
    const files = {
      "a.jpg": image,
      "export.json": JSON.stringify([{ id: 1, data: { image: "a.jpg" }, annotations: [{ result: [region] }] }]),
    };
    const path = newPath();
    await flow(labelStudio(`${folderWith(temp, files)}/export.json`))
      .pipe(writeLabelStudio(path))
      .run();
    const [task] = JSON.parse(text(path, "tasks.json")) as { annotations: { result: { value: unknown }[] }[] }[];
    expect(task?.annotations[0]?.result[0]?.value).toEqual(value);
  });
});

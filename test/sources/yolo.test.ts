/** The source and the sink of YOLO, and round trips between YOLO and COCO. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  coco,
  defineSink,
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  writeCoco,
  writeYolo,
  yolo,
} from "../../src/index.js";
import { testSink, testSource } from "../../src/testing/index.js";

const home = mkdtempSync(join(tmpdir(), "sluice-yolo-test-"));
let count = 0;
const newPath = () => join(home, `out-${count++}`);
afterAll(() => rmSync(home, { recursive: true, force: true }));
let png: Buffer;
beforeAll(async () => {
  png = await sharp({ create: { width: 40, height: 20, channels: 3, background: "blue" } })
    .png()
    .toBuffer();
});

/** Writes files; "png" stands for an image. */
function dataset(files: Record<string, string | Buffer>): string {
  const root = newPath();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), content === "png" ? png : content);
  }
  return root;
}

async function read(source: ReturnType<typeof yolo>): Promise<{ inputs: Input[]; failed: string[] }> {
  const inputs: Input[] = [];
  const take = defineSink({ name: "take", write: async (batch) => void inputs.push(...batch.inputs) });
  const report = await flow(source).pipe(take()).run();
  inputs.sort((one, other) => String(one.metadata.filename).localeCompare(String(other.metadata.filename)));
  return { inputs, failed: report.failures.map(({ code, reason }) => `${code} ${reason}`) };
}

const yaml = "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n";
const simple = () => ({
  ...{ "data.yaml": yaml, "images/train/a.png": "png", "labels/train/a.txt": "1 0.5 0.5 0.2 0.4\n" },
  ...{ "images/val/b.png": "png", "labels/val/b.txt": "", "images/val/c.png": "png" },
});

// Each split has one image, since a folder has no order of its own.
const three = () =>
  dataset({
    "data.yaml": `${yaml}test: images/test\n`,
    "images/train/a.png": "png",
    "images/val/b.png": "png",
    "images/test/c.png": "png",
  });
testSource("yolo", async () => ({
  source: yolo(three(), { ids: (path) => path.replace(/\W/g, "-") }),
  ids: ["images-train-a-png", "images-val-b-png", "images-test-c-png"],
}));

testSink("writeYolo", async () => {
  const out = newPath();
  const image = join(dataset({ "x.png": "png" }), "x.png");
  const written = async () => {
    const state = join(out, ".sluice-dataset.jsonl");
    if (!existsSync(state)) return [];
    const lines = readFileSync(state, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    return lines.filter((line) => line.digest !== undefined).map(({ id }) => id as string);
  };
  return { sink: writeYolo(out), inputs: ["a", "b", "c", "d"].map((id) => ({ id, image: { path: image } })), written };
});

describe("yolo", () => {
  it("reads boxes with classes and splits, and images without label", async () => {
    const { inputs, failed } = await read(yolo(dataset(simple())));
    expect(failed).toEqual([]);
    expect(inputs.map(({ metadata }) => metadata)).toEqual([
      { filename: "a.png", split: "train" },
      { filename: "b.png", split: "val" },
      { filename: "c.png", split: "val" },
    ]);
    expect(inputs[0]?.annotations[0]).toMatchObject({ concepts: [{ id: "dog" }] });
    for (const [at, value] of [0.4, 0.3, 0.6, 0.7].entries())
      expect(inputs[0]?.annotations[0]?.box?.[at]).toBeCloseTo(value, 9);
  });

  it.each([
    ["detect", "0 .5 .5 .2 .2\n0 .5 .5 .2 .2 .9\n", [undefined, { confidence: 0.9 }]],
    ["segment", "0 .1 .1 .9 .1 .5 .9\n0 .5 .5 .2 .2\n0 .1 .1 .9 .1 .5 .9 .1 .5\n", [undefined, undefined, undefined]],
    ["obb", "0 .1 .1 .9 .1 .9 .5 .1 .5\n", [{ obb: true }]],
  ])("recognizes the task %s by the rows", async (_, rows, info) => {
    const { inputs } = await read(yolo(dataset({ ...simple(), "labels/train/a.txt": rows })));
    expect(inputs[0]?.annotations.map((one) => one.info?.yolo)).toEqual(info);
  });

  it("reads keypoints with kpt_shape", async () => {
    const files = {
      ...simple(),
      "data.yaml": `${yaml}kpt_shape: [2, 3]\n`,
      "labels/train/a.txt": "0 .5 .5 .2 .2 .1 .2 2 .3 .4 1\n",
    };
    const { inputs } = await read(yolo(dataset(files)));
    expect(inputs[0]?.annotations[0]?.info).toEqual({ yolo: { keypoints: [0.1, 0.2, 2, 0.3, 0.4, 1] } });
  });

  it.each([
    [
      "a class without a name",
      "7 .5 .5 .1 .1\n",
      "ERR_LABEL",
      "a.txt:1: the class 7 has no name; the dataset has 2 classes",
    ],
    ["a word", "cat .5 .5 .1 .1\n", "ERR_LABEL", "something other than numbers"],
    ["too few numbers", "\n0 .5 .5 .1\n", "ERR_LABEL", "a.txt:2: the row has 3 numbers"],
    ["a box over the edge", "0 .9 .5 .4 .4\n", "ERR_BOX", "does not lie inside the image"],
  ])("fails an image alone for %s", async (_, rows, code, text) => {
    const { inputs, failed } = await read(yolo(dataset({ ...simple(), "labels/train/a.txt": rows })));
    expect(inputs).toHaveLength(2);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toContain(code);
    expect(failed[0]).toContain(text);
  });

  it("fails a label without image", async () => {
    const { failed } = await read(yolo(dataset({ ...simple(), "labels/train/z.txt": "0 .5 .5 .1 .1\n" })));
    expect(failed).toEqual([expect.stringMatching(/^ERR_IMAGE_MISSING the label .*z\.txt has no image/)]);
  });

  it("reads data.yaml of Roboflow, and does not leave the dataset", async () => {
    const files = {
      "data.yaml": "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['cat']\n",
      "train/images/a.png": "png",
      "train/labels/a.txt": "0 .5 .5 .1 .1\n",
      "valid/images/b.png": "png",
    };
    expect((await read(yolo(join(dataset(files), "data.yaml")))).inputs.map((one) => one.annotations.length)).toEqual([
      1, 0,
    ]);
    const other = dataset({ "images/secret.png": "png" });
    const outside = yolo(dataset({ "data.yaml": `train: ${other}/images\nnames: [cat]\n` }));
    await expect(flow(outside).run()).rejects.toMatchObject({
      code: "ERR_LABEL",
      message: expect.stringContaining("allowOutside"),
    });
  });

  it("reads images that data.yaml names one by one, and paths of the machine that exported it", async () => {
    const files = { "images/a.png": "png", "labels/a.txt": "0 .5 .5 .1 .1\n" };
    for (const train of ["[images/a.png]", "/home/else/out-NAME/images"]) {
      const root = dataset({ ...files, "data.yaml": `train: ${train}\nnames: [cat]\n` });
      const text = readFileSync(join(root, "data.yaml"), "utf8").replace("out-NAME", root.split("/").at(-1) as string);
      writeFileSync(join(root, "data.yaml"), text);
      const { inputs, failed } = await read(yolo(root));
      expect([failed, inputs.map((one) => one.annotations.length)]).toEqual([[], [1]]);
    }
  });

  it("reads a folder that two splits name once, with a note, and for either split", async () => {
    const root = dataset({ ...simple(), "data.yaml": yaml.replace("images/val", "images/train") });
    const { counts, notes } = await flow(yolo(root)).run();
    expect(counts).toMatchObject({ read: 1, ok: 1 });
    expect(notes).toEqual({ "the dataset names the image for val, too": 1 });
    expect((await read(yolo(root, { splits: ["val"] }))).inputs.map(({ metadata }) => metadata.split)).toEqual([
      "train",
    ]);
  });

  it("reads the layout of Darknet", async () => {
    const files = {
      ...{ "obj.data": "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n", "obj.names": "cat\n" },
      ...{
        "train.txt": "data/obj_train_data/a.png\ndata/obj_train_data/gone.png\n",
        "obj_train_data/a.png": "png",
        "obj_train_data/a.txt": "0 .5 .5 .1 .1\n",
      },
    };
    const { inputs, failed } = await read(yolo(dataset(files)));
    expect(inputs[0]?.annotations).toHaveLength(1);
    expect(failed).toEqual([expect.stringContaining("gone.png is not there")]);
  });

  it("names imageFolder for a folder of classes", async () => {
    const run = flow(yolo(dataset({ "cat/a.png": "png" }))).run();
    await expect(run).rejects.toMatchObject({ code: "ERR_LABEL", message: expect.stringContaining("imageFolder") });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "reads and writes about the upright image with EXIF orientation %i",
    async (orientation) => {
      const jpeg = await sharp(png).jpeg().withMetadata({ orientation }).toBuffer();
      const rows = "0 0.2 0.1 0.2 0.1\n";
      const root = dataset({
        "data.yaml": yaml.replace("val: images/val\n", ""),
        "images/train/a.jpg": jpeg,
        "labels/train/a.txt": rows,
      });
      const { inputs } = await read(yolo(root));
      const upright = inputs[0]?.annotations[0]?.box as [number, number, number, number];
      // Where the centre of the box is in the stored pixels.
      const [x, y] = (
        {
          1: [0.2, 0.1],
          2: [0.8, 0.1],
          3: [0.8, 0.9],
          4: [0.2, 0.9],
          5: [0.1, 0.2],
          6: [0.1, 0.8],
          7: [0.9, 0.8],
          8: [0.9, 0.2],
        } as Record<number, [number, number]>
      )[orientation] as [number, number];
      expect((upright[0] + upright[2]) / 2).toBeCloseTo(x, 9);
      expect((upright[1] + upright[3]) / 2).toBeCloseTo(y, 9);
      const out = newPath();
      await flow(yolo(root)).pipe(writeYolo(out)).run();
      expect(readFileSync(join(out, "labels/train/a.txt"), "utf8")).toBe("0 0.2 0.1 0.2 0.1\n");
    },
  );
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const box = fc
  .tuple(share, share, share, share)
  .map(([a, b, c, d]): [number, number, number, number] => [
    Math.min(a, c) * 0.9,
    Math.min(b, d) * 0.9,
    Math.max(a, c) * 0.09 + 0.91,
    Math.max(b, d) * 0.09 + 0.91,
  ]);
const polygon = fc.array(fc.tuple(share, share), { minLength: 5, maxLength: 9 });
const region = fc.oneof(
  box.map((one) => ({ box: one })),
  polygon.map((one) => ({ polygon: one })),
);
const annotations = fc.array(fc.tuple(region, fc.constantFrom("cat", "dog", "a b")), { maxLength: 5 });

/** Corners, as "segment" writes a box. */
const cornersOf = ([x1, y1, x2, y2]: readonly [number, number, number, number]) => [x1, y1, x2, y1, x2, y2, x1, y2];

describe("rows that ultralytics reads", () => {
  const triangle = [
    [0.1, 0],
    [1, 0.45],
    [0, 1],
  ] as [number, number][];
  const inputOf = (annotation: NonNullable<InputDraft["annotations"]>[number]): InputDraft => ({
    id: "x",
    image: { path: join(dataset({ "x.png": "png" }), "x.png") },
    annotations: [annotation],
  });
  async function rowsOf(
    annotation: NonNullable<InputDraft["annotations"]>[number],
    task: "detect" | "segment" | "obb",
  ) {
    const out = newPath();
    const { notes } = await flow(fromIterable([inputOf(annotation)]))
      .pipe(writeYolo(out, { task }))
      .run();
    return { rows: readFileSync(join(out, "labels/train/x.txt"), "utf8"), notes };
  }

  it("are corners for a box among polygons, with a loss", async () => {
    expect(await rowsOf({ box: [0.1, 0.2, 0.5, 0.6], concepts: ["cat"] }, "segment")).toEqual({
      rows: "0 0.1 0.2 0.5 0.2 0.5 0.6 0.1 0.6\n",
      notes: { "YOLO: box written as a polygon": 1 },
    });
  });

  it("keep a rotated box inside the image", async () => {
    const { rows, notes } = await rowsOf({ polygon: triangle, concepts: ["cat"] }, "obb");
    const numbers = rows.trim().split(" ").slice(1).map(Number);
    expect(numbers).toHaveLength(8);
    for (const value of numbers) expect(value >= 0 && value <= 1).toBe(true);
    expect(notes).toEqual({ "YOLO: polygon written as its smallest rotated box": 1 });
  });

  it.each(["detect", "obb"] as const)("leave out a polygon without area for %s", async (task) => {
    const polygon = [0.1, 0.5, 0.9].map((x): [number, number] => [x, 0.25]);
    expect(await rowsOf({ polygon, concepts: ["cat"] }, task)).toEqual({
      rows: "",
      notes: { "YOLO: polygon without area lost": 1 },
    });
  });
});

describe("round trips", () => {
  it("keeps boxes, as their corners, and polygons to 1e-6 through YOLO, COCO and YOLO", async () => {
    await fc.assert(
      fc.asyncProperty(annotations, async (regions) => {
        const image = join(dataset({ "x.png": "png" }), "x.png");
        const draft: InputDraft = {
          id: "x",
          image: { path: image },
          annotations: regions.map(([one, name]) => ({ ...one, concepts: [name] })),
        };
        const [first, second, third] = [newPath(), newPath(), newPath()];
        await flow(fromIterable([draft]))
          .pipe(writeYolo(first, { task: "segment" }))
          .run();
        await flow(yolo(first, { task: "segment" }))
          .pipe(writeCoco(second))
          .run();
        const report = await flow(coco(second))
          .pipe(writeYolo(third, { task: "segment" }))
          .run();
        expect(report.counts).toMatchObject({ ok: 1 });
        const [after] = (await read(yolo(third, { task: "segment" }))).inputs;
        expect(after?.annotations).toHaveLength(regions.length);
        for (const [at, [one, name]] of regions.entries()) {
          const found = after?.annotations[at];
          expect(found?.concepts).toEqual([{ id: name }]);
          const expected = "box" in one ? cornersOf(one.box) : one.polygon.flat();
          const values = (found?.box ?? found?.polygon?.flat()) as number[];
          expect(values).toHaveLength(expected.length);
          for (const [index, value] of expected.entries())
            expect(Math.abs((values[index] as number) - value)).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 12 },
    );
  });

  it("keeps rotated boxes, and reports what becomes another shape", async () => {
    const corners = "0 0.2 0.1 0.6 0.3 0.5 0.7 0.1 0.5\n";
    const root = dataset({ ...simple(), "labels/train/a.txt": corners });
    const out = newPath();
    const report = await flow(yolo(root))
      .pipe(writeYolo(out, { task: "obb" }))
      .run();
    expect(readFileSync(join(out, "labels/train/a.txt"), "utf8")).toBe(corners);
    expect(report.notes).toEqual({});
    const boxes = await flow(yolo(root)).pipe(writeYolo(newPath())).run();
    expect(boxes.notes).toMatchObject({ "YOLO: polygon written as its box": 1 });
    const darknet = newPath();
    await flow(yolo(root))
      .pipe(writeYolo(darknet, { task: "obb", layout: "darknet" }))
      .run();
    const { inputs, failed } = await read(yolo(darknet));
    expect([failed, inputs.map((one) => one.annotations.length)]).toEqual([[], [1, 0, 0]]);
  });
});

/** The source and the sink of COCO, on files with the values that pycocotools reads from them. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ElementScanner } from "../../src/formats/coco/element-scanner.js";
import { coco, defineSink, flow, type Input, type ReadContext, writeCoco, writeYolo } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";

const home = mkdtempSync(join(tmpdir(), "sluice-coco-test-"));
let count = 0;
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Writes a dataset; `text` is the file as it stands, for files that JSON.stringify cannot make. */
function dataset(
  labels: object | string,
  images: Record<string, Buffer>,
  name = "annotations/instances_train2017.json",
) {
  const root = join(home, `set-${count++}`);
  for (const [path, bytes] of Object.entries(images)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  mkdirSync(join(root, name, ".."), { recursive: true });
  writeFileSync(join(root, name), typeof labels === "string" ? labels : JSON.stringify(labels));
  return root;
}

async function read(source: ReturnType<typeof coco>): Promise<{ inputs: Input[]; failed: string[] }> {
  const inputs: Input[] = [];
  const take = defineSink({ name: "take", write: async (batch) => void inputs.push(...batch.inputs) });
  const report = await flow(source).pipe(take()).run();
  return { inputs, failed: report.failures.map(({ code, reason }) => `${code} ${reason}`) };
}

let png: Buffer;
const categories = [
  { id: 3, name: "cat", supercategory: "animal" },
  { id: 90, name: "dog", supercategory: "animal", keypoints: ["nose", "tail"], skeleton: [[1, 2]] },
];
const images = [
  { id: 20, file_name: "b.png", width: 10, height: 8, license: 4, coco_url: "https://example.com/b.png" },
  { id: 10, file_name: "a.png", width: 10, height: 8 },
  { id: 30, file_name: "empty.png", width: 10, height: 8 },
];
// pycocotools 2.0: encode(asfortranarray) of the 8 × 10 mask with rows 1-3 and columns 2-4 set is "a035000W1".
const rows = [1, 2, 3];
const columns = [2, 3, 4];
const runs = [17, 3, 5, 3, 5, 3, 44];
const annotations = [
  { id: 1, image_id: 10, category_id: 90, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0, segmentation: [] },
  { id: 7, image_id: 20, category_id: 3, bbox: [0, 0, 4, 4], area: 8, iscrowd: 0, segmentation: [[0, 0, 4, 0, 0, 4]] },
  {
    id: 4,
    image_id: 10,
    category_id: 3,
    bbox: [2, 1, 3, 3],
    area: 9,
    iscrowd: 1,
    segmentation: { size: [8, 10], counts: runs },
  },
  {
    ...{ id: 9, image_id: 20, category_id: 90, bbox: [0, 0, 10, 8], area: 30.5, iscrowd: 0, num_keypoints: 1 },
    segmentation: [
      [0, 0, 2, 0, 2, 2],
      [10, 8, 7, 8, 7, 5],
    ],
    keypoints: [1, 1, 2, 0, 0, 0],
    attributes: { occluded: true },
  },
];
const licenses = [{ id: 4, name: "CC", url: "https://example.com/cc" }];
const whole = { info: { year: 2020 }, licenses, images, annotations, categories };

beforeAll(async () => {
  png = await sharp({ create: { width: 10, height: 8, channels: 3, background: "red" } })
    .png()
    .toBuffer();
});

const files = () => ({
  "images/train2017/a.png": png,
  "images/train2017/b.png": png,
  "images/train2017/empty.png": png,
});

testSource("coco", async () => {
  const root = dataset(whole, files());
  const ids = ["b", "a", "empty"];
  return { source: coco(root, { ids: (path) => path.replace(/^.*\/|\..*$/g, "") }), ids };
});

describe("coco", () => {
  it("reads captions with a category that the file does not have, and names panoptic files as such", async () => {
    const image = { id: 1, file_name: "a.png", width: 10, height: 8 };
    const caption = { id: 1, image_id: 1, category_id: 0, caption: "hello" };
    const one = { images: [image], annotations: [caption], categories: [] };
    const found = await read(coco(dataset(one, { "images/a.png": png }, "annotations/captions_train.json")));
    const { image_id: _, ...kept } = caption;
    expect([found.failed, found.inputs[0]?.metadata.coco]).toMatchObject([[], { captions: [kept] }]);
    const segments = { image_id: 1, file_name: "a.png", segments_info: [{ id: 7, category_id: 3 }] };
    const panoptic = { images: [image], annotations: [segments], categories };
    const refused = await read(coco(dataset(panoptic, { "images/a.png": png }, "annotations/panoptic_train.json")));
    expect(refused.failed).toEqual([expect.stringContaining("ERR_LABEL annotation without id: panoptic segments")]);
  });

  it("reads images in the order of the file, with their annotations, and also those without", async () => {
    const { inputs, failed } = await read(coco(dataset(whole, files())));
    expect(failed).toEqual([]);
    expect(inputs.map(({ metadata }) => metadata.filename)).toEqual(["b.png", "a.png", "empty.png"]);
    expect(inputs.map((input) => input.annotations.length)).toEqual([2, 2, 0]);
    expect(inputs[0]?.metadata).toMatchObject({
      split: "train",
      coco: { id: 20, license: licenses[0], width: 10, height: 8 },
    });
    expect(inputs[1]?.annotations[0]).toMatchObject({
      box: [0.1, 0.25, 0.4, 0.75],
      concepts: [{ id: "dog" }],
      info: { coco: { id: 1, category: { id: 90, supercategory: "animal" } } },
    });
    expect(inputs[0]?.annotations[0]?.polygon).toEqual([
      [0, 0],
      [0.4, 0],
      [0, 0.5],
    ]);
  });

  it.each([
    ["annotations before images", { categories, annotations, images }],
    ["categories between", { annotations, categories, images, licenses }],
    [
      "ids as texts",
      {
        ...whole,
        images: images.map((one) => ({ ...one, id: `i${one.id}` })),
        annotations: annotations.map((one) => ({ ...one, image_id: `i${one.image_id}` })),
      },
    ],
    ["indented", JSON.stringify(whole, null, 2)],
    ["with a byte order mark", `\ufeff${JSON.stringify(whole)}`],
  ])("reads a file with %s", async (_, labels) => {
    const { inputs, failed } = await read(coco(dataset(labels, files())));
    expect(failed).toEqual([]);
    expect(inputs.map((input) => input.annotations.length)).toEqual([2, 2, 0]);
  });

  it("decodes masks to the pixels that pycocotools decodes", async () => {
    const compressed = annotations.map((one) =>
      one.id === 4 ? { ...one, segmentation: { size: [8, 10], counts: "a035000W1" } } : one,
    );
    for (const labels of [whole, { ...whole, annotations: compressed }]) {
      const { inputs } = await read(coco(dataset(labels, files())));
      const mask = inputs[1]?.annotations[1]?.mask as { base64: string };
      const { data, info } = await sharp(Buffer.from(mask.base64, "base64"))
        .extractChannel(0)
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 10, height: 8, channels: 1 });
      const set = [...data].flatMap((value, at) => (value === 255 ? [[Math.floor(at / 10), at % 10]] : []));
      expect(set).toEqual(rows.flatMap((row) => columns.map((column) => [row, column])));
    }
  });

  it("fails images alone, by name, and annotations without image", async () => {
    const labels = {
      ...whole,
      images: [
        ...images,
        { id: 40, file_name: "missing.png", width: 1, height: 1 },
        { id: 10, file_name: "b.png", width: 10, height: 8 },
      ],
      annotations: [
        ...annotations,
        { id: 11, image_id: 99, category_id: 3, bbox: [0, 0, 1, 1] },
        { id: 12, image_id: 30, category_id: 5, bbox: [0, 0, 1, 1] },
      ],
    };
    const { inputs, failed } = await read(coco(dataset(labels, files())));
    expect(inputs).toHaveLength(2);
    expect(failed.map((text) => text.split(" ")[0])).toEqual([
      "ERR_LABEL",
      "ERR_IMAGE_MISSING",
      "ERR_LABEL",
      "ERR_IMAGE_MISSING",
    ]);
    expect(failed[0]).toContain("the category 5 is not in the list");
    expect(failed[1]).toContain("missing.png does not exist");
    expect(failed[2]).toContain("has the id of another image");
    expect(failed[3]).toContain("is for the image 99");
  });

  it("keeps ids apart that a double would make one, and refuses numbers that it would change", async () => {
    const [one, other] = ["9007199254740993", "9007199254740992"];
    const small = { images: [images[1], images[2]], annotations: [annotations[0]], categories };
    const labels = JSON.stringify(small)
      .replaceAll('"id":10', `"id":${one}`)
      .replaceAll('"id":30', `"id":${other}`)
      .replaceAll('"image_id":10', `"image_id":${other}`);
    const { inputs, failed } = await read(coco(dataset(labels, files())));
    expect(inputs).toMatchObject([
      { metadata: { filename: "empty.png" }, annotations: [{ concepts: [{ id: "dog" }] }] },
    ]);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toContain(`the number ${one} would become 9007199254740992`);
  });

  it("names NaN, and fails its image alone", async () => {
    const labels = JSON.stringify(whole).replace("[1,2,3,4]", "[1,NaN,3,4]");
    const { inputs, failed } = await read(coco(dataset(labels, files())));
    expect(inputs).toHaveLength(2);
    expect(failed[0]).toContain("NaN is not JSON; Python writes it");
  });

  it.each([
    ["cut", JSON.stringify(whole).slice(0, -40), "the file ends"],
    ["with bytes behind the end", `${JSON.stringify(whole)} x`, "more bytes"],
    ["of another form", '{"a": 1}', 'no list "images"'],
    ["that is a list", "[1, 2]", "an object is expected"],
  ])("ends the run for a file %s", async (_, labels, text) => {
    const run = flow(coco(dataset(labels, files()))).run();
    await expect(run).rejects.toMatchObject({ code: "ERR_LABEL", message: expect.stringContaining(text) });
  });

  it.each(["../../secret.png", "/etc/secret.png", "C:\\images\\secret.png", "..\\..\\secret.png"])(
    "does not read %s outside the dataset",
    async (name) => {
      const labels = { ...whole, images: [{ ...images[0], file_name: name }], annotations: [] };
      const root = dataset(labels, files());
      writeFileSync(join(root, "..", "secret.png"), png);
      const { inputs, failed } = await read(coco(root));
      expect(inputs).toEqual([]);
      expect(failed[0]).toContain("lies outside the dataset");
    },
  );

  it("reads names with the backslashes of Windows", async () => {
    const labels = { ...whole, images: [{ ...images[1], file_name: "train2017\\a.png" }], annotations: [] };
    const { inputs } = await read(coco(dataset(labels, files())));
    expect(inputs).toHaveLength(1);
  });

  it("takes the address of a missing image if asked", async () => {
    const { inputs } = await read(
      coco(dataset({ ...whole, images: [images[0]], annotations: [] }, {}), { useUrls: true }),
    );
    expect(inputs[0]?.image).toMatchObject({ url: "https://example.com/b.png", width: 10 });
  });

  it("reads the exports of Roboflow, and declares the classes in order", async () => {
    const root = dataset(
      { ...whole, images: [images[0]], annotations: [] },
      { "valid/b.png": png },
      "valid/_annotations.coco.json",
    );
    const { inputs } = await read(coco(root));
    expect(inputs[0]?.metadata).toMatchObject({ split: "valid" });
    const { signal } = new AbortController();
    expect(await coco(root).classes?.({ signal })).toEqual(["cat", "dog"]);
  });

  it("clips or drops regions over the edge, with a note", async () => {
    const labels = {
      ...whole,
      annotations: [
        { id: 1, image_id: 10, category_id: 3, bbox: [8, 6, 4, 4] },
        { id: 2, image_id: 10, category_id: 3, bbox: [20, 20, 2, 2] },
      ],
    };
    const root = dataset(labels, files());
    expect((await read(coco(root))).failed[0]).toContain("ERR_BOX");
    const { inputs } = await read(coco(root, { invalid: "clip" }));
    expect(inputs[1]?.annotations.map(({ box }) => box)).toEqual([[0.8, 0.75, 1, 1]]);
  });

  it("is right about the eight EXIF orientations", async () => {
    for (let orientation = 1; orientation <= 8; orientation += 1) {
      const jpeg = await sharp({ create: { width: 10, height: 8, channels: 3, background: "red" } })
        .jpeg()
        .withMetadata({ orientation })
        .toBuffer();
      const isSwapped = orientation >= 5;
      const size = isSwapped ? { width: 8, height: 10 } : { width: 10, height: 8 };
      const labels = {
        ...whole,
        images: [{ id: 1, file_name: "a.jpg", ...size }],
        annotations: [{ id: 1, image_id: 1, category_id: 3, bbox: [0, 0, 2, 2] }],
      };
      const { inputs } = await read(coco(dataset(labels, { "images/a.jpg": jpeg }), { orientation: "upright" }));
      // The corner at the top left of the upright image, by where EXIF puts row 0 and column 0.
      const [x, y] = [0, 0, 1, 1, 0, 0, 0, 1, 1].map((right, at) => [right, [0, 0, 0, 1, 1, 0, 1, 1, 0][at]] as const)[
        orientation
      ] as [number, number];
      const expected = [x * 0.8, y * 0.75, x * 0.8 + 0.2, y * 0.75 + 0.25];
      const found = inputs[0]?.annotations[0]?.box as number[];
      for (const [at, value] of expected.entries()) expect(found[at]).toBeCloseTo(value, 6);
      // By default, the size decides where it can: swapped sides are upright, and others are stored.
      const { inputs: plain } = await read(coco(dataset(labels, { "images/a.jpg": jpeg })));
      const first = plain[0]?.annotations[0]?.box as number[];
      for (const [at, value] of (isSwapped ? expected : [0, 0, 0.2, 0.25]).entries())
        expect(first[at]).toBeCloseTo(value, 6);
    }
  });
});

describe("writeCoco", () => {
  const labelsOf = (out: string, name = "instances_train.json") =>
    JSON.parse(readFileSync(join(out, "annotations", name), "utf8"));

  it("writes again what coco read", async () => {
    const root = dataset(whole, files());
    const out = join(home, `out-${count++}`);
    const report = await flow(coco(root)).pipe(writeCoco(out)).run();
    expect(report.counts).toMatchObject({ ok: 3, failed: 0 });
    const written = labelsOf(out);
    expect(written.categories.sort((a: { id: number }, b: { id: number }) => a.id - b.id)).toEqual(categories);
    const byId = (list: { id: number }[]) => [...list].sort((a, b) => a.id - b.id);
    const expected = annotations.map((one) => ({ ...one }) as Record<string, unknown> & { id: number });
    expect(byId(written.annotations)).toEqual(byId(expected));
    expect(written.images.map(({ id }: { id: number }) => id)).toEqual([20, 10, 30]);
    expect(existsSync(join(out, "losses.jsonl"))).toBe(false);
    const second = await flow(coco(root)).pipe(writeCoco(out)).run();
    expect(second.counts).toMatchObject({ ok: 0, skipped: 3 });
  });

  it("continues a run whose journal has all inputs, but which did not write the file", async () => {
    const root = dataset(whole, files());
    const out = join(home, `out-${count++}`);
    const journal = join(home, `journal-${count}`);
    await flow(coco(root)).pipe(writeCoco(out)).run({ journal });
    rmSync(join(out, "annotations"), { recursive: true });
    await flow(coco(root)).pipe(writeCoco(out)).run({ journal });
    expect(labelsOf(out).annotations).toHaveLength(4);
  });

  it("gives new ids where splits are joined, and reports it", async () => {
    const out = join(home, `out-${count++}`);
    await flow(coco(dataset(whole, files())))
      .pipe(writeCoco(out))
      .run();
    const other = { ...whole, images: [{ ...images[0], file_name: "c.png" }], annotations: [annotations[1]] };
    const report = await flow(coco(dataset(other, { "images/c.png": png })))
      .pipe(writeCoco(out))
      .run();
    expect(report.notes).toMatchObject({ "COCO: image id changed": 1, "COCO: annotation id changed": 1 });
    const { images: all, annotations: regions } = labelsOf(out);
    expect(new Set(all.map(({ id }: { id: number }) => id)).size).toBe(4);
    expect(new Set(regions.map(({ id }: { id: number }) => id)).size).toBe(5);
  });
});

describe("coco to YOLO", () => {
  it("scans a file once for its annotations and its classes", async () => {
    const { signal } = new AbortController();
    const source = coco(dataset(whole, files()));
    const scan = vi.spyOn(ElementScanner.prototype, "scan");
    const items = (source.read({ signal } as ReadContext) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    const [classes] = await Promise.all([source.classes?.({ signal }), items.next()]);
    expect(classes).toEqual(["cat", "dog"]);
    expect(scan).toHaveBeenCalledTimes(1);
    await items.return?.();
    expect(await source.classes?.({ signal })).toEqual(["cat", "dog"]);
    expect(scan).toHaveBeenCalledTimes(2);
    scan.mockRestore();
  });

  it("writes one box per object, with classes in the order of the categories", async () => {
    const source = coco(dataset(whole, files()));
    const out = join(home, `out-${count++}`);
    const report = await flow(source)
      .pipe(writeYolo(out, { classes: source }))
      .run();
    expect(readFileSync(join(out, "labels/train/a.txt"), "utf8")).toBe("1 0.25 0.5 0.3 0.5\n");
    expect(readFileSync(join(out, "labels/train/b.txt"), "utf8")).toBe("0 0.2 0.25 0.4 0.5\n1 0.5 0.5 1 1\n");
    expect(readFileSync(join(out, "labels/train/empty.txt"), "utf8")).toBe("");
    expect(report.notes).toMatchObject({ "YOLO: polygon written as its box": 1, "YOLO: mask lost": 1 });
    expect(readdirSync(join(out, "images/train")).sort()).toEqual(["a.png", "b.png", "empty.png"]);
  });
});

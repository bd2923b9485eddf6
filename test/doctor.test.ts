/** `doctor`: what it finds in a dataset, and what it reports. */

import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  checkDataset,
  csv,
  type DoctorReport,
  defineSource,
  doctor,
  flow,
  folder,
  fromIterable,
  jsonl,
} from "../src/index.js";
import { checkOfError } from "../src/transforms/check-dataset/check-of-error.js";
import { fileWith, folderWith, jpeg, tempFolder } from "./helpers/files.js";

const temp = tempFolder();
const found = ({ findings }: DoctorReport) => Object.fromEntries(findings.map(({ check, count }) => [check, count]));
const colors = (n: number) => jpeg(100, 50, `#${(n * 4099 + 1).toString(16).padStart(6, "0").slice(-6)}`);

/** A dataset in JSON Lines with one problem of each kind. */
async function damaged(): Promise<string> {
  const files: Record<string, Uint8Array | string> = {};
  for (let n = 0; n < 12; n += 1) files[`${n}.jpg`] = await colors(n);
  files["11.jpg"] = files["1.jpg"] as Uint8Array;
  files["10.jpg"] = files["2.jpg"] as Uint8Array;
  files["9.jpg"] = (files["9.jpg"] as Uint8Array).subarray(0, -30);
  files["8.jpg"] = "";
  files["7.jpg"] = "no picture";
  const box = [0.1, 0.1, 0.5, 0.5];
  const regions: Record<number, object[]> = {
    1: [{ box: [0.5, 0.5, 1.2, 0.9], concepts: [{ id: "cat" }] }],
    2: [{ box: [0.5, 0.5, 0.5, 0.9], concepts: [{ id: "cat" }] }],
    3: [
      {
        polygon: [
          [0.1, 0.1],
          [0.5, 0.5],
        ],
        concepts: [{ id: "cat" }],
      },
    ],
    4: [{ box, concepts: [{ id: "cat" }] }],
    5: [{ box: [0.5, 0.5, 0.501, 0.9], concepts: [{ id: "dog" }] }],
    6: [{ box }],
  };
  const lines = Array.from({ length: 12 }, (_, n) => ({
    id: `i${n}`,
    image: { path: `${n}.jpg` },
    metadata: { split: n === 10 ? "val" : "train" },
    annotations: n === 0 ? [] : [{ box, concepts: [{ id: "cat" }] }, ...(regions[n] ?? [])],
  }));
  const more = [
    { id: "i4", text: "the same id" },
    { id: "gone", image: { path: "gone.jpg" } },
  ];
  const path = folderWith(temp, files);
  const texts = [...lines, ...more].map((line) => JSON.stringify(line).replace('"path":"', `"path":"${path}/`));
  return fileWith(temp, "data.jsonl", `${texts.join("\n")}\n{"id"\n`);
}

describe("doctor", () => {
  it("finds each kind of problem, and counts what it can read", async () => {
    const path = await damaged();
    const report = await doctor(jsonl(path));
    expect(found(report)).toEqual({
      "broken-file": 3,
      "orphan-label": 1,
      "broken-label": 1,
      "degenerate-box": 1,
      "out-of-frame-box": 1,
      "invalid-polygon": 1,
      "duplicate-id": 1,
      leakage: 1,
      "duplicate-box": 1,
      "tiny-box": 1,
      "no-class": 1,
      "no-label": 2,
    });
    expect(report.counts).toEqual({ read: 15, checked: 9, failed: 6, skipped: 0 });
    expect(report).toMatchObject({ ok: false, exitCode: 1, failOn: "error", sizes: { images: 8, different: 1 } });
    const [cat] = report.classes;
    expect(cat).toEqual({ name: "cat", annotations: 9, inputs: 7, splits: { train: 6, val: 1 } });
    const leakage = report.findings.find(({ check }) => check === "leakage");
    expect(leakage?.examples).toEqual([
      {
        origin: expect.stringMatching(/data\.jsonl:11$/),
        reason: expect.stringMatching(/data\.jsonl:3 in train has the same content as this in val$/),
      },
    ]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report.toJSON());
    expect(report.summary()).toMatch(
      /^doctor: read 15 = checked 9 \+ failed 6 \+ skipped 0: 10 errors, 3 warnings\n[\s\S]* {2}not ok: errors count/,
    );
  });

  it.each<[Parameters<typeof doctor>[1], boolean]>([
    [{}, true],
    [{ failOn: "warning" }, false],
    [{ failOn: "warning", ignore: ["duplicate-file"] }, true],
    [{ failOn: "warning", duplicates: false }, true],
  ])("decides with %o whether warnings count", async (options, ok) => {
    const bytes = new Uint8Array(await jpeg());
    const twice = fromIterable(["a", "b"].map((id) => ({ id, image: { bytes } })));
    expect(await doctor(twice, options)).toMatchObject({ ok, exitCode: ok ? 0 : 1 });
  });

  it("finds near-duplicates: leakage across splits, and a warning within one", async () => {
    const blots = (seed: number) => {
      const pixels = Buffer.from(Array.from({ length: 147 }, (_, index) => (seed * 7919 * (index + 3) ** 2) % 251));
      return sharp(pixels, { raw: { width: 7, height: 7, channels: 3 } }).resize(300, 220, { kernel: "cubic" });
    };
    const bytes = await blots(1).jpeg({ quality: 95 }).toBuffer();
    const inputOf = (id: string, split: string, image: Uint8Array) => ({
      id,
      image: { bytes: image },
      metadata: { split },
    });
    const small = await sharp(bytes).resize(90).webp().toBuffer();
    const dark = await sharp(bytes).modulate({ brightness: 0.8 }).jpeg({ quality: 60 }).toBuffer();
    const otherBytes = await blots(4).jpeg({ quality: 95 }).toBuffer();
    const plain = await jpeg(60, 60);
    const inputs = () =>
      fromIterable([
        inputOf("a", "train", bytes),
        inputOf("other", "train", otherBytes),
        inputOf("a-again", "train", bytes),
        inputOf("a-small", "train", small),
        inputOf("a-dark", "test", dark),
        inputOf("plain", "test", plain),
      ]);
    const report = await doctor(inputs(), { nearDuplicates: true, ignore: ["mixed-sizes", "no-label"] });
    expect(found(report)).toEqual({ leakage: 1, "duplicate-file": 1, "near-duplicate": 1, note: 1 });
    expect(report.findings.map(({ examples: [first] }) => first?.reason)).toEqual([
      expect.stringMatching(/^looks like \S+ in train, and is in test; \d of 64 bits differ$/),
      expect.stringMatching(/has the same content$/),
      expect.stringMatching(/^looks like \S+; \d of 64 bits differ$/),
      expect.stringMatching(/hardly any detail/),
    ]);
    expect(report.exitCode).toBe(1);
    expect(found(await doctor(inputs(), { ignore: ["mixed-sizes", "no-label"] }))).toEqual({ "duplicate-file": 1 });
    const checked = await flow(inputs())
      .pipe(checkDataset({ nearDuplicates: 6 }))
      .run();
    expect(checked.failureGroups).toMatchObject([{ code: "ERR_CHECK", count: 1 }]);
    expect(() => checkDataset({ nearDuplicates: 12 })).toThrow(/nearDuplicates: .*<=11, got 12/);
  });

  it("does not take an empty source for a good dataset", async () => {
    const report = await doctor(folder(folderWith(temp, { ".hidden": "x" })));
    expect(found(report)).toEqual({ "empty-dataset": 1 });
    expect(report.exitCode).toBe(1);
  });

  it("reports what a folder skips, and its broken files", async () => {
    const path = folderWith(temp, { "a.jpg": await jpeg(), "b.jpg": "no picture", "c.bin": "\u0000\u0001\u0002" });
    const report = await doctor(folder(path));
    expect(report.counts).toEqual({ read: 3, checked: 1, failed: 1, skipped: 1 });
    expect(found(report)).toEqual({ "broken-file": 1 });
    expect(report.summary()).toContain("skipped  1 × not an image, video, audio or text");
  });

  it("compares classes with those that the sources declare", async () => {
    const declaring = defineSource({
      name: "declaring",
      classes: () => ["cat", "dog"],
      *read() {
        yield { origin: "1", input: { id: "a", text: "a", concepts: ["cat"] }, notes: ["a mask was left out"] };
        yield { origin: "2", input: { id: "b", text: "b", concepts: ["bird", { id: "dog", value: 0 }] } };
      },
    });
    const report = await doctor([declaring()]);
    expect(found(report)).toEqual({ "undeclared-class": 1, "empty-class": 1, note: 1 });
    expect(report.classes).toMatchObject([
      { name: "cat", declared: true },
      { name: "bird", declared: false },
      { name: "dog", inputs: 0 },
    ]);
    expect(found(await doctor(declaring(), { classes: ["cat", "bird"] }))).toEqual({ note: 1 });
  });

  it("finds classes that are missing in train", async () => {
    const of = (id: string, split: string) => ({ id, text: id, concepts: [id], metadata: { split } });
    const report = await doctor(fromIterable([of("cat", "train"), of("dog", "test")]));
    expect(report.findings.map(({ examples }) => examples[0]?.reason)).toEqual([
      'the class "dog" is in test, and not in train',
    ]);
  });

  it("reads all sources, and each again in a second call", async () => {
    const table = fileWith(temp, "a.csv", "inputid,input\nx,one\ny,two\n");
    const sources = [csv(table), fromIterable([{ id: "x", text: "three" }])];
    const first = await doctor(sources);
    expect(found(first)).toEqual({ "duplicate-id": 1 });
    const { durationMs: _, ...again } = (await doctor(sources)).toJSON() as DoctorReport;
    expect(first.toJSON()).toMatchObject(again);
  });

  it("counts more findings than it shows, in bounded memory", async () => {
    function* rows() {
      for (let n = 0; n < 500; n += 1) yield { id: `t${n}`, text: "the same" };
    }
    const [duplicates] = (await doctor(fromIterable(rows()))).findings;
    expect(duplicates).toMatchObject({ check: "duplicate-file", count: 499, inputs: 499 });
    expect(duplicates?.examples).toHaveLength(10);
  });

  it("stops with the reason of its signal, and rejects if a source cannot be read", async () => {
    const abort = new AbortController();
    const endless = defineSource({
      name: "endless",
      *read() {
        for (let n = 0; ; n += 1) {
          if (n === 100) abort.abort(new Error("enough"));
          yield { origin: `${n}`, input: { text: `${n}` } };
        }
      },
    });
    await expect(doctor(endless(), { signal: abort.signal })).rejects.toThrow("enough");
    await expect(doctor(folder(`${temp}/nowhere`))).rejects.toMatchObject({ code: "ERR_FOLDER_UNREADABLE" });
  });

  it("refuses unknown options", async () => {
    await expect(doctor(fromIterable([]), { failOn: "info" } as never)).rejects.toThrow(/^doctor: failOn/);
  });
});

describe("the check of an error", () => {
  it.each([
    ["ERR_BOX", "annotation 3: box [1, 2, 1, 9] has no area", "degenerate-box"],
    [
      "ERR_BOX",
      "annotation 3: box [1, 2, 700, 9] does not lie inside the image of 640 × 480 pixels",
      "out-of-frame-box",
    ],
    ["ERR_BOX", "box [0.1, 0.2] is not [xMin, yMin, xMax, yMax]", "broken-label"],
    ["ERR_POLYGON", "annotation 3: a polygon has 2 corners, and needs three", "invalid-polygon"],
    ["ERR_POLYGON", "annotation 3: a polygon does not lie inside the image of 640 × 480 pixels", "out-of-frame-box"],
    ["ERR_INPUT_SHAPE", "metadata.a: expected a text", "invalid-input"],
    ["ERR_IMAGE_MISSING", "labels/a.txt: images/a.jpg does not exist", "orphan-label"],
    ["ERR_FILE_EMPTY", "a.jpg is empty", "broken-file"],
    ["ERR_OF_A_PLUGIN", "something else", "unreadable"],
    ["toString", "something else", "unreadable"],
  ])("of %s, %s is %s", (code, reason, check) => {
    expect(checkOfError(code, reason)).toBe(check);
  });

  it("follows the real errors of boxes in JSON Lines", async () => {
    const annotations = (box: number[]) => JSON.stringify({ text: "a", annotations: [{ box }] });
    const path = fileWith(
      temp,
      "boxes.jsonl",
      [
        [0, 0, 1, 1.5],
        [-0.1, 0, 1, 1],
        [0, 0, 1],
      ]
        .map(annotations)
        .join("\n"),
    );
    expect(found(await doctor(jsonl(path)))).toEqual({ "out-of-frame-box": 2, "broken-label": 1 });
  });
});

/** Checks of inputs and their annotations, in a flow and in its plan. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  type Annotation,
  batch,
  checkDataset,
  defineOpener,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  transform,
} from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { example, exampleBytes, fileWith, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { beforeAndAfter, through } from "../helpers/transforms.js";

const temp = tempFolder();
type Box = [number, number, number, number];
const cat = [{ id: "cat" }];
const boxed = (...annotations: Partial<Annotation>[]) => annotations.map((each) => ({ concepts: cat, ...each }));

let images = 0;
/** An image of a color of its own, so that no two have the same content. */
async function image(more: Partial<InputDraft> = {}, width = 100, height = 50): Promise<InputDraft> {
  images += 1;
  const bytes = new Uint8Array(
    await jpeg(width, height, `#${(images * 4099).toString(16).padStart(6, "0").slice(-6)}`),
  );
  return { id: `image-${images}`, image: { bytes }, ...more };
}

/** The failures and the notes of a run, by id. */
async function outcome(drafts: readonly InputDraft[], options?: Parameters<typeof checkDataset>[0]) {
  const { report } = await through(checkDataset(options), drafts);
  const failures = report.failures.map(({ id, code, reason }) => `${id} ${code} ${reason}`);
  return { failures, notes: report.notes, lines: report.conclusions.flatMap(({ lines }) => lines) };
}

testTransform("checkDataset", async () => ({
  transform: checkDataset(),
  inputs: [await image(), { id: "empty", text: "" }, { id: "a", text: "a" }, { id: "b", text: "a" }],
}));

describe("checkDataset", () => {
  it("passes inputs without findings unchanged", async () => {
    const draft = await image({ annotations: boxed({ box: [0.1, 0.1, 0.5, 0.5] }) });
    const [before, after] = await beforeAndAfter(checkDataset({ decode: true }), draft);
    expect(after).toBe(before);
    const { failures, notes } = await outcome([draft, await image(), { id: "t", text: "calm" }]);
    expect({ failures, notes }).toEqual({ failures: [], notes: {} });
  });

  it.each<[string, Partial<Annotation>[], RegExp]>([
    ["a box without area", [{ box: [0.5, 0.2, 0.5, 0.7] }], /ERR_BOX box \[0\.5, 0\.2, 0\.5, 0\.7\]/],
    ["a box with its corners exchanged", [{ box: [0.5, 0.2, 0.1, 0.7] }], /ERR_BOX/],
    [
      "a polygon without area",
      [
        {
          polygon: [
            [0.1, 0.1],
            [0.5, 0.5],
            [0.9, 0.9],
          ],
        },
      ],
      /ERR_CHECK degenerate-box: polygon of 3 corners has no area/,
    ],
  ])("fails an input with %s", async (_, annotations, expected) => {
    const { failures } = await outcome([await image({ annotations: boxed(...annotations) })]);
    expect(failures).toEqual([expect.stringMatching(expected)]);
  });

  it.each<[string, Partial<Annotation>[], string]>([
    ["a box of less than a pixel", [{ box: [0.5, 0.5, 0.505, 0.9] }], "tiny-box"],
    [
      "a polygon of less than a pixel",
      [
        {
          polygon: [
            [0, 0],
            [0.01, 0],
            [0, 0.02],
          ],
        },
      ],
      "tiny-box",
    ],
    ["the same box twice", [{ box: [0.1, 0.1, 0.5, 0.5] }, { box: [0.1, 0.1, 0.5, 0.5] }], "duplicate-box"],
    ["a box without a class", [{ box: [0.1, 0.1, 0.5, 0.5], concepts: [] }], "no-class"],
  ])("notes %s, and fails the input with failOn: warning", async (_, annotations, check) => {
    const draft = await image({ annotations: boxed(...annotations) });
    expect((await outcome([draft])).notes).toEqual({ [`checkDataset: ${check} (warning)`]: 1 });
    expect((await outcome([draft], { failOn: "warning" })).failures).toEqual([
      expect.stringContaining(`ERR_CHECK ${check}: `),
    ]);
    expect(await outcome([draft], { failOn: "warning", ignore: [check as "no-class"] })).toMatchObject({
      failures: [],
      notes: {},
    });
  });

  it("takes the same box of another class, or in another frame, for another box", async () => {
    const box: Box = [0.1, 0.1, 0.5, 0.5];
    const annotations = [...boxed({ box }), { box, concepts: [{ id: "dog" }] }];
    expect((await outcome([await image({ annotations })])).notes).toEqual({});
    const frames = boxed({ box, frame: { timeMs: 0 } }, { box, frame: { timeMs: 40 } });
    const video = { id: "v", video: { path: example("media/ferry.mp4") }, annotations: frames };
    expect((await outcome([video])).notes).toEqual({});
  });

  it("fails what the platform would refuse, with the code of an upload", async () => {
    const ppm = Buffer.concat([Buffer.from("P6 20 20 255\n"), Buffer.alloc(1200)]);
    const { failures } = await outcome([
      { id: "ppm", image: { bytes: new Uint8Array(ppm) } },
      { id: "nothing" },
      { id: "blank", text: "" },
      { id: "x".repeat(49), text: "long" },
    ]);
    expect(failures.map((text) => text.split(" ")[1])).toEqual([
      "ERR_FORMAT",
      "ERR_INPUT_EMPTY",
      "ERR_TEXT_EMPTY",
      "ERR_ID_TOO_LONG",
    ]);
  });

  describe("files", () => {
    const noise = sharp({
      create: {
        width: 200,
        height: 100,
        channels: 3,
        background: "#345",
        noise: { type: "gaussian", mean: 128, sigma: 40 },
      },
    });
    const encoded = {
      jpg: noise.clone().jpeg({ quality: 90 }),
      png: noise.clone().png(),
      gif: noise.clone().gif(),
      webp: noise.clone().webp(),
      tif: noise.clone().tiff({ compression: "none" }),
    };

    it.each(Object.entries(encoded))(
      "finds that a %s is truncated, and passes the whole file",
      async (extension, pipeline) => {
        const bytes = await pipeline.toBuffer();
        const paths = [bytes, bytes.subarray(0, Math.floor(bytes.length * 0.7))].map((part) =>
          fileWith(temp, `a.${extension}`, part),
        );
        const { failures } = await outcome(paths.map((path, n) => ({ id: `file-${n}`, image: { path } })));
        expect(failures).toEqual([expect.stringMatching(/^file-1 ERR_(?:IMAGE_UNDECODABLE|KIND_UNKNOWN) .*a\.\w+ /)]);
      },
    );

    it("passes a JPEG with data behind its end", async () => {
      const bytes = new Uint8Array(
        Buffer.concat([await encoded.jpg.clone().toBuffer(), Buffer.from("data of a camera")]),
      );
      expect((await outcome([{ id: "a", image: { bytes } }])).failures).toEqual([]);
    });

    it("finds damage in the middle of a JPEG only if it decodes", async () => {
      const bytes = Buffer.from(await encoded.jpg.clone().toBuffer());
      const middle = Math.floor(bytes.length / 2);
      bytes.set([0xff, 0xe5, 0xff, 0xe5], middle); // markers that do not belong there
      const draft = { id: "a", image: { bytes: new Uint8Array(bytes) } };
      expect((await outcome([draft])).failures).toEqual([]);
      expect((await outcome([draft], { decode: true })).failures).toEqual([
        expect.stringMatching(/ERR_IMAGE_UNDECODABLE/),
      ]);
    });

    it("finds a truncated video", async () => {
      const clip = exampleBytes("media/ferry.mp4");
      const path = fileWith(temp, "clip.mp4", clip.subarray(0, clip.length - 100));
      expect((await outcome([{ id: "v", video: { path } }])).failures).toEqual([
        expect.stringMatching(/^v ERR_CHECK broken-file: .*clip\.mp4 is truncated: its part "\w+" ends at byte \d+/),
      ]);
    });

    it("fails a file that disappears after it was read", async () => {
      const path = fileWith(temp, "gone.jpg", await jpeg());
      const source = fromIterable([{ id: "a", image: { path } }]);
      const gone = transform((input) => {
        rmSync(path);
        return input;
      });
      const report = await flow(source).pipe(gone, checkDataset()).run();
      expect(report.failures).toMatchObject([{ code: "ERR_FILE_UNREADABLE" }]);
    });
  });

  describe("all inputs together", () => {
    it("fails the second of two inputs with the same content in two splits, and notes it within a split", async () => {
      const bytes = new Uint8Array(await jpeg());
      const of = (id: string, split: string) => ({ id, image: { bytes }, metadata: { split } });
      const { failures, notes } = await outcome([of("a", "train"), of("b", "train"), of("c", "val")]);
      expect(failures).toEqual([
        expect.stringMatching(/^c ERR_CHECK leakage: \S+ in train has the same content as this in val$/),
      ]);
      expect(notes).toEqual({ "checkDataset: duplicate-file (warning)": 1 });
      const off = await outcome([of("a", "train"), of("c", "val")], { duplicates: false });
      expect(off.failures).toEqual([]);
    });

    it("fails the second of two inputs with the same id", async () => {
      const { failures } = await outcome([
        { id: "a", text: "one" },
        { id: "a", text: "two" },
      ]);
      expect(failures).toEqual([expect.stringMatching(/^a ERR_CHECK duplicate-id: \S+ has the same id "a"$/)]);
    });

    it("compares inputs in their order, although files are read at the same time", async () => {
      const bytes = await jpeg();
      let release: () => void = () => undefined;
      const secondIsRead = new Promise<void>((resolve) => {
        release = resolve;
      });
      let opened = 0;
      defineOpener({
        name: "gate",
        scheme: "gate",
        async *open(uri, { offset, length }) {
          // The whole content of the first is read only after that of the second.
          if (length === bytes.length) {
            opened += 1;
            if (uri === "gate:1") await secondIsRead;
            else release();
          }
          yield bytes.subarray(offset, offset + length);
        },
      });
      const image = (n: number) => ({
        id: `i${n}`,
        image: { uri: `gate:${n}`, sizeBytes: bytes.length, mimeType: "image/jpeg", width: 32, height: 24 },
      });
      const { failures } = await outcome([image(1), image(2)], { failOn: "warning" });
      expect(opened).toBeGreaterThan(1);
      expect(failures).toEqual([expect.stringMatching(/^i2 ERR_CHECK duplicate-file/)]);
    });

    it("concludes with counts of classes and splits", async () => {
      const labelled = (id: string, split: string, ...classes: string[]) => ({
        ...boxesOf(classes),
        id,
        text: id,
        metadata: { split },
      });
      const boxesOf = (classes: string[]) => ({ annotations: classes.map((name) => ({ concepts: [{ id: name }] })) });
      const drafts = [
        labelled("a", "train", "cat", "cat", "dog"),
        labelled("b", "val", "bird"),
        { id: "c", text: "c" },
      ];
      const { lines, notes } = await outcome(drafts, { classes: ["cat", "dog", "horse"] });
      expect(notes).toEqual({ "checkDataset: undeclared-class (warning)": 1 });
      expect(lines.join("\n")).toBe(
        readFileSync(join(import.meta.dirname, "check-dataset/conclusions.txt"), "utf8").trimEnd(),
      );
    });
  });

  it("shows in a plan what a run would refuse", async () => {
    const path = folderWith(temp, {
      "a.jpg": await jpeg(),
      "b.jpg": await jpeg(),
      "c.jpg": (await jpeg(64, 64)).subarray(0, -20),
    });
    mkdirSync(join(path, "more"));
    writeFileSync(join(path, "more/d.txt"), "calm");
    const checked = flow(folder(path)).pipe(checkDataset(), batch());
    const plan = await checked.plan();
    const report = await checked.run();
    expect(plan.counts).toEqual({ read: 4, ok: 3, refused: 1, skipped: 0 });
    expect(plan.refused).toEqual(report.failures);
    expect(plan.notes).toEqual(report.notes);
    expect(plan.conclusions).toEqual(report.conclusions);
    expect(plan.summary()).toMatch(
      /ok, checkDataset: duplicate-file \(warning\): 1\n {2}checkDataset\n {4}error {4}broken-file: 1/,
    );
  });

  it.each([{ failOn: "info" }, { ignore: ["boxes"] }, { decode: "yes" }, { depth: 1 }])(
    "refuses the options %o",
    (options) => {
      expect(() => checkDataset(options as never)).toThrow(/^checkDataset: /);
    },
  );
});

import { describe, expect, it } from "vitest";
import { flow, type LabelStudioOptions, labelStudio } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { failuresOf, maskPixels, orientedJpeg, readAll, rounded } from "../helpers/datasets.js";
import { folderWith, tempFolder } from "../helpers/files.js";

const temp = tempFolder();
const image = await orientedJpeg(40, 20);
const size = { original_width: 40, original_height: 20, image_rotation: 0 };
const region = (id: string, type: string, value: object, more: object = {}) => ({
  id,
  type,
  from_name: "label",
  to_name: "image",
  ...size,
  value,
  ...more,
});
const task = (data: object, result: object[], more: object = {}) => ({
  id: 1,
  data,
  annotations: [{ id: 5, completed_by: 1, result }],
  predictions: [],
  ...more,
});
const read = async (
  tasks: unknown,
  files: Record<string, string | Uint8Array> = { "a.jpg": image },
  options?: LabelStudioOptions,
) =>
  readAll(labelStudio(`${folderWith(temp, { ...files, "export.json": JSON.stringify(tasks) })}/export.json`, options));

testSource("labelStudio", async () => {
  const path = folderWith(temp, {
    "export.json": JSON.stringify(["a", "b", "c"].map((text, id) => ({ id, data: { text }, annotations: [] }))),
  });
  const source = () => labelStudio(`${path}/export.json`);
  return { source: source(), ids: (await flow(source()).toArray()).map(({ id }) => id) };
});

describe("labelStudio", () => {
  it("reads each kind of region of an image", async () => {
    const results = [
      region(
        "r1",
        "rectanglelabels",
        { x: 25, y: 25, width: 25, height: 25, rotation: 0, rectanglelabels: ["cat", "pet"] },
        { score: 0.5 },
      ),
      region("r2", "rectanglelabels", { x: 50, y: 50, width: 20, height: 20, rotation: 90, rectanglelabels: ["dog"] }),
      region("r3", "polygonlabels", {
        points: [
          [0, 0],
          [100, 0],
          [100, 100],
        ],
        closed: true,
        polygonlabels: ["roof"],
      }),
      region("r4", "keypointlabels", { x: 10, y: 20, width: 0.5, keypointlabels: ["nose"] }),
      region("r5", "ellipselabels", { x: 50, y: 50, radiusX: 10, radiusY: 10, rotation: 0, ellipselabels: ["eye"] }),
      region("r1", "textarea", { text: ["old cat"], x: 25, y: 25, width: 25, height: 25 }, { from_name: "note" }),
      region("c1", "choices", { choices: ["indoor"] }, { from_name: "scene" }),
      region("t1", "taxonomy", { taxonomy: [["animal", "cat"]] }),
      region("x1", "textarea", { text: ["fine"] }, { from_name: "comment" }),
      region("r6", "polygonlabels", {
        points: [
          [0, 0],
          [1, 1],
        ],
        closed: false,
        polygonlabels: ["line"],
      }),
    ];
    const { inputs, report } = await read([task({ image: "a.jpg", camera: "x" }, results)]);
    const [box, turned, polygon, point, ellipse, ...rest] = inputs[0]?.annotations ?? [];
    expect(rest).toEqual([]);
    expect(box).toEqual({
      box: [0.25, 0.25, 0.5, 0.5],
      concepts: [{ id: "cat" }, { id: "pet" }],
      info: { labelStudio: { id: "r1", from_name: "label", to_name: "image", score: 0.5, note: ["old cat"] } },
    });
    // 8 × 4 pixels, turned by 90° around the top left corner at (20, 10).
    expect(rounded(turned?.polygon)).toEqual([
      [0.5, 0.5],
      [0.5, 0.9],
      [0.4, 0.9],
      [0.4, 0.5],
    ]);
    expect(turned?.info?.labelStudio).toMatchObject({ rotation: 90 });
    expect([
      polygon?.polygon?.length,
      point?.point,
      rounded(ellipse?.polygon?.[0]),
      rounded(ellipse?.polygon?.[16]),
    ]).toEqual([3, [0.1, 0.2], [0.6, 0.5], [0.5, 0.6]]);
    expect(inputs[0]?.concepts).toEqual([{ id: "indoor" }, { id: "animal/cat" }]);
    expect(inputs[0]?.metadata.labelStudio).toMatchObject({
      task: 1,
      annotation: 5,
      data: { camera: "x" },
      answers: { comment: ["fine"] },
    });
    expect(report.notes).toEqual({
      "an ellipse became a polygon of 64 corners": 1,
      "Label Studio: an open line has no area; it is in the metadata, not among the regions": 1,
    });
  });

  it("decodes a brush mask that the converter of Label Studio made", async () => {
    // encode_rle of label-studio-converter for 4 × 2 pixels, of which (1, 0), (2, 0) and (3, 1) are set.
    const rle = [0, 0, 0, 32, 57, 27, 252, 96, 19, 255, 223, 0, 143, 252];
    const small = { original_width: 4, original_height: 2 };
    const { inputs } = await read(
      [task({ image: "a.jpg" }, [region("b", "brushlabels", { format: "rle", rle, brushlabels: ["road"] }, small)])],
      {
        "a.jpg": await orientedJpeg(4, 2),
      },
    );
    expect(await maskPixels(inputs[0]?.annotations[0])).toEqual({
      width: 4,
      height: 2,
      inside: [
        [1, 0],
        [2, 0],
        [3, 1],
      ],
    });
  });

  it("counts the characters of texts as code points", async () => {
    const result = [
      {
        id: "s",
        type: "labels",
        from_name: "ner",
        to_name: "text",
        value: { start: 3, end: 6, text: "Bob", labels: ["PER"] },
      },
      {
        id: "h",
        type: "hypertextlabels",
        from_name: "ner",
        to_name: "text",
        value: { start: "/p[1]", end: "/p[1]", startOffset: 0, endOffset: 2, hypertextlabels: ["X"] },
      },
    ];
    const { inputs, report } = await read([task({ text: "😀 Bob" }, result)]);
    expect(inputs[0]?.annotations).toEqual([
      {
        span: { start: 2, end: 5, text: "Bob" },
        concepts: [{ id: "PER" }],
        info: { labelStudio: { id: "s", from_name: "ner", to_name: "text" } },
      },
    ]);
    expect(Object.keys(report.notes)).toEqual([
      "Label Studio: a region that is not a part of a plain text is in the metadata, not among the spans",
    ]);
  });

  it("takes the ground truth, else the latest annotation that was not skipped, and predictions only on demand", async () => {
    const box = (name: string) => [
      region("r", "rectanglelabels", { x: 0, y: 0, width: 100, height: 100, rotation: 0, rectanglelabels: [name] }),
    ];
    const annotation = (name: string, more: object) => ({ id: 1, result: box(name), ...more });
    const tasks = [
      [
        annotation("old", { created_at: "2024-01-01T00:00:00Z" }),
        annotation("new", { created_at: "2024-02-01T00:00:00Z" }),
        annotation("skipped", { created_at: "2024-03-01T00:00:00Z", was_cancelled: true }),
      ],
      [
        annotation("truth", { ground_truth: true, created_at: "2023-01-01T00:00:00Z" }),
        annotation("later", { created_at: "2024-01-01T00:00:00Z" }),
      ],
      [],
    ].map((annotations, id) => ({
      id,
      data: { image: `${id}.jpg` },
      annotations,
      predictions: [{ id: 9, score: 0.8, result: box("guess") }],
    }));
    const files = Object.fromEntries([0, 1, 2].map((id) => [`${id}.jpg`, image]));
    const names = async (options?: LabelStudioOptions) =>
      (await read(tasks, files, options)).inputs.map(({ annotations }) => annotations[0]?.concepts[0]?.id);
    expect(await names()).toEqual(["new", "truth", undefined]);
    expect(await names({ predictions: "fallback" })).toEqual(["new", "truth", "guess"]);
    expect(await names({ predictions: "only" })).toEqual(["guess", "guess", "guess"]);
    expect((await read(tasks, files)).report.notes).toEqual({
      "Label Studio: a task has several annotations; the ground truth or the latest was read": 2,
      "Label Studio: predictions were left out": 3,
    });
  });

  it("finds media of uploads, local files and buckets below the root, and keeps URLs", async () => {
    const references = [
      "/data/upload/1/0a1b2c3d-a.jpg",
      "/data/local-files/?d=sets/b%20c.jpg",
      "s3://bucket/deep/d.jpg",
      "https://example.com/e.jpg?x=1",
    ];
    const tasks = references.map((reference, id) => ({
      id,
      data: { image: reference },
      annotations: [
        {
          result: [
            region("r", "rectanglelabels", { x: 0, y: 0, width: 50, height: 50, rotation: 0, rectanglelabels: ["x"] }),
          ],
        },
      ],
    }));
    const { inputs } = await read(tasks, {
      "media/upload/1/0a1b2c3d-a.jpg": image,
      "sets/b c.jpg": image,
      "d.jpg": image,
    });
    expect(inputs.map(({ metadata }) => metadata.filename)).toEqual(["0a1b2c3d-a.jpg", "b c.jpg", "d.jpg", "e.jpg"]);
    expect(inputs[3]?.image).toEqual({ url: "https://example.com/e.jpg?x=1" });
    expect(inputs[3]?.annotations[0]?.box).toEqual([0, 0, 0.5, 0.5]);
  });

  it("reads JSON_MIN, with its choices on demand", async () => {
    const row = {
      image: "a.jpg",
      id: 4,
      label: [{ x: 0, y: 0, width: 50, height: 50, rotation: 0, rectanglelabels: ["cat"], ...size }],
      scene: "indoor",
      annotator: 1,
      annotation_id: 3,
    };
    const plain = await read([row]);
    expect(plain.inputs[0]).toMatchObject({
      annotations: [{ box: [0, 0, 0.5, 0.5], concepts: [{ id: "cat" }] }],
      metadata: { labelStudio: { task: 4, annotation: 3, data: { scene: "indoor" } } },
    });
    expect((await read([row], { "a.jpg": image }, { choices: ["scene"] })).inputs[0]?.concepts).toEqual([
      { id: "indoor" },
    ]);
  });

  it("makes time segments of the regions of audio", async () => {
    const wave = Buffer.concat([
      Buffer.from("RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\0\0\0\0", "latin1"),
    ]);
    const result = [
      {
        id: "s",
        type: "labels",
        from_name: "l",
        to_name: "audio",
        value: { start: 0.5, end: 1.25, channel: 0, labels: ["speech"] },
      },
    ];
    const { inputs } = await read([task({ audio: "a.wav" }, result)], { "a.wav": wave });
    expect(inputs[0]?.annotations[0]).toMatchObject({
      timeSegment: { begin: 0.5, end: 1.25 },
      concepts: [{ id: "speech" }],
    });
  });

  it("counts in the upright pixels of an image with an orientation", async () => {
    const value = { x: 50, y: 0, width: 50, height: 25, rotation: 0, rectanglelabels: ["x"] };
    const turned = region("r", "rectanglelabels", value, { original_width: 20, original_height: 40 });
    const { inputs } = await read([task({ image: "a.jpg" }, [turned])], { "a.jpg": await orientedJpeg(40, 20, 6) });
    expect(rounded(inputs[0]?.annotations[0]?.box)).toEqual([0, 0, 0.25, 0.5]);
  });

  it("fails broken tasks one by one, and reports a file that ends early", async () => {
    const bad = [
      task({ image: "no.jpg" }, []),
      task({ image: "../../etc/passwd.jpg" }, []),
      task({ image: "a.jpg" }, [region("r", "brushlabels", { rle: [1, 2], brushlabels: ["x"] })]),
      task({ image: "a.jpg" }, [
        region("r", "rectanglelabels", { x: 90, y: 0, width: 20, height: 10, rectanglelabels: ["x"] }),
      ]),
      task({ other: 5 }, []),
      task({ text: "short" }, [region("r", "labels", { start: 0, end: 99, labels: ["x"] })]),
    ];
    const { report } = await read(bad);
    expect(failuresOf(report)).toEqual([
      expect.stringMatching(/^ERR_IMAGE_MISSING: .*export\.json:0: the image "no\.jpg" does not exist/),
      expect.stringMatching(/^ERR_IMAGE_MISSING: .*export\.json:1/),
      expect.stringMatching(/^ERR_MASK: .*export\.json:2: region "r": the mask is not valid/),
      expect.stringMatching(/^ERR_BOX: .*export\.json:3: region "r"/),
      expect.stringMatching(/^ERR_LABEL: .*export\.json:4: no field of the task/),
      expect.stringMatching(/^ERR_LABEL: .*export\.json:5: region "r": \[0, 99\]/),
    ] as string[]);
    const path = folderWith(temp, { "cut.json": `[${JSON.stringify({ data: { text: "a" } })}, {"data": ` });
    const cut = await readAll(labelStudio(`${path}/cut.json`));
    expect([cut.inputs.length, failuresOf(cut.report)]).toEqual([
      1,
      [expect.stringMatching(/ERR_LABEL: .*ends in the middle/)],
    ] as never);
  });
});

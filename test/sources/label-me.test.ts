import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { flow, labelMe } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { failuresOf, maskPixels, orientedJpeg, readAll, rounded } from "../helpers/datasets.js";
import { folderWith, tempFolder } from "../helpers/files.js";

const temp = tempFolder();
const shape = (label: string, type: string, points: number[][], more: object = {}) => ({
  ...{ label, points, group_id: null, shape_type: type, flags: {} },
  ...more,
});
const json = (shapes: object[], more: object = {}) =>
  JSON.stringify({
    version: "5.1.1",
    flags: {},
    shapes,
    imagePath: "a.jpg",
    imageData: null,
    imageHeight: 20,
    imageWidth: 40,
    ...more,
  });

async function dataset(text: string, orientation = 1): Promise<string> {
  return folderWith(temp, { "a.jpg": await orientedJpeg(40, 20, orientation), "a.json": text });
}

testSource("labelMe", async () => {
  const image = await orientedJpeg(40, 20);
  const path = folderWith(temp, { "a.jpg": image, "a.json": json([]), "b.jpg": image, "c.jpg": image });
  return { source: labelMe(path), ids: (await flow(labelMe(path)).toArray()).map(({ id }) => id) };
});

describe("labelMe", () => {
  it("reads each kind of shape", async () => {
    const mask = await sharp({ create: { width: 2, height: 3, channels: 3, background: "white" } })
      .png()
      .toBuffer();
    const path = await dataset(
      json([
        shape("box", "rectangle", [
          [20, 10],
          [10, 5],
        ]),
        shape("triangle", "polygon", [
          [0, 0],
          [40, 0],
          [40, 20],
        ]),
        shape("dot", "point", [[10, 10]], { group_id: 3, description: "left eye" }),
        shape("disc", "circle", [
          [20, 10],
          [24, 10],
        ]),
        shape("edge", "line", [
          [0, 0],
          [40, 20],
        ]),
        shape(
          "area",
          "mask",
          [
            [3, 4],
            [4, 6],
          ],
          { mask: mask.toString("base64") },
        ),
      ]),
    );
    const { inputs, report } = await readAll(labelMe(path));
    const [input] = inputs;
    const [box, triangle, dot, disc, area] = input?.annotations ?? [];
    expect(box).toEqual({ box: [0.25, 0.25, 0.5, 0.5], concepts: [{ id: "box" }] });
    expect(triangle?.polygon).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
    expect(dot).toMatchObject({ point: [0.25, 0.5], info: { labelMe: { group_id: 3, description: "left eye" } } });
    expect(disc?.polygon).toHaveLength(64);
    expect(disc?.polygon?.[0]).toEqual([0.6, 0.5]);
    expect(disc?.info).toEqual({ labelMe: { circle: { center: [20, 10], radius: 4 } } });
    const { inside } = await maskPixels(area);
    expect(inside).toEqual([
      [3, 4],
      [4, 4],
      [3, 5],
      [4, 5],
      [3, 6],
      [4, 6],
    ]);
    expect(input?.metadata.labelMe).toMatchObject({ lines: [{ label: "edge", shape_type: "line" }] });
    expect(report.notes).toEqual({
      "a circle became a polygon of 64 corners": 1,
      "LabelMe: a line has no area; it is in the metadata, not among the regions": 1,
    });
  });

  it("makes the flags that are set concepts of the image", async () => {
    const { inputs } = await readAll(labelMe(await dataset(json([], { flags: { night: true, rain: false } }))));
    expect(inputs[0]?.concepts).toEqual([{ id: "night" }]);
    expect(inputs[0]?.metadata.labelMe).toEqual({ version: "5.1.1", flags: { night: true, rain: false } });
  });

  it("reads the copy inside the JSON file if the image is missing, and follows paths of Windows", async () => {
    const image = await orientedJpeg(40, 20);
    const embedded = folderWith(temp, { "a.json": json([], { imageData: image.toString("base64") }) });
    const { inputs, report } = await readAll(labelMe(embedded));
    expect(inputs[0]?.image).toMatchObject({ width: 40, height: 20 });
    expect(report.notes).toEqual({ "LabelMe: the image file is missing; its copy in the JSON file was read": 1 });
    const windows = folderWith(temp, {
      "images/a.jpg": image,
      "labels/a.json": json([shape("x", "point", [[1, 1]])], { imagePath: "..\\images\\a.jpg" }),
    });
    expect((await readAll(labelMe(windows))).inputs.map(({ annotations }) => annotations.length)).toEqual([1]);
  });

  it("counts in the upright pixels, unless the size is that of the stored ones", async () => {
    const turned = json(
      [
        shape("x", "rectangle", [
          [10, 0],
          [20, 10],
        ]),
      ],
      { imageWidth: 20, imageHeight: 40 },
    );
    expect(rounded((await readAll(labelMe(await dataset(turned, 6)))).inputs[0]?.annotations[0]?.box)).toEqual([
      0, 0, 0.25, 0.5,
    ]);
    const old = json([
      shape("x", "rectangle", [
        [20, 0],
        [40, 5],
      ]),
    ]);
    expect((await readAll(labelMe(await dataset(old, 6)))).inputs[0]?.annotations[0]?.box).toEqual([0.5, 0, 1, 0.25]);
  });

  it("fails broken files one by one, and never reads outside of the dataset", async () => {
    const image = await orientedJpeg(40, 20);
    const outside = folderWith(temp, { "secret.jpg": image }).split("/").at(-1);
    const path = folderWith(temp, {
      "a.json": "{",
      "b.json": json([], { imagePath: `../${outside}/secret.jpg` }),
      "c.jpg": image,
      "c.json": json([shape("x", "spline", [[1, 1]])], { imagePath: "c.jpg" }),
      "d.json": "{}",
    });
    const { report, inputs } = await readAll(labelMe(path));
    expect(inputs).toEqual([]);
    expect(failuresOf(report)).toEqual([
      expect.stringMatching(/^ERR_LABEL: .*a\.json is not JSON/),
      expect.stringMatching(/^ERR_IMAGE_MISSING: .*b\.json: the image/),
      expect.stringMatching(/^ERR_LABEL: .*c\.json: shape 0 "x" has the unknown shape_type "spline"/),
      expect.stringMatching(/^ERR_LABEL: .*d\.json is not a file of LabelMe/),
    ] as string[]);
  });
});

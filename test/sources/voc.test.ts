import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flow, type VocOptions, voc } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { failuresOf, orientedJpeg, readAll, rounded } from "../helpers/datasets.js";
import { folderWith, tempFolder } from "../helpers/files.js";

const temp = tempFolder();
const box = (sides: readonly (number | string)[]) =>
  ["xmin", "ymin", "xmax", "ymax"].map((name, index) => `<${name}>${sides[index]}</${name}>`).join("");
const object = (name: string, sides: readonly (number | string)[], more = "") =>
  `<object><name>${name}</name>${more}<bndbox>${box(sides)}</bndbox></object>`;
const xml = (filename: string, size: [number, number], ...parts: string[]) =>
  `<annotation><filename>${filename}</filename><size><width>${size[0]}</width><height>${size[1]}</height><depth>3</depth></size>${parts.join("")}</annotation>`;

async function dataset(
  labels: Record<string, string>,
  more: Record<string, string | Uint8Array> = {},
  orientation = 1,
) {
  const image = await orientedJpeg(40, 20, orientation);
  const files: Record<string, string | Uint8Array> = { "JPEGImages/a.jpg": image, ...more };
  for (const [name, text] of Object.entries(labels)) files[`Annotations/${name}.xml`] = text;
  return folderWith(temp, files);
}
const read = async (path: string, options?: VocOptions) => readAll(voc(path, options));

testSource("voc", async () => {
  const image = await orientedJpeg(40, 20);
  const images = Object.fromEntries(["b", "c"].map((name) => [`JPEGImages/${name}.jpg`, image]));
  const path = await dataset({ a: xml("a.jpg", [40, 20], object("cat", [1, 1, 40, 20])) }, images);
  return { source: voc(path), ids: (await flow(voc(path)).toArray()).map(({ id }) => id) };
});

describe("voc", () => {
  it("counts pixels from 1, and includes xmax and ymax", async () => {
    const path = await dataset({
      a: xml("a.jpg", [40, 20], object("cat", [1, 1, 40, 20]), object("dog", [11, 6, 20, 10])),
    });
    const { inputs } = await read(path);
    expect(inputs[0]?.annotations.map((one) => one.box)).toEqual([
      [0, 0, 1, 1],
      [0.25, 0.25, 0.5, 0.5],
    ]);
  });

  it("reads fractions and 0 as zero-based coordinates, unless the file names PASCAL VOC, and reports it", async () => {
    const sides = ["10.0", "5.0", "20.0", "10.0"];
    const source = "<source><database>The VOC2008 Database</database><annotation>PASCAL VOC2008</annotation></source>";
    const path = await dataset({ a: xml("a.jpg", [40, 20], object("cat", sides)) });
    const { inputs, report } = await read(path);
    expect(inputs[0]?.annotations[0]?.box).toEqual([0.25, 0.25, 0.5, 0.5]);
    expect(report.notes).toEqual({ "VOC: coordinates have fractions or 0, so they were read as zero-based": 1 });
    const official = await dataset({ a: xml("a.jpg", [40, 20], source, object("cat", sides)) });
    expect((await read(official)).inputs[0]?.annotations[0]?.box).toEqual([0.225, 0.2, 0.5, 0.5]);
    const chosen = await read(path, { pixels: "one-based" });
    expect(chosen.inputs[0]?.annotations[0]?.box).toEqual([0.225, 0.2, 0.5, 0.5]);
    expect(chosen.report.notes).toEqual({});
  });

  it("keeps pose, flags, actions and parts, with the object of a part", async () => {
    const part = `<part><name>head</name><bndbox>${box([1, 1, 4, 4])}</bndbox></part>`;
    const more = `<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><actions><walking>1</walking></actions>${part}`;
    const path = await dataset({ a: xml("a.jpg", [40, 20], object("person", [1, 1, 20, 20], more)) });
    const [input] = (await read(path)).inputs;
    expect(input?.annotations.map(({ concepts, info }) => ({ concepts, info }))).toEqual([
      {
        concepts: [{ id: "person" }],
        info: { voc: { pose: "Left", truncated: 1, difficult: 0, actions: { walking: "1" }, object: 1 } },
      },
      { concepts: [{ id: "head" }], info: { voc: { partOf: 1 } } },
    ]);
    expect(input?.metadata).toEqual({ filename: "a.jpg", voc: { depth: 3 } });
  });

  it("reads polygons of Roboflow, and rotated boxes of roLabelImg", async () => {
    const polygon = `<polygon><x1>1</x1><y1>1</y1><x2>21</x2><y2>1</y2><x3>21</x3><y3>11</y3></polygon>`;
    const turned = `<object><name>dog</name><robndbox><cx>20</cx><cy>10</cy><w>8</w><h>4</h><angle>1.5707963267948966</angle></robndbox></object>`;
    const path = await dataset({ a: xml("a.jpg", [40, 20], object("cat", [1, 1, 20, 10], polygon), turned) });
    const [first, second] = (await read(path)).inputs[0]?.annotations ?? [];
    expect(rounded(first?.polygon)).toEqual([
      [0, 0],
      [0.5, 0],
      [0.5, 0.5],
    ]);
    expect(rounded(second?.polygon)).toEqual([
      [0.55, 0.3],
      [0.55, 0.7],
      [0.45, 0.7],
      [0.45, 0.3],
    ]);
  });

  it("takes splits from the lists of images, and the first class list as classes", async () => {
    const image = await orientedJpeg(40, 20);
    const path = await dataset(
      { a: xml("a.jpg", [40, 20]) },
      {
        "JPEGImages/b.jpg": image,
        "ImageSets/Main/trainval.txt": "a\nb\n",
        "ImageSets/Main/train.txt": "a\n",
        "ImageSets/Main/cat_train.txt": "a  1\nb -1\n",
        "ImageSets/Main/ant_train.txt": "a -1\n",
      },
    );
    const { inputs } = await read(path);
    expect(inputs.map(({ metadata }) => [metadata.filename, metadata.split])).toEqual([
      ["a.jpg", "train"],
      ["b.jpg", "trainval"],
    ]);
    expect(inputs[0]?.metadata.voc).toMatchObject({ sets: ["train", "trainval"] });
    expect(await voc(path).classes?.({ signal: new AbortController().signal })).toEqual(["ant", "cat"]);
  });

  it("reads a devkit of several years, annotations beside images, and XML files between images", async () => {
    const image = await orientedJpeg(40, 20);
    const label = xml("a.jpg", [40, 20], object("cat", [1, 1, 40, 20]));
    const layouts: Record<string, string | Buffer>[] = [
      {
        "VOC2007/JPEGImages/a.jpg": image,
        "VOC2007/Annotations/a.xml": label,
        "VOC2012/JPEGImages/a.jpg": image,
        "VOC2012/Annotations/a.xml": label,
      },
      { "images/a.jpg": image, "annotations/a.xml": label },
      { "train/a.jpg": image, "train/a.xml": label, "valid/a.jpg": image, "valid/a.xml": label },
    ];
    const found = [];
    for (const files of layouts) {
      const { inputs } = await read(folderWith(temp, files));
      found.push(inputs.map(({ annotations, metadata }) => [annotations.length, metadata.split]));
    }
    expect(found).toEqual([
      [
        [1, undefined],
        [1, undefined],
      ],
      [[1, undefined]],
      [
        [1, "train"],
        [1, "valid"],
      ],
    ]);
  });

  it("finds the image by the name in the file if no image has the name of the file", async () => {
    const path = await dataset({ other: xml("C:\\pictures\\a.jpg", [40, 20], object("cat", [1, 1, 40, 20])) });
    const { inputs } = await read(path);
    expect(inputs.map(({ metadata, annotations }) => [metadata.filename, annotations.length])).toEqual([["a.jpg", 1]]);
    expect(inputs[0]?.metadata.voc).toMatchObject({ filename: "C:\\pictures\\a.jpg" });
  });

  it("fails broken files one by one, by name", async () => {
    const ok = xml("a.jpg", [40, 20], object("cat", [1, 1, 40, 20]));
    const image = await orientedJpeg(40, 20);
    const path = await dataset(
      {
        a: ok,
        b: "<annotation><object></annotation>",
        c: xml("nowhere.jpg", [40, 20]),
        d: "<annotations/>",
        e: xml("e.jpg", [40, 20], object("cat", [1, 1, 50, 20])),
        f: xml("f.jpg", [64, 64], object("cat", [1, 1, 20, 20])),
        g: xml("g.jpg", [40, 20], object("cat", ["x", 1, 2, 2])),
      },
      Object.fromEntries(["b", "d", "e", "f", "g"].map((name) => [`JPEGImages/${name}.jpg`, image])),
    );
    const { inputs, report } = await read(path);
    expect(inputs).toHaveLength(1);
    const short = failuresOf(report).map((text) => text.replaceAll(`${path}/`, ""));
    expect(short).toEqual([
      expect.stringContaining("ERR_LABEL: Annotations/b.xml:1: not valid XML"),
      expect.stringContaining(
        'ERR_IMAGE_MISSING: Annotations/c.xml: the image "nowhere.jpg" does not exist; tried JPEGImages/nowhere.jpg',
      ),
      expect.stringContaining("ERR_LABEL: Annotations/d.xml is not an annotation of VOC"),
      expect.stringContaining('ERR_BOX: Annotations/e.xml:1: object "cat"'),
      expect.stringContaining(
        "ERR_IMAGE_SIZE: Annotations/f.xml: the label is for an image of 64 × 64 pixels, and the image has 40 × 20",
      ),
      expect.stringContaining('ERR_LABEL: Annotations/g.xml:1: xmin of bndbox is "x", which is not a number'),
    ] as string[]);
  });

  it("clips and drops regions outside as asked, and accepts a declared size of 0", async () => {
    const path = await dataset({ a: xml("a.jpg", [0, 0], object("cat", [31, 1, 50, 20])) });
    const { inputs, report } = await read(path, { invalid: "clip" });
    expect(inputs[0]?.annotations[0]?.box).toEqual([0.75, 0, 1, 1]);
    expect(report.notes).toEqual({ "a region outside the image was clipped": 1 });
    expect((await read(path, { invalid: "drop" })).inputs[0]?.annotations).toEqual([]);
  });

  it("finds an image of another name beside its XML in a folder, and names the paths that it tried", async () => {
    const image = await orientedJpeg(40, 20);
    const files = {
      "train/x.xml": xml("other.jpg", [40, 20], object("cat", [1, 1, 20, 20])),
      "train/y.xml": xml("none.jpg", [40, 20]),
      "train/other.jpg": image,
    };
    const path = folderWith(temp, files);
    const { inputs, report } = await read(path);
    expect(inputs).toHaveLength(1);
    expect(failuresOf(report).map((text) => text.replaceAll(`${path}/`, ""))).toEqual([
      'ERR_IMAGE_MISSING: train/y.xml: the image "none.jpg" does not exist; tried none.jpg, train/none.jpg',
    ]);
  });

  it("refuses entities of a document, and names that leave the dataset", async () => {
    const secret = folderWith(temp, { "secret.jpg": await orientedJpeg(40, 20) });
    const laughs = `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY file SYSTEM "file://${secret}/secret.jpg">]><annotation><filename>&b;</filename></annotation>`;
    const path = await dataset({ b: laughs, c: xml(`../../${secret.split("/").at(-1)}/secret.jpg`, [40, 20]) });
    const { report } = await read(path);
    expect(failuresOf(report)).toEqual([
      expect.stringMatching(/^ERR_LABEL: .*b\.xml:1: not valid XML: undefined entity/),
      expect.stringMatching(/^ERR_IMAGE_MISSING: /),
    ] as string[]);
  });

  it("decides by the declared size whether boxes count in the upright pixels, in all eight orientations", async () => {
    // The right half of the top quarter of the upright image.
    const expected: Record<number, number[]> = {
      1: [0.5, 0, 1, 0.25],
      2: [0, 0, 0.5, 0.25],
      3: [0, 0.75, 0.5, 1],
      4: [0.5, 0.75, 1, 1],
      5: [0, 0.5, 0.25, 1],
      6: [0, 0, 0.25, 0.5],
      7: [0.75, 0, 1, 0.5],
      8: [0.75, 0.5, 1, 1],
    };
    for (let orientation = 1; orientation <= 8; orientation += 1) {
      const [width, height] = orientation >= 5 ? [20, 40] : [40, 20];
      const label = xml("a.jpg", [width, height], object("cat", [width / 2 + 1, 1, width, height / 4]));
      const path = await dataset({ a: label }, {}, orientation);
      expect([orientation, rounded((await read(path)).inputs[0]?.annotations[0]?.box)]).toEqual([
        orientation,
        expected[orientation],
      ]);
      const stored = await dataset({ a: xml("a.jpg", [40, 20], object("cat", [21, 1, 40, 5])) }, {}, orientation);
      const { inputs } = await read(stored, { orientation: "stored" });
      expect(inputs[0]?.annotations[0]?.box).toEqual([0.5, 0, 1, 0.25]);
    }
  });

  it("follows links to images, and reads another encoding", async () => {
    const path = await dataset(
      {},
      {
        "Annotations/b.xml": Buffer.from(
          '<?xml version="1.0" encoding="ISO-8859-1"?><annotation><object><name>Käfer</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>40</xmax><ymax>20</ymax></bndbox></object></annotation>',
          "latin1",
        ),
      },
    );
    symlinkSync(join(path, "JPEGImages/a.jpg"), join(path, "JPEGImages/b.jpg"));
    const { inputs } = await read(path);
    expect(inputs.map(({ annotations }) => annotations[0]?.concepts[0]?.id)).toEqual(["Käfer", undefined]);
  });
});

import { describe, expect, it } from "vitest";
import { cvat, flow } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { failuresOf, maskPixels, orientedJpeg, readAll, rounded } from "../helpers/datasets.js";
import { folderWith, tempFolder } from "../helpers/files.js";

const temp = tempFolder();
const meta = `<meta><task><name>t</name><labels><label><name>car</name><type>any</type></label><label><name>body</name><type>skeleton</type></label><label><name>head</name><parent>body</parent></label></labels></task></meta>`;
const file = (...images: string[]) =>
  `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>${meta}\n${images.join("\n")}</annotations>`;
const image = (name: string, content = "", more = "") =>
  `<image id="0" name="${name}" width="40" height="20" ${more}>${content}</image>`;

async function dataset(xml: string, orientation = 1): Promise<string> {
  return folderWith(temp, { "images/a.jpg": await orientedJpeg(40, 20, orientation), "annotations.xml": xml });
}

testSource("cvat", async () => {
  const picture = await orientedJpeg(40, 20);
  const xml = file(image("a.jpg"), image("b.jpg"), image("c.jpg"));
  const path = folderWith(temp, {
    "images/a.jpg": picture,
    "images/b.jpg": picture,
    "images/c.jpg": picture,
    "annotations.xml": xml,
  });
  return { source: cvat(path), ids: (await flow(cvat(path)).toArray()).map(({ id }) => id) };
});

describe("cvat", () => {
  it("reads each kind of element", async () => {
    const shapes = [
      `<box label="car" source="manual" occluded="1" xtl="10.00" ytl="5.00" xbr="20.00" ybr="10.00" z_order="2" group_id="7"><attribute name="color">red</attribute></box>`,
      `<box label="car" occluded="0" xtl="16" ytl="8" xbr="24" ybr="12" z_order="0" rotation="90.00"></box>`,
      `<polygon label="car" points="0.00,0.00;40.00,0.00;40.00,20.00" z_order="0"></polygon>`,
      `<points label="car" points="10.00,10.00;20.00,5.00"></points>`,
      `<ellipse label="car" cx="20" cy="10" rx="8" ry="4"></ellipse>`,
      `<mask label="car" rle="1, 2, 1, 2" left="3" top="4" width="3" height="2"></mask>`,
      `<skeleton label="body" z_order="0"><points label="head" occluded="0" outside="0" points="4,2"></points><points label="hand" outside="1" points="0,0"></points></skeleton>`,
      `<polyline label="car" points="0,0;1,1"></polyline>`,
      `<cuboid label="car" xtl1="1" ytl1="1"></cuboid>`,
      `<tag label="night" source="manual"><attribute name="sure">yes</attribute></tag>`,
      `<polygon label="" points="0,0;1,0;1,1"/>`,
    ];
    const { inputs, report } = await readAll(cvat(await dataset(file(image("a.jpg", shapes.join("\n"))))));
    const [input] = inputs;
    const [box, turned, polygon, first, second, ellipse, mask, head, bare] = input?.annotations ?? [];
    const info = { cvat: { source: "manual", occluded: 1, z_order: 2, group_id: 7, attributes: { color: "red" } } };
    expect(box).toEqual({ box: [0.25, 0.25, 0.5, 0.5], concepts: [{ id: "car" }], info });
    expect(rounded(turned?.polygon)).toEqual([
      [0.55, 0.3],
      [0.55, 0.7],
      [0.45, 0.7],
      [0.45, 0.3],
    ]);
    expect(turned?.info).toEqual({ cvat: { rotation: 90, box: [16, 8, 24, 12] } });
    expect(polygon?.polygon).toHaveLength(3);
    expect([first, second].map((one) => [one?.point, one?.info])).toEqual([
      [[0.25, 0.5], { cvat: { point: 0 } }],
      [[0.5, 0.25], { cvat: { point: 1 } }],
    ]);
    expect([ellipse?.polygon?.[0], rounded(ellipse?.polygon?.[16])]).toEqual([
      [0.7, 0.5],
      [0.5, 0.7],
    ]);
    expect((await maskPixels(mask)).inside).toEqual([
      [4, 4],
      [5, 4],
      [4, 5],
      [5, 5],
    ]);
    expect(head).toEqual({
      point: [0.1, 0.1],
      concepts: [{ id: "head" }],
      info: { cvat: { skeleton: { label: "body", number: 6 } } },
    });
    expect(bare?.concepts).toEqual([]);
    expect(input?.concepts).toEqual([{ id: "night" }]);
    expect(input?.metadata.cvat).toMatchObject({
      tags: [{ label: "night", attributes: { sure: "yes" } }],
      others: [{ kind: "points" }, { kind: "polyline" }, { kind: "cuboid" }],
    });
    expect(Object.keys(report.notes).sort()).toEqual([
      "CVAT: a cuboid is in the metadata, not among the regions",
      "CVAT: a point of a skeleton that is outside is in the metadata, not among the regions",
      "CVAT: a polyline has no area; it is in the metadata, not among the regions",
      "an ellipse became a polygon of 64 corners",
    ]);
  });

  it("takes the subset as split, and the labels of the file as classes", async () => {
    const picture = await orientedJpeg(40, 20);
    const xml = file(image("a.jpg", "", 'subset="Train"'), image("deep/b.jpg", "", 'subset="default"'));
    const path = folderWith(temp, {
      "images/Train/a.jpg": picture,
      "images/deep/b.jpg": picture,
      "annotations.xml": xml,
    });
    const { inputs } = await readAll(cvat(path));
    expect(inputs.map(({ metadata }) => [metadata.filename, metadata.split])).toEqual([
      ["a.jpg", "Train"],
      ["b.jpg", undefined],
    ]);
    expect(await cvat(path).classes?.({ signal: new AbortController().signal })).toEqual(["car", "body"]);
  });

  it("counts in the upright pixels of an image with an orientation", async () => {
    const turned = `<image name="a.jpg" width="20" height="40"><box label="car" xtl="10" ytl="0" xbr="20" ybr="10"/><mask label="car" rle="0, 1" left="19" top="0" width="1" height="1"/></image>`;
    const [input] = (await readAll(cvat(await dataset(file(turned), 6)))).inputs;
    const [box, mask] = input?.annotations ?? [];
    expect(rounded(box?.box)).toEqual([0, 0, 0.25, 0.5]);
    expect(await maskPixels(mask)).toEqual({ width: 40, height: 20, inside: [[0, 0]] });
  });

  it("refuses CVAT for video and other XML, and fails single images by name", async () => {
    const refused = { name: "SourceError", code: "ERR_CVAT_FORMAT" };
    await expect(readAll(cvat(await dataset(file(`<track id="0" label="car"></track>`))))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('"CVAT for video 1.1"') as string,
    });
    await expect(readAll(cvat(await dataset("<annotation/>")))).rejects.toMatchObject(refused);
    const broken = [
      image("a.jpg", `<box label="car" xtl="1" ytl="1" xbr="x" ybr="3"/>`),
      image("../../x.jpg"),
      image("a.jpg", `<mask label="car" rle="9" left="0" top="0" width="2" height="2"/>`),
    ];
    const { report, inputs } = await readAll(cvat(await dataset(file(...broken, image("a.jpg")))));
    expect(inputs).toHaveLength(1);
    expect(failuresOf(report)).toEqual([
      expect.stringMatching(/^ERR_LABEL: .*annotations\.xml:4: box "car": xbr is "x", which is not a number/),
      expect.stringMatching(
        /^ERR_IMAGE_MISSING: .*the image "\.\.\/\.\.\/x\.jpg" does not exist; it lies outside of the dataset/,
      ),
      expect.stringMatching(/^ERR_MASK: .*rle does not fit 2 × 2 pixels/),
    ] as string[]);
  });

  it("reads the images before a damage, and reports the damage with its line", async () => {
    const { report, inputs } = await readAll(
      cvat(await dataset(file(image("a.jpg"), "<image name='b.jpg'>").replace("</annotations>", ""))),
    );
    expect(inputs).toHaveLength(1);
    expect(failuresOf(report)).toEqual([
      expect.stringMatching(/^ERR_LABEL: .*annotations\.xml:5: not valid XML/),
    ] as string[]);
  });
});

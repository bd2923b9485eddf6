import { describe, expect, it } from "vitest";
import { type Annotation, annotate, boundingBox, concept, type Input, polygon } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { turns } from "../helpers/flows.js";
import { one, through } from "../helpers/transforms.js";

const image = { url: "https://a.test/x.jpg", width: 200, height: 100 };
const inputs = ["a", "b", "c"].map((id) => ({ id, image }));
const triangle = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.5, 0.9],
];
const drawn = async (draw: Parameters<typeof annotate>[0], input: object = { image }) =>
  (await one(annotate(draw), input)).annotations;

testTransform("annotate", async () => ({
  transform: annotate(() => [boundingBox([0, 0, 1, 1], "all"), concept("x")]),
  inputs,
}));

describe("annotate", () => {
  it("adds boxes, polygons and concepts to the existing ones", async () => {
    const before: Annotation = { id: "old", concepts: [] };
    const made = await drawn(
      () => [
        boundingBox([0.1, 0.2, 0.3, 0.4], "cat", { id: "new" }),
        polygon(triangle, ["sail", "boat"]),
        concept({ id: "sea", value: 0 }, { id: "c" }),
      ],
      {
        image,
        annotations: [before],
      },
    );
    expect(made).toEqual([
      before,
      { id: "new", box: [0.1, 0.2, 0.3, 0.4], concepts: [{ id: "cat" }] },
      { polygon: triangle, concepts: [{ id: "sail" }, { id: "boat" }] },
      { id: "c", concepts: [{ id: "sea", value: 0 }] },
    ]);
  });

  it("accepts one, several or no annotation, sync or async", async () => {
    expect(await drawn(() => boundingBox([0, 0, 1, 1], "cat"))).toHaveLength(1);
    expect(await drawn(() => undefined)).toEqual([]);
    expect(await drawn(() => [])).toEqual([]);
    expect(await drawn(() => turns(1).then(() => [concept("a"), concept("b")]))).toHaveLength(2);
  });

  it("divides pixels by the size of the option, or of the image", async () => {
    const share = { box: [0.05, 0.2, 0.5, 1], concepts: [{ id: "cat" }] };
    expect(await drawn(() => boundingBox([10, 20, 100, 100], "cat", { pixels: { width: 200, height: 100 } }))).toEqual([
      share,
    ]);
    expect(await drawn(() => boundingBox([10, 20, 100, 100], "cat", { pixels: true }))).toEqual([share]);
    const points = [
      [0, 0],
      [200, 0],
      [100, 50],
    ];
    expect((await drawn(() => polygon(points, "sail", { pixels: true })))[0]?.polygon).toEqual([
      [0, 0],
      [1, 0],
      [0.5, 0.5],
    ]);
  });

  const wrong: [string, () => ReturnType<typeof boundingBox>, string][] = [
    [
      "box of loose numbers",
      () => boundingBox(...([0, 0, 1, 1] as unknown as Parameters<typeof boundingBox>)),
      "ERR_BOX",
    ],
    ["polygon of loose numbers", () => polygon([0, 0, 1] as unknown as number[][], "x"), "ERR_POLYGON"],
    ["box beyond the image", () => boundingBox([0, 0, 1.2, 1], "x"), "ERR_BOX"],
    ["box in pixels without a size", () => boundingBox([10, 20, 110, 220], "x"), "ERR_BOX"],
    ["box beyond its pixels", () => boundingBox([0, 0, 201, 50], "x", { pixels: true }), "ERR_BOX"],
    ["box below nothing", () => boundingBox([-0.1, 0, 1, 1], "x"), "ERR_BOX"],
    ["box turned round in x", () => boundingBox([0.8, 0.1, 0.2, 0.9], "x"), "ERR_BOX"],
    ["box turned round in y", () => boundingBox([0.1, 0.9, 0.2, 0.1], "x"), "ERR_BOX"],
    ["box without a width", () => boundingBox([0.1, 0.1, 0.1, 0.9], "x"), "ERR_BOX"],
    ["box of three numbers", () => boundingBox([0.1, 0.1, 0.9], "x"), "ERR_BOX"],
    ["box of no numbers", () => boundingBox([0, 0, Number.NaN, 1], "x"), "ERR_BOX"],
    [
      "box of an image without a width",
      () => boundingBox([0, 0, 1, 1], "x", { pixels: { width: 0, height: 10 } }),
      "ERR_BOX",
    ],
    ["polygon of two points", () => polygon(triangle.slice(0, 2), "x"), "ERR_POLYGON"],
    ["polygon beyond the image", () => polygon([...triangle, [0.5, 1.01]], "x"), "ERR_POLYGON"],
    ["polygon with half a point", () => polygon([...triangle, [0.5]], "x"), "ERR_POLYGON"],
    ["concept with a value that is none", () => concept({ id: "x", value: 2 }), "ERR_CONCEPT_VALUE"],
    ["box by hand beyond the image", () => ({ box: [0, 0, 2, 2], concepts: [] }), "ERR_BOX"],
    ["box by hand turned round", () => ({ box: [0.8, 0, 0.2, 1], concepts: [] }), "ERR_BOX"],
    [
      "polygon by hand of two points",
      () => ({ polygon: triangle.slice(1) as [number, number][], concepts: [] }),
      "ERR_POLYGON",
    ],
  ];
  it.each(wrong)("fails only the input for a %s", async (_, draw, code) => {
    const { made, report } = await through(
      annotate((input) => (input.id === "b" ? draw() : undefined)),
      inputs,
    );
    expect(made.map((input) => input.id)).toEqual(["a", "c"]);
    expect(report.failures).toMatchObject([{ id: "b", code, stage: "annotate" }]);
  });

  it("names the value, and the option for pixels", async () => {
    await expect(drawn(() => boundingBox([10, 20, 110, 220], "x"))).rejects.toThrow(
      /\[10, 20, 110, 220\].*pixels: \{ width/,
    );
    await expect(drawn(() => polygon([...triangle, [7, 8]], "x"))).rejects.toThrow(/\[7, 8\].*pixels/);
  });

  it("fails pixels with a clear reason if the size of the image is unknown", async () => {
    const draw = () => boundingBox([1, 2, 3, 4], "x", { pixels: true });
    for (const input of [{ text: "no image" }, { image: { url: "https://a.test/x.jpg" } }]) {
      await expect(drawn(draw, input)).rejects.toThrow("ERR_SIZE_UNKNOWN");
    }
  });

  it("gives the function the input as it was before", async () => {
    const seen: Input[] = [];
    await drawn((input) => void seen.push(input) as undefined);
    expect(seen).toMatchObject([{ image }]);
  });
});

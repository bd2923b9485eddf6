import { describe, expect, it } from "vitest";
import {
  type Annotation,
  annotate,
  boundingBox,
  concept,
  type Input,
  mask,
  point,
  polygon,
  textSpan,
  timeSegment,
  videoFrame,
} from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { gif, png } from "../helpers/bombs.js";
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

  it("makes points and masks", async () => {
    const made = await drawn(() => [
      point([0.5, 0.25], "nose", { id: "p" }),
      point([100, 25], "nose", { pixels: true }),
      mask(png(4, 2), "cat", { id: "m" }),
      mask({ url: "https://a.test/mask.png" }, "cat"),
    ]);
    expect(made).toEqual([
      { id: "p", concepts: [{ id: "nose" }], point: [0.5, 0.25] },
      { concepts: [{ id: "nose" }], point: [0.5, 0.25] },
      { id: "m", concepts: [{ id: "cat" }], mask: { base64: png(4, 2).toString("base64") } },
      { concepts: [{ id: "cat" }], mask: { url: "https://a.test/mask.png" } },
    ]);
  });

  it("makes spans of a text, in characters or in units of JavaScript", async () => {
    const text = "⛵ 😀😀 calm";
    const at = text.indexOf("calm");
    const made = await drawn(
      () => [
        textSpan([5, 9], "mood", { id: "s" }),
        textSpan([at, at + 4], "mood", { units: "utf16" }),
        { span: { start: 5, end: 9, text: "calm" }, concepts: [] },
      ],
      { text },
    );
    expect(made.map(({ span }) => span)).toEqual([
      { start: 5, end: 9 },
      { start: 5, end: 9 },
      { start: 5, end: 9, text: "calm" },
    ]);
  });

  it("makes frames and time segments", async () => {
    const video = { video: { url: "https://a.test/x.mp4" } };
    const made = await drawn(
      () => [
        videoFrame(1500, boundingBox([0, 0, 0.5, 1], "boat", { id: "f" })),
        videoFrame({ number: 12 }, concept("goal")),
        timeSegment([1.5, 4], "music", { id: "t" }),
      ],
      video,
    );
    expect(made).toEqual([
      { id: "f", box: [0, 0, 0.5, 1], concepts: [{ id: "boat" }], frame: { timeMs: 1500 } },
      { concepts: [{ id: "goal" }], frame: { number: 12 } },
      { id: "t", concepts: [{ id: "music" }], timeSegment: { begin: 1.5, end: 4 } },
    ]);
    const pixels = () => videoFrame(0, boundingBox([0, 0, 10, 10], "boat", { pixels: true }));
    await expect(drawn(pixels, video)).rejects.toThrow("ERR_SIZE_UNKNOWN");
  });

  const unfit: [what: string, draw: () => Parameters<typeof concept>[0] | object, input: object, code: string][] = [
    ["a point beside the image", () => point([0.5, 1.5], "x"), { image }, "ERR_POINT"],
    ["a point of three numbers", () => point([0.1, 0.2, 0.3], "x"), { image }, "ERR_POINT"],
    ["a mask that is a GIF", () => mask(gif(2, 2), "x"), { image }, "ERR_MASK"],
    ["a mask that is cut", () => mask(png(2, 2).subarray(0, 20), "x"), { image }, "ERR_MASK"],
    ["a mask without pixels", () => mask(png(0, 2), "x"), { image }, "ERR_MASK"],
    ["a mask that is a number", () => mask(5 as never, "x"), { image }, "ERR_MASK"],
    ["a mask by hand that is no PNG", () => ({ mask: { base64: "R0lGODlh" }, concepts: [] }), { image }, "ERR_MASK"],
    ["a span that ends at its start", () => textSpan([3, 3], "x"), { text: "calm" }, "ERR_SPAN"],
    ["a span of half characters", () => textSpan([0.5, 2], "x"), { text: "calm" }, "ERR_SPAN"],
    ["a span behind the text", () => textSpan([2, 5], "x"), { text: "calm" }, "ERR_SPAN"],
    ["a span behind a text of emojis", () => textSpan([0, 3], "x"), { text: "😀😀" }, "ERR_SPAN"],
    ["a span in units behind the text", () => textSpan([2, 5], "x", { units: "utf16" }), { text: "calm" }, "ERR_SPAN"],
    [
      "a span with other characters",
      () => ({ span: { start: 0, end: 2, text: "lm" }, concepts: [] }),
      { text: "calm" },
      "ERR_SPAN",
    ],
    [
      "a span in units of an unknown text",
      () => textSpan([0, 1], "x", { units: "utf16" }),
      { image },
      "ERR_TEXT_UNKNOWN",
    ],
    ["a span of an image", () => textSpan([0, 1], "x"), { image }, "ERR_ANNOTATION_KIND"],
    ["a frame before the beginning", () => videoFrame(-1, concept("x")), { video: image }, "ERR_FRAME"],
    ["a frame without a time", () => videoFrame({}, concept("x")), { video: image }, "ERR_FRAME"],
    ["a frame of an image", () => videoFrame(0, concept("x")), { image }, "ERR_ANNOTATION_KIND"],
    ["a time segment turned round", () => timeSegment([4, 1], "x"), { audio: image }, "ERR_TIME_SEGMENT"],
    ["a time segment before the beginning", () => timeSegment([-1, 1], "x"), { audio: image }, "ERR_TIME_SEGMENT"],
    ["a time segment of an image", () => timeSegment([1, 4], "x"), { image }, "ERR_ANNOTATION_KIND"],
    [
      "two shapes",
      () => ({ point: [0, 0], span: { start: 0, end: 1 }, concepts: [] }),
      { text: "calm" },
      "ERR_ANNOTATION_KIND",
    ],
    ["a shape that is misspelled", () => ({ spam: [0, 0], concepts: [] }), { image }, "ERR_TRANSFORM_RESULT"],
  ];
  it.each(unfit)("fails an input for %s", async (_, draw, input, code) => {
    const { report } = await through(annotate(draw as () => Annotation), [{ id: "a", ...input }]);
    expect(report.failures).toMatchObject([{ id: "a", code }]);
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

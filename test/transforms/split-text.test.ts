import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Annotation,
  flow,
  fromIterable,
  type Input,
  type SplitTextOptions,
  splitText,
  transform,
  upload,
} from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { chunksOf } from "../../src/transforms/split-text/chunks.js";
import { jpeg, tempFolder } from "../helpers/files.js";
import { sinkOf } from "../helpers/flows.js";
import { openStore } from "../helpers/store.js";
import { through } from "../helpers/transforms.js";

const temp = tempFolder();
const family = "👨‍👩‍👧‍👦";

testTransform("splitText", async () => ({
  transform: splitText({ maxChars: 20, overlap: 5, by: "sentence" }),
  inputs: [
    { id: "one", text: "A short one. And another sentence. And a third." },
    { id: "two", text: "Below 20." },
    { id: "three", text: family.repeat(9) },
    { id: "four", image: { bytes: new Uint8Array(await jpeg()) } },
  ],
}));

const split = async (text: string, options: SplitTextOptions, more: object = {}) =>
  (await through(splitText(options), [{ id: "t", text, ...more }])).made;
const texts = async (text: string, options: SplitTextOptions) => (await split(text, options)).map((part) => part.text);
const chunkOf = ({ metadata }: Input) =>
  metadata.chunk as { of: string; part: number; parts: number; start: number; end: number };

/** Texts of paragraphs, sentences, words, emoji, accents, flags, and of scripts without spaces. */
const anyText = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          "word ",
          "Sentence. ",
          "A longer sentence of words! ",
          "\n",
          "\n\n",
          "\r\n\r\n",
          "  ",
          "\t",
        ),
      },
      fc.constantFrom(
        family,
        "é",
        "e\u0301\u0302",
        "🇳🇱🇩🇪",
        "水平線の向こう。",
        "ทะเลสงบ",
        "𝒳𝒴",
        " \u0301",
        "…",
        "-",
        "한국어 ",
      ),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((parts) => parts.join(""))
  .filter((text) => text !== "");
const anyOptions = fc.record({
  maxChars: fc.integer({ min: 8, max: 60 }),
  overlap: fc.integer({ min: 0, max: 4 }),
  by: fc.constantFrom("paragraph", "sentence", "word"),
} as const);

describe("chunks", () => {
  it("cover every text exactly, within the limit, and never split a character that people see", () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const points = [...text];
        const graphemes = new Set(
          [...new Intl.Segmenter("en").segment(text)].map(({ index }) => [...text.slice(0, index)].length),
        );
        graphemes.add(points.length);
        let covered = 0;
        let rebuilt = "";
        for (const chunk of chunksOf(text, options)) {
          if (!chunk) return; // a character that is longer than the limit; a test of its own has it
          expect(chunk.text).toBe(points.slice(chunk.start, chunk.end).join(""));
          expect(chunk.end - chunk.start).toBeLessThanOrEqual(options.maxChars);
          expect(chunk.end).toBeGreaterThan(covered);
          expect(chunk.start).toBeLessThanOrEqual(covered);
          expect(covered - chunk.start).toBeLessThanOrEqual(options.overlap);
          expect([graphemes.has(chunk.start), graphemes.has(chunk.end)]).toEqual([true, true]);
          rebuilt += points.slice(covered, chunk.end).join("");
          covered = chunk.end;
        }
        expect(rebuilt).toBe(text);
      }),
      { numRuns: 400 },
    );
  });

  it("end at paragraphs, and at sentences where a paragraph is too long", async () => {
    const text = "First paragraph.\n\nSecond one.\n\nThe third is long. It has sentences. They are cut.";
    expect(await texts(text, { maxChars: 32 })).toEqual([
      "First paragraph.\n\nSecond one.\n\n",
      "The third is long. ",
      "It has sentences. They are cut.",
    ]);
    expect(await texts("One.\n\nTwo is here.\n\nThree.", { maxChars: 20 })).toEqual([
      "One.\n\nTwo is here.\n\n",
      "Three.",
    ]);
  });

  it("fill a chunk from a paragraph that is too long in any case", async () => {
    const title = "Title\n\n";
    const long = "This sentence has words. ".repeat(4).trim();
    const [first = ""] = await texts(title + long, { maxChars: 40 });
    expect(first).toBe("Title\n\nThis sentence has words. ");
  });

  it("end at sentences, words and characters", async () => {
    expect(await texts("Mr. Sea is calm. It is 3.5 km wide. Yes!", { maxChars: 20, by: "sentence" })).toEqual([
      "Mr. Sea is calm. ",
      "It is 3.5 km wide. ",
      "Yes!",
    ]);
    expect(await texts("calm sea and prosperous voyage", { maxChars: 14, by: "word" })).toEqual([
      "calm sea and ",
      "prosperous ",
      "voyage",
    ]);
    expect(await texts("x".repeat(25), { maxChars: 10 })).toEqual(["x".repeat(10), "x".repeat(10), "x".repeat(5)]);
    expect(await texts(family.repeat(3), { maxChars: 15 })).toEqual([family.repeat(2), family]);
  });

  it("repeat the end of the chunk before them, from the begin of a word", async () => {
    expect(await texts("one two three four five six", { maxChars: 14, overlap: 6, by: "word" })).toEqual([
      "one two three ",
      "three four ",
      "four five six",
    ]);
  });

  it("take time in proportion to the text, also without any boundary", () => {
    const count = (text: string) => [...chunksOf(text, { maxChars: 200, overlap: 20, by: "paragraph" })].length;
    expect(count("a".repeat(400_000))).toBeGreaterThan(2000);
    expect(count(" \n".repeat(200_000))).toBeGreaterThan(1999);
  });
});

describe("splitText", () => {
  it("gives chunks stable ids and positions, and copies the other fields", async () => {
    const more = { metadata: { page: 3 }, concepts: ["sea"], datasets: ["train"], geo: { longitude: 4, latitude: 51 } };
    const made = await split("🌊 one. Two. Three.", { maxChars: 8, by: "sentence" }, more);
    expect(made.map(({ id }) => id)).toEqual(["t-part-0001", "t-part-0002", "t-part-0003"]);
    expect(made[0]).toMatchObject({ ...more, concepts: [{ id: "sea" }], text: "🌊 one. " });
    expect(made[0]?.metadata).toEqual({ page: 3, chunk: { of: "t", part: 1, parts: 3, start: 0, end: 7 } });
    expect(chunkOf(made[1] as Input)).toMatchObject({ part: 2, start: 7 });
  });

  it("makes one chunk of a short text, and passes inputs without a text and images with one unchanged", async () => {
    expect(await split("short", {})).toMatchObject([{ id: "t-part-0001", text: "short" }]);
    const bytes = await jpeg();
    const { made } = await through(splitText({ maxChars: 5 }), [
      { id: "a", image: { bytes }, text: "a long caption" },
      { id: "b", image: { bytes } },
    ]);
    expect(made.map(({ id, text }) => [id, text])).toEqual([
      ["a", "a long caption"],
      ["b", undefined],
    ]);
  });

  it("keeps ids within 48 characters, and different for ids that begin alike", async () => {
    const long = "x".repeat(47);
    const { made } = await through(splitText({ maxChars: 2 }), [
      { id: `${long}a`, text: "abc" },
      { id: `${long}b`, text: "abc" },
    ]);
    const ids = made.map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^x{23}-[0-9a-f]{12}-part-000[12]$/);
    expect(chunkOf(made[0] as Input).of).toBe(`${long}a`);
  });

  it("moves spans with their characters, and notes those that no chunk contains", async () => {
    const annotations = [
      { id: "sea", span: { start: 8, end: 11, text: "sea" }, concepts: ["place"] },
      { id: "both", span: { start: 4, end: 11 }, concepts: ["cut"] },
      { id: "calm", concepts: ["calm"] },
      { id: "other", data: { regions: [{ region_info: { token: {} } }] } },
    ];
    const { made, report } = await through(splitText({ maxChars: 8, by: "sentence" }), [
      { id: "t", text: "🌊 calm. sea.", annotations: annotations as unknown as Annotation[] },
    ]);
    const own = made.map(({ annotations }) => annotations.map(({ id, span, concepts }) => [id, span, concepts[0]?.id]));
    expect(own).toEqual([
      [["calm", undefined, "calm"]],
      [
        ["sea", { start: 0, end: 3, text: "sea" }, "place"],
        [undefined, undefined, "calm"],
      ],
    ]);
    expect(report.notes).toEqual({
      "splitText: annotations of another kind than spans and concepts were left out": 1,
      "splitText: spans that cross the end of a chunk were left out": 1,
    });
  });

  it.each([
    [
      { text: `a${"\u0301".repeat(9)}` },
      { maxChars: 5 },
      /^ERR_TEXT_SPLIT: splitText: the character at 0 has more than 5 code points/,
    ],
    [
      { text: "ab ".repeat(60_000) },
      { maxChars: 1 },
      /^ERR_TEXT_SPLIT: .*more than 100000 chunks; raise maxChars \(1\)/,
    ],
    [{ text: "abc", metadata: { chunk: 1 } }, {}, /^ERR_TEXT_SPLIT: .*metadata\.chunk is set already/],
    [{ text: { url: "https://example.com/a.txt" } }, {}, /^ERR_CONTENT_REMOTE: splitText: the text is at a URL/],
  ])("fails only the input that it cannot split: %#", async (input, options, expected) => {
    const { made, report } = await through(splitText(options), [
      { id: "bad", ...input },
      { id: "good", text: "x" },
    ]);
    expect(report.failures.map(({ code, reason }) => `${code}: ${reason}`)).toEqual([expect.stringMatching(expected)]);
    expect(made.map(({ id }) => id)).toEqual(["good-part-0001"]);
  });

  it.each([
    [{ maxChars: 0 }, /splitText: maxChars/],
    [{ maxChars: 5_000_000 }, /splitText: maxChars/],
    [{ maxChars: 10, overlap: 6 }, /splitText: overlap: expected at most half of maxChars \(10\), got 6/],
    [{ by: "line" }, /splitText: by/],
  ])("refuses the options %j", (options, expected) => {
    expect(() => splitText(options as SplitTextOptions)).toThrow(expected);
  });
});

describe("a split in a run with a journal", () => {
  it("is finished only when all of its chunks are, and then skipped as a whole", async () => {
    const journal = join(temp, "split.journal");
    let refused = "a-part-0002";
    const written: string[] = [];
    const sink = () =>
      sinkOf(
        (inputs) => {
          for (const { id } of inputs) {
            if (id === refused) throw new Error("refused");
            written.push(id);
          }
        },
        { batch: { maxItems: 1 } },
      );
    const source = () =>
      fromIterable([
        { id: "a", text: "One. Two. Six." },
        { id: "b", text: "One." },
      ]);
    const run = () =>
      flow(source())
        .pipe(splitText({ maxChars: 5, by: "sentence" }), sink())
        .run({ journal });
    await expect(run()).rejects.toThrow("refused");
    refused = "";
    written.length = 0;
    await run();
    expect(written).toContain("a-part-0002");
    written.length = 0;
    const last = await run();
    expect(last.counts).toMatchObject({ read: 2, ok: 0, skipped: 2 });
    expect(written).toEqual([]);
  });

  it("uploads its chunks once, also in a second run", async () => {
    const { app } = await openStore();
    const run = () =>
      flow(fromIterable([{ id: "a", text: "One. Two. Six." }]))
        .pipe(splitText({ maxChars: 5, by: "sentence" }), upload(app))
        .run();
    expect((await run()).counts).toMatchObject({ read: 1, ok: 1 });
    expect((await app.listInputs({})).map(({ id }) => id).toSorted()).toEqual([
      "a-part-0001",
      "a-part-0002",
      "a-part-0003",
    ]);
    expect((await run()).counts).toMatchObject({ read: 1, skipped: 1 });
  });

  it("can be changed by a transform behind it", async () => {
    const titled = transform((input) => ({ ...input, text: `${chunkOf(input).part}: ${input.text}` }));
    const made = await flow(fromIterable([{ id: "a", text: "One. Two." }]))
      .pipe(splitText({ maxChars: 5, by: "sentence" }), titled)
      .toArray();
    expect(made.map(({ text }) => text)).toEqual(["1: One. ", "2: Two."]);
  });
});

/** Results of users' functions and items of sources: a value is kept exactly, or refused by name, and fails only its own input. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { of } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  batch,
  csv,
  defineSource,
  flow,
  fromIterable,
  fromObservable,
  type Input,
  type InputDraft,
  type Json,
  jsonl,
  listInputs,
  type Report,
  type Source,
  transform,
  upload,
} from "../../src/index.js";
import { jpeg } from "../helpers/files.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
};
const cycle: { self?: unknown } = {};
cycle.self = { list: [cycle] };
const twice = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value, value];
  return value;
};
class Photo {
  id = "x";
  text = "a";
}
const throwing = {
  get a(): number {
    throw new Error("the getter failed");
  },
};
const bytes = new Uint8Array([0xff, 0xd8, 0xff, 0xe0]);

/** Fields that no input has in this shape, and what the error names. */
const wrongFields: [string, object, RegExp][] = [
  ["concepts as numbers", { concepts: [7] }, /concepts\.0: .*got 7/],
  ["a concept with a number as id", { concepts: [{ id: 7 }] }, /concepts\.0\.id: .*number/],
  ["a concept with a value beyond 1", { concepts: [{ id: "a", value: 2 }] }, /concepts\.0\.value: .*2/],
  ["an empty concept", { concepts: [""] }, /concepts\.0: .*""/],
  ["concepts as one name", { concepts: "cat" }, /concepts: .*string/],
  ["concepts as a Set", { concepts: new Set(["cat"]) }, /concepts: .*Set/],
  ["a promise among the concepts", { concepts: [Promise.resolve("cat")] }, /concepts\.0/],
  ["a text that is a number", { text: 5 }, /text: .*5/],
  ["a text that is a Buffer", { text: Buffer.from("x") }, /text: /],
  ["a text with half of a surrogate pair", { text: "a\ud800b" }, /text: .*surrogate/],
  ["annotations as an object", { annotations: {} }, /annotations: .*object/],
  ["a promise among the annotations", { annotations: [Promise.resolve({})] }, /annotations\.0: .*Promise/],
  ["a Map among the annotations", { annotations: [new Map()] }, /annotations\.0: .*Map/],
  ["NaN in a box", { annotations: [{ box: [0, 0, Number.NaN, 1], concepts: [] }] }, /annotations\.0\.box\.2: .*NaN/],
  ["a box of three numbers", { annotations: [{ box: [0, 0, 1], concepts: [] }] }, /annotations\.0\.box/],
  [
    "a date in an annotation",
    { annotations: [{ concepts: [], info: { at: new Date(0) } }] },
    /annotations\.0\.info\.at: .*Date/,
  ],
  ["metadata as a list", { metadata: [1] }, /metadata: .*list of 1/],
  ["metadata as a Map", { metadata: new Map([["a", 1]]) }, /metadata: .*Map/],
  ["metadata as null", { metadata: null }, /metadata: .*null/],
  ["bytes as a text", { image: { bytes: "abcd" } }, /image\.bytes: .*"abcd"/],
  ["bytes as an ArrayBuffer", { image: { bytes: bytes.buffer } }, /image\.bytes: .*ArrayBuffer/],
  ["bytes as a list of numbers", { image: { bytes: [1, 2] } }, /image\.bytes: .*list of 2/],
  ["bytes as a DataView", { image: { bytes: new DataView(bytes.buffer) } }, /image\.bytes: .*DataView/],
  ["bytes that are a promise", { image: { bytes: Promise.resolve(bytes) } }, /image\.bytes: .*Promise/],
  ["an image as a path", { image: "a.jpg" }, /image: .*\{ path \}.*"a\.jpg"/],
  ["an image that is null", { image: null }, /image: .*null/],
  ["a path that is a URL object", { image: { path: new URL("file:///a.jpg") } }, /image\.path/],
  ["a location as a list", { geo: [4, 51] }, /geo: .*array/],
  ["a location that is not on earth", { geo: { longitude: 4, latitude: 151 } }, /geo\.latitude: .*151/],
  ["an id that is a number", { id: 7 }, /id: .*number/],
  ["datasets as one name", { datasets: "train" }, /datasets: .*string/],
  ["an unknown field", { labels: ["cat"] }, /"labels"/],
  ["a field named __proto__", JSON.parse('{"__proto__": {"a": 1}}') as object, /__proto__/],
];

/** Values that JSON would change or drop, at any depth of the metadata. */
const wrongValues: [string, unknown, RegExp][] = [
  ["a Map", new Map(), /got a Map/],
  ["a Set", new Set([1]), /got a Set/],
  ["a Date", new Date(0), /got a Date/],
  ["a regular expression", /a/, /got a RegExp/],
  ["a class instance", new Photo(), /got a Photo/],
  ["a boxed text", Object("a"), /got a String/],
  ["bytes", new Uint8Array(2), /got a Uint8Array/],
  ["a promise", Promise.resolve(1), /got a Promise/],
  ["a bigint", 2n ** 64n, /got 18446744073709551616n/],
  ["NaN", Number.NaN, /got NaN/],
  ["Infinity", Number.NEGATIVE_INFINITY, /got -Infinity/],
  ["a function", () => 1, /got a function/],
  ["a symbol", Symbol("s"), /got Symbol\(s\)/],
  ["undefined in a list", [undefined], /got undefined/],
  ["a hole in a list", Array(2), /got undefined/],
  ["an object with toJSON", { toJSON: () => "x" }, /toJSON: .*function/],
  ["a symbol as key", { [Symbol("k")]: 1 }, /symbol/],
  ["half of a surrogate pair", "a\udc00", /surrogate/],
  ["a key with half of a surrogate pair", { "\ud800": 1 }, /surrogate/],
  ["itself", cycle, /contains itself/],
  ["10,000 levels", deep(10_000), /more than 100 levels/],
  ["lists that contain each other twice", twice(60), /more than/],
  ["a getter that throws", throwing, /the getter failed/],
];

const isLess = (text: string): boolean => text.length < 600;

function onlyFailure(report: Report, read: number): { code: string; reason: string; id?: string | undefined } {
  expect(report.counts).toMatchObject({ read, ok: read - 1, failed: 1 });
  const [failure] = report.failures;
  if (!failure) throw new Error("no failure");
  expect(isLess(failure.reason), failure.reason).toBe(true);
  return failure;
}

describe("the result of a transform", () => {
  const texts = () => fromIterable(Array.from({ length: 5 }, (_, n) => ({ id: `t-${n}`, text: `text ${n}` })));
  const run = (change: (input: Input) => unknown) =>
    flow(texts())
      .pipe(transform((input) => (input.id === "t-2" ? change(input) : input) as Input, { name: "press" }))
      .run();

  it.each(wrongFields)("fails only its input and names the field for %s", async (_, fields, reason) => {
    const own = Object.getOwnPropertyDescriptors(fields);
    const report = await run((input) => Object.defineProperties({ ...input }, own));
    const failure = onlyFailure(report, 5);
    expect(failure).toMatchObject({ code: "ERR_TRANSFORM_RESULT", origin: "values:3", stage: "press" });
    expect(failure.reason).toMatch(/^press returned /);
    expect(failure.reason).toMatch(reason);
  });

  it.each(wrongValues)("fails only its input and names %s in the metadata", async (_, value, reason) => {
    for (const metadata of [{ own: value }, { a: { b: [0, { own: value }] } }]) {
      const failure = onlyFailure(await run((input) => ({ ...input, metadata })), 5);
      expect(failure.reason).toMatch(reason);
    }
  });

  it.each<[string, (input: Input) => unknown, RegExp]>([
    ["a number", () => 17, /returned 17; it must return the input/],
    ["true, as a predicate does", () => true, /returned true;/],
    ["false", () => false, /returned false;/],
    ["an empty text", () => "", /returned "";/],
    ["a Map", () => new Map(), /returned a Map;/],
    ["an instance of a class", (input) => Object.assign(new Photo(), input), /returned a Photo;/],
    [
      "a generator",
      (input) =>
        (function* () {
          yield input;
        })(),
      /returned a Generator;/,
    ],
    ["a Set of inputs", (input) => new Set([input]), /returned a Set;/],
    ["a list with null", (input) => [input, null], /entry 1 of its list: null;/],
    ["a list with a hole", (input) => [input, ...Array(1), input], /entry 1 of its list: undefined;/],
    ["a list with a promise", (input) => [Promise.resolve(input)], /entry 0 of its list: a Promise;/],
    ["a list of lists", (input) => [[input]], /entry 0 of its list: a list of 1;/],
    ["an input without its lists", (input) => ({ id: input.id }), /without concepts/],
    ["an id that is undefined", (input) => ({ ...input, id: undefined }), /id: .*undefined/],
  ])("fails only its input and names the value for %s", async (_, change, reason) => {
    const failure = onlyFailure(await run(change), 5);
    expect(failure.code).toBe("ERR_TRANSFORM_RESULT");
    expect(failure.reason).toMatch(reason);
  });

  const one = async (change: (input: Input) => unknown, given: InputDraft = { id: "a", text: "a" }) => {
    const [made] = await flow(fromIterable([given]))
      .pipe(transform(change as (input: Input) => Input))
      .toArray();
    return made as Input;
  };

  it("may contain concepts by name, a Buffer, and a text by its path", async () => {
    const path = join(temporaryFolder(), "a.txt");
    writeFileSync(path, "from a file");
    const made = await one((input) => ({ ...input, text: { path }, concepts: ["cat", { id: "dog", value: 0 }] }));
    expect(made).toMatchObject({ text: "from a file", concepts: [{ id: "cat" }, { id: "dog", value: 0 }] });
    const url = await one((input) => ({ ...input, text: { url: "https://example.com/a.txt" } }));
    expect(url.textUrl).toBe("https://example.com/a.txt");
    expect(url.text).toBeUndefined();
    const picture = await one(({ text: _, ...input }) => ({ ...input, image: { bytes: jpegBytes } }));
    expect(picture.image).toMatchObject({ mimeType: "image/jpeg", width: 32, height: 24 });
  });

  it("may name a new file, whose size, type and pixels are read", async () => {
    const path = join(temporaryFolder(), "a.jpg");
    writeFileSync(path, jpegBytes);
    const made = await one(({ text: _, ...input }) => ({ ...input, image: { path } }));
    expect(made.image).toMatchObject({
      path,
      sizeBytes: jpegBytes.length,
      mimeType: "image/jpeg",
      width: 32,
      height: 24,
    });
    const missing = await flow(texts())
      .pipe(transform((input) => (input.id === "t-2" ? { ...input, image: { path: `${path}.gone` } } : input)))
      .run();
    expect(onlyFailure(missing, 5)).toMatchObject({ code: "ERR_FILE_UNREADABLE" });
  });

  it("removes a field with undefined, also within the metadata", async () => {
    const given: InputDraft = {
      id: "a",
      text: "a",
      metadata: { a: 1, b: { c: 2, d: 3 } },
      concepts: ["cat"],
      geo: { longitude: 1, latitude: 2 },
    };
    const made = await one(
      (input) => ({
        ...input,
        geo: undefined,
        concepts: undefined,
        metadata: { ...input.metadata, a: undefined, b: { ...(input.metadata.b as object), d: undefined } },
      }),
      given,
    );
    expect(made).not.toHaveProperty("geo");
    expect(made.concepts).toEqual([]);
    expect(made.metadata).toStrictEqual({ b: { c: 2 } });
  });

  it("keeps values exactly: keys named __proto__, null, empty texts, large and small numbers, emoji", async () => {
    const metadata = JSON.parse(
      '{"__proto__": {"a": 1}, "constructor": "x", "n": null, "e": "", "big": 9007199254740991, "small": 5e-324, "emoji": "👩‍👩‍👧", "nul": "a\\u0000b"}',
    ) as { [key: string]: Json };
    const made = await one((input) => ({ ...input, metadata }));
    expect(JSON.stringify(made.metadata)).toBe(JSON.stringify(metadata));
    const changed = await one((input) => ({ ...input, metadata: { ...input.metadata, more: 1 } }), {
      text: "a",
      metadata,
    });
    expect(JSON.stringify(changed.metadata)).toBe(JSON.stringify({ ...metadata, more: 1 }));
  });

  it("may share one object among several inputs, and may be a list of parts", async () => {
    const shared: unknown[] = [];
    const report = await flow(texts())
      .pipe(
        transform((input) => [input, { ...input, id: `${input.id}-2` }]),
        transform((input) => ({ ...input, metadata: { shared: shared as Json[] } })),
      )
      .run();
    expect(report.counts).toMatchObject({ read: 5, ok: 5 });
    expect(Object.isFrozen(shared)).toBe(false);
  });

  it("with a wrong shape fails alone among 200, before any request, and the others are uploaded", async () => {
    const { app } = await openStore();
    const inputs = fromIterable(Array.from({ length: 200 }, (_, n) => ({ id: `n-${n}`, text: `text ${n}` })));
    const wrong = transform((input) =>
      input.id === "n-77" ? ({ ...input, image: { bytes: "abc" } } as unknown as Input) : input,
    );
    const report = await flow(inputs).pipe(wrong, batch(), upload(app)).run();
    expect(onlyFailure(report, 200)).toMatchObject({ id: "n-77", code: "ERR_TRANSFORM_RESULT" });
    expect(report.traffic.retries).toBe(0);
    expect(await flow(listInputs(app)).toArray()).toHaveLength(199);
  });
});

describe("an item of a source", () => {
  const path = () => join(temporaryFolder(), "rows.csv");
  const sources: [string, (draft: InputDraft) => Source][] = [
    ["values", (draft) => fromIterable([{ text: "good" }, draft])],
    ["fromObservable", (draft) => fromObservable(of<InputDraft[]>({ text: "good" }, draft))],
    [
      "defineSource",
      (draft) =>
        defineSource({
          name: "tape",
          *read() {
            yield { origin: "tape:1", input: { text: "good" } };
            yield { origin: "tape:2", input: draft };
          },
        })(),
    ],
    [
      "the map of csv",
      (draft) => {
        const file = path();
        writeFileSync(file, "n\n1\n2\n");
        return csv(file, { map: ({ n }) => (n === "2" ? draft : { text: "good" }) });
      },
    ],
  ];

  it.each(sources)("of %s fails alone for each wrong shape, and the error names the field", async (_, make) => {
    for (const [what, fields, reason] of wrongFields) {
      const own = Object.getOwnPropertyDescriptors(fields);
      const failure = onlyFailure(await flow(make(Object.defineProperties({}, own))).run(), 2);
      expect(failure.code, what).toBe("ERR_INPUT_SHAPE");
      expect(failure.reason, what).toMatch(reason);
    }
    for (const [what, value, reason] of wrongValues) {
      const failure = onlyFailure(await flow(make({ text: "a", metadata: { own: value as Json } })).run(), 2);
      expect(failure.reason, what).toMatch(reason);
    }
  });

  it.each<[string, unknown]>([
    ["a promise", Promise.resolve({ text: "a" })],
    ["a Map", new Map()],
    ["a Date", new Date(0)],
    ["an instance of a class", new Photo()],
    ["a list", [{ text: "a" }]],
    ["a text", "a"],
    ["null", null],
  ])("is refused as an input when it is %s", async (_, draft) => {
    const source = defineSource({
      name: "tape",
      *read() {
        yield { origin: "tape:1", input: draft as InputDraft };
        yield { origin: "tape:2", input: { text: "good" } };
      },
    });
    const failure = onlyFailure(await flow(source()).run(), 2);
    expect(failure).toMatchObject({ code: "ERR_INPUT_SHAPE", origin: "tape:1" });
  });

  it("of a JSON line fails alone: half of a surrogate pair, 5,000 levels, a field named __proto__", async () => {
    const lines = join(temporaryFolder(), "a.jsonl");
    const bad = [
      '{"text":"a\\ud800"}',
      `{"text":"a","metadata":{"a":${"[".repeat(5000)}${"]".repeat(5000)}}}`,
      '{"text":"a","__proto__":{}}',
      '[{"text":"a"}]',
      "7",
    ];
    writeFileSync(lines, [...bad, '{"text":"good","metadata":{"__proto__":{"x":1}}}'].join("\n"));
    const report = await flow(jsonl(lines)).run();
    expect(report.counts).toMatchObject({ read: 6, ok: 1, failed: 5 });
    for (const { code } of report.failures) expect(code).toBe("ERR_INPUT_SHAPE");
  });
});

const jpegBytes = await jpeg();

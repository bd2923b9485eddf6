/** Every function of a user may be async: its result is awaited in order, and a promise never counts as true. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  addConcepts,
  annotate,
  batch,
  boundingBox,
  csv,
  dedupe,
  defineSource,
  defineTransform,
  filterInputs,
  flow,
  folder,
  fromIterable,
  type Input,
  listInputs,
  remove,
  setGeo,
  tagMetadata,
  transform,
  upload,
} from "../../src/index.js";
import { turns } from "../helpers/flows.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

type Operator = Parameters<ReturnType<typeof texts>["pipe"]>[0];
const texts = (count = 5) =>
  flow(fromIterable(Array.from({ length: count }, (_, n) => ({ id: `t-${n}`, text: `text ${n % 2}` }))));

/** A promise of another library: it has `then` and is not a Promise. */
function later<T>(value: T): Promise<T> {
  // biome-ignore lint/suspicious/noThenProperty: that is what is tried
  return { then: (done: (value: T) => unknown) => void setImmediate(() => done(value)) } as unknown as Promise<T>;
}
const promised = async <T>(value: T): Promise<T> => value;
const ways: [string, <T>(value: T) => Promise<T>][] = [
  ["a promise", promised],
  ["a thenable", later],
];

async function made(operator: Operator, count = 5): Promise<Input[]> {
  return texts(count)
    .pipe(operator as never)
    .toArray() as Promise<Input[]>;
}

describe.each(ways)("a function that returns %s", (_, when) => {
  it("is awaited by filterInputs, in order", async () => {
    const inputs = await made(filterInputs((input) => when(input.id === "t-3" || input.id === "t-1")));
    expect(inputs.map(({ id }) => id)).toEqual(["t-1", "t-3"]);
    const none = await texts()
      .pipe(filterInputs(() => when(false)))
      .run();
    expect(none.counts).toMatchObject({ read: 5, ok: 0, skipped: 5 });
  });

  it("is awaited by addConcepts, dedupe, annotate, tagMetadata and setGeo", async () => {
    const [first] = await made(addConcepts((input) => when([input.id, "sea"])));
    expect(first?.concepts).toEqual([{ id: "t-0" }, { id: "sea" }]);
    expect((await made(dedupe((input) => when(input.text ?? "")))).map(({ id }) => id)).toEqual(["t-0", "t-1"]);
    const [drawn] = await made(annotate(() => when([boundingBox([0, 0, 1, 1], "all")])));
    expect(drawn?.annotations).toEqual([{ box: [0, 0, 1, 1], concepts: [{ id: "all" }] }]);
    const [tagged] = await made(tagMetadata((_input, { origin }) => when({ origin })));
    expect(tagged?.metadata).toEqual({ origin: "values:1" });
    const [placed] = await made(setGeo(() => when({ longitude: 4, latitude: 51 })));
    expect(placed?.geo).toEqual({ longitude: 4, latitude: 51 });
  });

  it("is awaited by transform and by custom plugins", async () => {
    const upper = (input: Input) => when({ ...input, text: input.text?.toUpperCase() ?? "" });
    expect((await made(transform(upper)))[0]?.text).toBe("TEXT 0");
    expect((await made(defineTransform({ name: "upper", apply: upper })()))[1]?.text).toBe("TEXT 1");
  });

  it("is awaited by folder for labels and ids", async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, "a.txt"), "a");
    const source = folder(path, { labels: () => when("sea"), ids: (name) => when(name.replace(".", "-")) });
    const [input] = await flow(source).toArray();
    expect(input).toMatchObject({ id: "a-txt", concepts: [{ id: "sea" }], text: "a" });
  });

  it("is awaited by the map of csv; null skips the row", async () => {
    const path = join(temporaryFolder(), "rows.csv");
    writeFileSync(path, "n\n1\n2\n3\n");
    const source = csv(path, { map: ({ n }) => when(n === "2" ? null : { text: n ?? "" }) });
    const report = await flow(source).run();
    expect(report.counts).toMatchObject({ read: 3, ok: 2, skipped: 1 });
  });

  it("is awaited for the items of a source, for single items and for lists", async () => {
    const item = (n: number) => ({ origin: `tape:${n}`, input: { text: `${n}` } });
    const read = function* () {
      yield when(item(1));
      yield [item(2), when(item(3))];
      yield when([item(4), item(5)]);
    };
    const tape = defineSource({ name: "tape", read: read as never });
    expect((await flow(tape()).toArray()).map(({ text }) => text)).toEqual(["1", "2", "3", "4", "5"]);
  });
});

describe("a predicate of filterInputs", () => {
  it.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined"],
    ["an object", { longitude: 1 }, "an Object"],
    ["an empty list, which JavaScript takes for true", [], "a list of 0"],
    ["a number", 1, "1"],
    ["a text", "no", '"no"'],
    ["null", null, "null"],
    ["a function", () => true, "a function"],
  ])("that returns %s fails its input by name, and a following removal deletes nothing", async (_, value, shown) => {
    const { app } = await openStore();
    await texts(2).pipe(batch(), upload(app)).run();
    for (const when of [(one: unknown) => one, promised]) {
      const predicate = (() => when(value)) as () => boolean;
      const report = await flow(listInputs(app)).pipe(filterInputs(predicate), batch(), remove(app)).run();
      expect(report.counts).toMatchObject({ read: 2, failed: 2 });
      const reason = `the predicate returned ${shown}; it must return true or false`;
      expect(report.failures[0]).toMatchObject({
        code: "ERR_PREDICATE",
        stage: "filterInputs",
        reason: expect.stringContaining(reason),
      });
    }
    expect(await flow(listInputs(app)).toArray()).toHaveLength(2);
  });

  it("that is async removes only the input for which it returns true", async () => {
    const { app } = await openStore();
    await texts(10).pipe(batch(), upload(app)).run();
    await flow(listInputs(app))
      .pipe(
        filterInputs(async (input) => input.id === "t-3"),
        batch(),
        remove(app),
      )
      .run();
    await vi.waitFor(async () => expect(await flow(listInputs(app)).toArray()).toHaveLength(9), { timeout: 20_000 });
  });

  it("that rejects fails only its own input", async () => {
    const report = await texts()
      .pipe(filterInputs(async (input) => (input.id === "t-2" ? Promise.reject(new Error("no answer")) : true)))
      .run();
    expect(report.counts).toMatchObject({ ok: 4, failed: 1 });
    expect(report.failures[0]).toMatchObject({ id: "t-2", reason: "no answer" });
  });
});

describe("a function that returns an invalid value", () => {
  it.each<[string, Operator, string, string]>([
    ["addConcepts a number", addConcepts((() => 7) as never), "ERR_CONCEPT", "got 7"],
    ["addConcepts null in a list", addConcepts((() => [null]) as never), "ERR_CONCEPT", "got null"],
    ["addConcepts a Map", addConcepts((() => new Map()) as never), "ERR_CONCEPT", "got a Map"],
    ["dedupe nothing", dedupe((() => undefined) as never), "ERR_DEDUPE_KEY", "got undefined"],
    ["dedupe a number", dedupe((() => 5) as never), "ERR_DEDUPE_KEY", "got 5"],
    ["annotate a number", annotate((() => 5) as never), "ERR_ANNOTATION", "got 5"],
    ["annotate a list with a promise", annotate((() => [promised({})]) as never), "ERR_ANNOTATION", "got a Promise"],
    [
      "annotate a function that is async",
      annotate((() => async () => ({})) as never),
      "ERR_ANNOTATION",
      "got a Promise",
    ],
    ["tagMetadata nothing", tagMetadata((() => undefined) as never), "ERR_METADATA", "got undefined"],
    ["tagMetadata a Map", tagMetadata((() => new Map()) as never), "ERR_METADATA", "got a Map"],
    ["setGeo a text", setGeo((() => "4,51") as never), "ERR_GEO", 'got "4,51"'],
    ["setGeo a list", setGeo((() => [4, 51]) as never), "ERR_GEO", "longitude undefined"],
  ])("fails its inputs by name: %s", async (_, operator, code, reason) => {
    const report = await texts(2)
      .pipe(operator as never)
      .run();
    expect(report.counts).toMatchObject({ read: 2, failed: 2 });
    expect(report.failures[0]).toMatchObject({ code, reason: expect.stringContaining(reason) });
  });

  it("is refused at once if it is not a function: addConcepts without a value", () => {
    expect(() => addConcepts(undefined as never)).toThrow(/^addConcepts: .*got undefined/);
  });
});

describe("a callback that watches a run", () => {
  it("warns with the plugin's name, and does not end the run, when it throws or rejects; it is not called again", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => void warnings.push(warning.message);
    process.on("warning", listen);
    try {
      for (const fail of [
        () => {
          throw { code: 5 };
        },
        async () => {
          throw new Error("later");
        },
      ]) {
        const report = await texts().run({ onProgress: fail });
        expect(report.counts).toMatchObject({ ok: 5 });
      }
      const stalled = vi.fn(async () => Promise.reject(new Error("stalled")));
      let release: (() => void) | undefined;
      const wait = transform((input: Input) => new Promise<Input>((resolve) => (release = () => resolve(input))));
      const run = texts(1).pipe(wait).run({ onStall: stalled, stallMs: 20 });
      await vi.waitFor(() => expect(stalled).toHaveBeenCalled(), { timeout: 20_000 });
      release?.();
      expect((await run).counts).toMatchObject({ ok: 1 });
      await turns(3);
      expect(warnings).toEqual([
        "run: onProgress threw, and is not called again: { code: 5 }",
        "run: onProgress threw, and is not called again: later",
        "run: onStall threw, and is not called again: stalled",
      ]);
    } finally {
      process.off("warning", listen);
    }
  });
});

describe("timeoutMs", () => {
  const slow = async (input: Input, signals: AbortSignal[], { signal }: { signal: AbortSignal }) => {
    if (input.id !== "t-1") return input;
    signals.push(signal);
    return new Promise<Input>((resolve) => {
      signal.addEventListener("abort", () => setImmediate(() => resolve({ ...input, text: "too late" })));
    });
  };

  it.each(["transform", "defineTransform"])(
    "of %s fails the input that takes longer; a later result is ignored",
    async (kind) => {
      const signals: AbortSignal[] = [];
      const apply = (input: Input, context: { signal: AbortSignal }) => slow(input, signals, context);
      const operator =
        kind === "transform"
          ? transform(apply, { name: "asks", timeoutMs: 20 })
          : defineTransform({ name: "asks", timeoutMs: 20, apply: (input, _, context) => apply(input, context) })();
      const report = await texts()
        .pipe(
          operator,
          transform((input) => input),
        )
        .run();
      await turns(3);
      expect(report.counts).toMatchObject({ read: 5, ok: 4, failed: 1 });
      expect(report.failures[0]).toMatchObject({
        id: "t-1",
        stage: "asks",
        code: "ERR_TRANSFORM_TIMEOUT",
        reason: "asks took longer than 20 ms (timeoutMs)",
        retryable: true,
      });
      expect(signals[0]?.aborted).toBe(true);
    },
  );

  it("aborts only the signal of its own input, and handles a promise that rejects later", async () => {
    const signals: AbortSignal[] = [];
    const operator = transform(
      async (input, { signal }) => {
        signals.push(signal);
        if (input.id !== "t-1") return input;
        return new Promise<Input>((_, reject) => signal.addEventListener("abort", () => reject(new Error("late"))));
      },
      { timeoutMs: 20, concurrency: 3 },
    );
    const report = await texts().pipe(operator).run();
    expect(report.counts).toMatchObject({ ok: 4, failed: 1 });
    expect(signals.filter(({ aborted }) => aborted)).toHaveLength(1);
  });

  it.each([0, -1, Number.NaN])("of %d is refused at once", (timeoutMs) => {
    expect(() => transform((input) => input, { timeoutMs })).toThrow(/^transform: timeoutMs/);
    expect(() => defineTransform({ name: "own", timeoutMs, apply: (input) => input })()).toThrow(/^own: timeoutMs/);
  });
});

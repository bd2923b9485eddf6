import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { kinds } from "../../../src/core/input/kinds.js";
import { normalize } from "../../../src/core/input/normalize.js";
import { defineSink, defineSource, defineTransform, folder, type InputDraft } from "../../../src/index.js";

const base = { id: "a", text: "t" };

describe("the text of a check that failed", () => {
  it.each<[string, object, RegExp]>([
    ["a number out of range", { geo: { longitude: 4, latitude: 100 } }, /^geo\.latitude: .*<=90, got 100$/],
    ["no number", { geo: { longitude: Number.NaN, latitude: 1 } }, /^geo\.longitude: .*NaN$/],
    ["a box outside of the image", { annotations: [{ box: [0, 0, 1.2, 1] }] }, /^annotations\.0\.box\.2: .*got 1\.2$/],
    ["too few corners", { annotations: [{ polygon: [[0, 0]] }] }, /^annotations\.0\.polygon: .*got a list of 1$/],
    ["what JSON cannot say", { metadata: { taken: new Date(0) } }, /^metadata\.taken: .*got a Date$/],
    ["it deep inside", { metadata: { a: [{ b: 10n }] } }, /^metadata\.a\.0\.b: .*got 10n$/],
    ["undefined in a list", { metadata: { a: { b: [1, undefined] } } }, /^metadata\.a\.b\.1: .*got undefined$/],
    ["a field of a content", { image: { path: 7 } }, /^image\.path: .*received number$/],
    ["a field that is not known", { txt: "x" }, /"txt"; an input has id, image, .*text,/],
    [
      "a path that is no content",
      { image: "a.jpg" },
      /^image: expected \{ path \}, \{ url \}, \{ uri, sizeBytes \} or \{ bytes \}, got "a\.jpg"$/,
    ],
    ["an invalid text", { text: 5 }, /^text: expected a text, .*got 5$/],
    ["an invalid concept", { concepts: [5] }, /^concepts\.0: expected a name or \{ id, name, value \}, got 5$/],
  ])("names the field and the value of %s", (_, fields, text) => {
    expect(() => normalize({ ...base, ...fields } as InputDraft, "o")).toThrow(text);
  });

  it("names plugin, option and value", () => {
    expect(() => folder("x", { kinds: ["picture" as (typeof kinds)[number]] })).toThrow(
      /^folder: kinds\.0: .*"image".*got "picture"$/,
    );
  });

  it("names the known options for an unknown one", () => {
    expect(() => folder("x", { label: "folder" } as object)).toThrow(
      /^folder: .*"label"; its options are kinds, labels, ids, include,/,
    );
  });
});

describe("a definition", () => {
  it.each<[string, (given: never) => unknown, unknown, RegExp]>([
    [
      "defineTransform",
      defineTransform,
      { apply: (input: unknown) => input },
      /^defineTransform: name .*got undefined$/,
    ],
    ["defineTransform", defineTransform, { name: "a" }, /^defineTransform: apply of "a" must be a function/],
    ["defineSink", defineSink, { name: "a", write: 1 }, /^defineSink: write of "a" must be a function, got 1$/],
    ["defineSource", defineSource, undefined, /^defineSource: name/],
    ["defineSource", defineSource, { name: "a", options: { n: 1 }, read: () => [] }, /must be a schema of zod/],
  ])("of %s that is wrong throws at once", (_, define, given, text) => {
    expect(() => define(given as never)).toThrow(
      expect.objectContaining({ code: "ERR_OPTIONS", message: expect.stringMatching(text) as string }) as Error,
    );
  });

  it("of a source may have a total that depends on the options", async () => {
    const counted = defineSource({
      name: "counted",
      options: z.strictObject({ count: z.number() }),
      total: async ({ count }) => count,
      *read() {},
    });
    const { total } = counted({ count: 7 });
    expect(typeof total === "function" && (await total({ signal: new AbortController().signal }))).toBe(7);
    expect(defineSource({ name: "three", total: 3, *read() {} })().total).toBe(3);
    expect("total" in defineSource({ name: "none", *read() {} })()).toBe(false);
  });
});

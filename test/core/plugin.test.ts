import { describe, expect, it } from "vitest";
import { admit } from "../../src/core/admit.js";
import type { InputDraft } from "../../src/core/input.js";
import type { kinds } from "../../src/core/kinds.js";
import { folder } from "../../src/index.js";

const base = { id: "a", text: "t" };

describe("the text of a check that failed", () => {
  it.each<[string, object, RegExp]>([
    ["a number out of range", { geo: { longitude: 4, latitude: 100 } }, /^geo\.latitude: .*<=90, got 100$/],
    ["no number", { geo: { longitude: Number.NaN, latitude: 1 } }, /^geo\.longitude: .*NaN$/],
    ["a box outside of the image", { annotations: [{ box: [0, 0, 1.2, 1] }] }, /^annotations\.0\.box\.2: .*got 1\.2$/],
    ["too few corners", { annotations: [{ polygon: [[0, 0]] }] }, /^annotations\.0\.polygon: .*got a list of 1$/],
    ["what JSON cannot say", { metadata: { taken: new Date(0) } }, /^metadata\.taken: .*got a Date$/],
    ["it deep inside", { metadata: { a: [{ b: 10n }] } }, /^metadata\.a\.0\.b: .*got 10$/],
    ["undefined inside", { metadata: { a: { b: undefined } } }, /^metadata\.a\.b: .*got undefined$/],
    ["a field of a content", { image: { path: 7 } }, /^image\.path: .*received number$/],
    ["a field that is not known", { txt: "x" }, /"txt"/],
  ])("names the field and the value of %s", (_, fields, text) => {
    expect(() => admit({ ...base, ...fields } as InputDraft, "o")).toThrow(text);
  });

  it("names plugin, option and value", () => {
    expect(() => folder("x", { kinds: ["picture" as (typeof kinds)[number]] })).toThrow(
      /^folder: kinds\.0: .*"image".*got "picture"$/,
    );
  });
});

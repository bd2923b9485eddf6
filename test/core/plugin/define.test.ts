import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineSource, defineTransform, flow, fromIterable } from "../../../src/index.js";
import { temporaryFolder } from "../../helpers/store.js";

it.each([true, false])(
  "a transform with dropsAreDone: %s is applied again to its dropped inputs only if that is false",
  async (dropsAreDone) => {
    const asked: string[] = [];
    const sieve = defineTransform({
      name: "sieve",
      dropsAreDone,
      apply(input) {
        asked.push(input.id);
        return input.id === "b" ? null : input;
      },
    });
    const journal = join(temporaryFolder(), "sieve.journal");
    const texts = fromIterable(["a", "b", "c"].map((id) => ({ id, text: id })));
    await flow(texts).pipe(sieve()).run({ journal });
    await flow(texts).pipe(sieve()).run({ journal });
    expect(asked.slice(3)).toEqual(dropsAreDone ? [] : ["b"]);
  },
);

describe("classes of a source", () => {
  it("come from the options, and are absent if the source declares none", async () => {
    const animals = defineSource({
      name: "animals",
      options: z.strictObject({ names: z.array(z.string()) }),
      classes: ({ names }) => names,
      *read() {},
    });
    const { signal } = new AbortController();
    expect(await animals({ names: ["cat", "dog"] }).classes?.({ signal })).toEqual(["cat", "dog"]);
    expect(defineSource({ name: "none", *read() {} })().classes).toBeUndefined();
  });
});

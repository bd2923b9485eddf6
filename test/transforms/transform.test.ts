import { describe, expect, it, vi } from "vitest";
import { flow, fromIterable, type Input, OptionsError, type TransformOptions, transform } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { turns } from "../helpers/flows.js";
import { through } from "../helpers/transforms.js";

const inputs = Array.from({ length: 12 }, (_, n) => ({ id: `n${n}`, text: `text ${n}` }));
const shout = (input: Input) => ({ ...input, text: input.text?.toUpperCase() });

testTransform("transform", async () => ({ transform: transform(shout), inputs }));
testTransform("transform at once", async () => ({
  transform: transform((input) => turns(input.id.length).then(() => shout(input)), { concurrency: 4 }),
  inputs,
}));

describe("transform", () => {
  it("changes, splits and drops inputs, in order", async () => {
    const { made, report } = await through(
      transform((input) => {
        if (input.id === "n0") return null;
        if (input.id === "n1")
          return [
            { ...input, id: "n1a" },
            { ...input, id: "n1b" },
          ];
        if (input.id === "n2") return [];
        return shout(input);
      }),
      inputs.slice(0, 4),
    );
    expect(made.map((input) => [input.id, input.text])).toEqual([
      ["n1a", "text 1"],
      ["n1b", "text 1"],
      ["n3", "TEXT 3"],
    ]);
    expect(report.counts).toMatchObject({ read: 4, ok: 2, skipped: 2 });
  });

  it("processes at most `concurrency` inputs at once, and keeps order", async () => {
    let running = 0;
    let most = 0;
    const { made } = await through(
      transform(
        async (input) => {
          running += 1;
          most = Math.max(most, running);
          await turns(Number(input.id.slice(1)) % 4);
          running -= 1;
          return input;
        },
        { concurrency: 3 },
      ),
      inputs,
    );
    expect(made.map((input) => input.id)).toEqual(inputs.map((input) => input.id));
    expect(most).toBe(3);
  });

  it("fails only an input on which the function throws, rejects or returns no input", async () => {
    const { made, report } = await through(
      transform((input) => {
        if (input.id === "n1") throw new Error("thrown");
        if (input.id === "n2") return Promise.reject(new Error("rejected"));
        if (input.id === "n3") return { text: "no input" } as unknown as Input;
        return input;
      }),
      inputs.slice(0, 5),
    );
    expect(made.map((input) => input.id)).toEqual(["n0", "n4"]);
    expect(report.failures.map(({ id, code, reason }) => [id, code, reason])).toEqual([
      ["n1", "ERR_UNEXPECTED", "thrown"],
      ["n2", "ERR_UNEXPECTED", "rejected"],
      ["n3", "ERR_TRANSFORM_RESULT", expect.stringContaining("it must return the input")],
    ]);
  });

  it("fails an input with an unknown field, since the field would be lost", async () => {
    const { report } = await through(
      transform((input) => ({ ...input, label: "sea" }) as Input),
      inputs.slice(0, 1),
    );
    expect(report.failures[0]).toMatchObject({
      code: "ERR_TRANSFORM_RESULT",
      reason:
        'transform returned an input with the field "label", which inputs do not have; data of your own goes into metadata, labels into concepts',
    });
  });

  it("reports the line of an error in the function", async () => {
    const { report } = await through(
      transform((input) => ({ ...input, text: (input as unknown as { caption: string }).caption.trim() })),
      inputs.slice(0, 1),
    );
    expect(report.failures[0]?.reason).toMatch(/reading 'trim'\) \(at transform\.test\.ts:\d+\)$/);
  });

  it("is named in failures by its option, its function, or as transform", async () => {
    function reckon(): Input {
      throw new Error("no");
    }
    const stageOf = async (apply: () => Input, options?: TransformOptions) =>
      (await through(transform(apply, options), inputs.slice(0, 1))).report.failures[0]?.stage;
    expect(await stageOf(reckon, { name: "sum" })).toBe("sum");
    expect(await stageOf(reckon)).toBe("reckon");
    expect(
      await stageOf(() => {
        throw new Error("no");
      }),
    ).toBe("transform");
  });

  it("passes the origin of the input, and aborts its signal at a stop", async () => {
    const seen: [string, AbortSignal][] = [];
    const abort = new AbortController();
    const running = flow(fromIterable(inputs))
      .pipe(
        transform((_, { origin, signal }) => {
          seen.push([origin, signal]);
          return new Promise<Input>(() => undefined);
        }),
      )
      .run({ signal: abort.signal });
    await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: 20_000 });
    expect(seen[0]?.[0]).toBe("values:1");
    expect(seen[0]?.[1].aborted).toBe(false);
    abort.abort();
    expect((await running).stopped).toBe(true);
    expect(seen[0]?.[1].aborted).toBe(true);
  });

  it("refuses an invalid option at once, by name", () => {
    expect(() => transform(undefined as unknown as () => Input)).toThrow(OptionsError);
    expect(() => transform(shout, { concurrency: 0 })).toThrow(/transform: concurrency/);
    expect(() => transform(shout, { concurency: 1 } as TransformOptions)).toThrow(/concurency/);
  });
});

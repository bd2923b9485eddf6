import { describe, expect, it } from "vitest";
import { InputError, type Metadata, tagMetadata } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { turns } from "../helpers/flows.js";
import { one, through } from "../helpers/transforms.js";

const inputs = ["a", "b", "c"].map((id) => ({ id, text: id, metadata: { kept: 1, split: "old" } }));

testTransform("tagMetadata", async () => ({ transform: tagMetadata({ split: "train" }), inputs }));

describe("tagMetadata", () => {
  it("replaces existing keys and keeps the others", async () => {
    const made = await one(tagMetadata({ split: "train", deep: { list: [1, null] } }), inputs[0] ?? {});
    expect(made.metadata).toEqual({ kept: 1, split: "train", deep: { list: [1, null] } });
  });

  it("adds the result of a function of input and origin, sync or async", async () => {
    const name = ({ id }: { id: string }, { origin }: { origin: string }) => ({ name: `${id} of ${origin}` });
    const later = async (input: { id: string }, context: { origin: string }) =>
      turns(1).then(() => name(input, context));
    for (const metadata of [name, later]) {
      const { made } = await through(tagMetadata(metadata), inputs);
      expect(made.map((input) => input.metadata.name)).toEqual(["a of values:1", "b of values:2", "c of values:3"]);
    }
  });

  it.each<[string, unknown]>([
    ["date", new Date(0)],
    ["nan", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["map", new Map()],
    ["call", () => 1],
    ["big", 1n],
    ["nested", { deep: [new Date(0)] }],
  ])("fails only the input with a value that JSON cannot represent, and names its key: %s", async (key, value) => {
    const { made, report } = await through(
      tagMetadata((input) => (input.id === "b" ? { [key]: value } : {}) as Metadata),
      inputs,
    );
    expect(made.map((input) => input.id)).toEqual(["a", "c"]);
    expect(report.failures).toMatchObject([{ id: "b", code: "ERR_METADATA", stage: "tagMetadata" }]);
    expect(report.failures[0]?.reason).toContain(key);
    expect(() => tagMetadata({ [key]: value } as Metadata)).toThrow(InputError);
  });

  it("fails an input for which the function returns no object, or throws", async () => {
    for (const metadata of [undefined, null, "text", [1]]) {
      await expect(
        one(
          tagMetadata(() => metadata as unknown as Metadata),
          { text: "a" },
        ),
      ).rejects.toThrow("ERR_METADATA");
    }
    const { report } = await through(
      tagMetadata(() => {
        throw new Error("no tags");
      }),
      inputs,
    );
    expect(report.counts.failed).toBe(3);
  });
});

import { describe, expect, it } from "vitest";
import { addConcepts } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const inputs = ["a", "b", "c"].map((id) => ({ id, text: id, concepts: ["old"] }));

testTransform("addConcepts", async () => ({ transform: addConcepts(["new", { id: "blurred", value: 0 }]), inputs }));

describe("addConcepts", () => {
  it("adds a name, a concept or a list of both", async () => {
    const concepts = async (labels: Parameters<typeof addConcepts>[0]) =>
      (await one(addConcepts(labels), inputs[0] ?? {})).concepts;
    expect(await concepts("new")).toEqual([{ id: "old" }, { id: "new" }]);
    expect(await concepts({ id: "new", name: "New", value: 0 })).toEqual([
      { id: "old" },
      { id: "new", name: "New", value: 0 },
    ]);
    expect(await concepts([" new ", { id: "other" }])).toEqual([{ id: "old" }, { id: "new" }, { id: "other" }]);
  });

  it("replaces a concept with the same id, and keeps the last of several", async () => {
    expect((await one(addConcepts({ id: "old", value: 0 }), inputs[0] ?? {})).concepts).toEqual([
      { id: "old", value: 0 },
    ]);
    const twice = addConcepts(["new", { id: "new", value: 0.5 }]);
    expect((await one(twice, inputs[0] ?? {})).concepts).toEqual([{ id: "old" }, { id: "new", value: 0.5 }]);
  });

  it("adds the result of a function of the input, and passes the input unchanged for undefined", async () => {
    const byId = addConcepts((input) => (input.id === "a" ? "first" : input.id === "b" ? ["", "  "] : undefined));
    const { made } = await through(byId, inputs);
    expect(made.map((input) => input.concepts.map((concept) => concept.id))).toEqual([
      ["old", "first"],
      ["old"],
      ["old"],
    ]);
    const [before, after] = await beforeAndAfter(
      addConcepts(() => undefined),
      inputs[0] ?? {},
    );
    expect(after).toBe(before);
  });

  it.each([-0.1, 1.1, Number.NaN])("fails only an input whose concept has the value %d", async (value) => {
    const { made, report } = await through(
      addConcepts((input) => (input.id === "b" ? { id: "new", value } : [])),
      inputs,
    );
    expect(made).toHaveLength(2);
    expect(report.failures).toMatchObject([{ id: "b", code: "ERR_CONCEPT_VALUE" }]);
    expect(report.failures[0]?.reason).toContain(String(value));
  });

  it("fails an input on which the function throws", async () => {
    const { report } = await through(
      addConcepts(() => {
        throw new Error("no label");
      }),
      inputs,
    );
    expect(report.counts.failed).toBe(3);
  });
});

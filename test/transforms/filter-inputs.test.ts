import { describe, expect, it } from "vitest";
import { filterInputs } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { through } from "../helpers/transforms.js";

const inputs = ["a", "b", "c", "d"].map((id, n) => ({ id, text: id, metadata: { split: n % 2 ? "test" : "train" } }));

testTransform("filterInputs", async () => ({ transform: filterInputs((input) => input.text !== ""), inputs }));

describe("filterInputs", () => {
  it("passes the inputs for which the predicate returns true, in order and unchanged, and skips the others", async () => {
    const { made, report } = await through(
      filterInputs((input) => input.metadata.split === "test"),
      inputs,
    );
    expect(made.map((input) => input.id)).toEqual(["b", "d"]);
    expect(report.counts).toMatchObject({ read: 4, ok: 2, skipped: 2 });
    expect(report.skipped).toEqual([
      { reason: "dropped by filterInputs", count: 2, origins: ["values:1", "values:3"] },
    ]);
  });

  it("fails only the input on which the predicate throws", async () => {
    const { made, report } = await through(
      filterInputs((input) => {
        if (input.id === "b") throw new Error("cannot say");
        return true;
      }),
      inputs,
    );
    expect(made.map((input) => input.id)).toEqual(["a", "c", "d"]);
    expect(report.failures).toMatchObject([{ id: "b", stage: "filterInputs", reason: "cannot say" }]);
  });
});

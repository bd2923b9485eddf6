/** Notes of sources and sinks: texts under which the report counts inputs that are ok. */

import { expect, it } from "vitest";
import { defineSink, defineSource, flow, InputError } from "../../../src/index.js";

const colours = defineSource({
  name: "colours",
  *read() {
    yield { origin: "a", input: { id: "a", text: "red" }, notes: ["shade lost", "shade lost"] };
    yield { origin: "b", input: { id: "b", text: "blue" }, notes: ["shade lost", "tint lost"] };
    yield { origin: "c", input: { id: "c", text: "green" }, notes: ["shade lost"] };
  },
});

const print = defineSink({
  name: "print",
  async write(batch) {
    for (const [index, { id }] of batch.inputs.entries()) {
      batch.note(index, "printed without colour");
      if (id === "c") batch.fail(index, new InputError("ERR_INK", "no green ink"));
    }
  },
});

it("counts an input once under each note, with the first origins", async () => {
  const report = await flow(colours()).pipe(print()).run();
  expect(report.counts).toMatchObject({ read: 3, ok: 2, failed: 1 });
  expect(report.notes).toEqual({ "shade lost": 2, "tint lost": 1, "printed without colour": 2 });
  expect(report.noted).toEqual([
    { reason: "shade lost", count: 2, origins: ["a", "b"] },
    { reason: "printed without colour", count: 2, origins: ["a", "b"] },
    { reason: "tint lost", count: 1, origins: ["b"] },
  ]);
  expect(report.summary()).toContain("  ok, shade lost: 2");
});

it("refuses a note for an input that is not in the batch", async () => {
  const wrong = defineSink({ name: "wrong", write: async (batch) => batch.note(1, "?") });
  const run = flow(colours()).pipe(wrong()).run();
  await expect(run).rejects.toMatchObject({ code: "ERR_BATCH_INDEX" });
});

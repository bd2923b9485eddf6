import { flow, fromIterable } from "sluice";
import { testTransform } from "sluice/testing";
import { expect, it } from "vitest";
import { shiftTimes } from "../src/index.js";

const cue = (id: string, startMs: number) => ({ id, text: id, metadata: { startMs, endMs: startMs + 500 } });

testTransform("shiftTimes", async () => ({
  transform: shiftTimes({ byMs: 250 }),
  inputs: [cue("a", 0), cue("b", 1000), cue("c", 2000)],
}));

it("drops what would begin before zero", async () => {
  const moved = await flow(fromIterable([cue("a", 0), cue("b", 1000)]))
    .pipe(shiftTimes({ byMs: -600 }))
    .toArray();
  expect(moved.map(({ id, metadata }) => [id, metadata])).toEqual([["b", { startMs: 400, endMs: 900 }]]);
});

it("fails an input without times", async () => {
  const report = await flow(fromIterable([{ id: "a", text: "a" }]))
    .pipe(shiftTimes({ byMs: 1 }))
    .run();
  expect(report.failures[0]).toMatchObject({ code: "ERR_SUBTITLE_TIME", stage: "shiftTimes" });
});

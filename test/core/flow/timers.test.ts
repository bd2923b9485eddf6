/** Timers and signals get their turn while a flow reads, whatever its stages wait for. */

import { expect, it } from "vitest";
import { defineSource, flow, transform } from "../../../src/index.js";

const numbers = defineSource({
  name: "numbers",
  *read() {
    for (let n = 0; n < 100_000; n += 1) yield { origin: `${n}`, input: { id: `n-${n}`, text: "x" } };
  },
});

it.each([1, 2, 7])("a timer runs while a transform answers at once, with %d inputs in flight", async (maxInFlight) => {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 0);
  const report = await flow(numbers())
    .pipe(transform(async (input) => input))
    .run({ maxInFlight });
  clearInterval(timer);
  expect(report.counts.ok).toBe(100_000);
  expect(ticks).toBeGreaterThan(10);
});

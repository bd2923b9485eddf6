/** Number of requests of an upload, including those that poll the processing. */

import { describe, expect, it } from "vitest";
import { batch, flow, upload } from "../../src/index.js";
import { texts } from "../helpers/flows.js";
import { openStore } from "../helpers/store.js";

describe("an upload takes few requests", () => {
  it.each([
    ["many batches", 64, 100],
    ["full batches", 128, 40],
  ])("%s: 1.25 for each at most", async (_, maxItems, batches) => {
    const { app } = await openStore({ processingDelayMs: 20 });
    const report = await flow(texts(maxItems * batches, (n) => ({ id: `r${maxItems}-${n}`, text: `text ${n}` })))
      .pipe(batch({ maxItems }), upload(app))
      .run();
    expect(report.counts.ok).toBe(maxItems * batches);
    expect(report.traffic.requests).toBeLessThanOrEqual(1.25 * batches);
  });
});

/** Answers in forms that the API does not define: all of them have the same meaning. */

import { describe, expect, it } from "vitest";
import {
  batch,
  flow,
  fromIterable,
  type InputDraft,
  listInputs,
  patch,
  patchConcepts,
  remove,
  removeAnnotations,
  upload,
} from "../../../src/index.js";
import { openStore } from "../../helpers/store.js";

describe("answers", () => {
  it.each([
    { how: "multi-status" },
    { how: "other-order", method: "GET", path: /\/(?:inputs|annotations)$/ },
    { how: "counts-as-text" },
    { how: "codes-as-names" },
  ] as const)("mean the same with $how", async ({ how, ...which }) => {
    const { store, app } = await openStore({ faults: [{ ...which, fault: { type: "odd-answer", how } }] });
    const put = async (...ids: string[]) => {
      const inputs = ids.map((id): InputDraft => {
        const annotations: InputDraft["annotations"] = [{ id: "x", box: [0, 0, 1, 1], concepts: [{ id: "boat" }] }];
        return { id, text: `note ${id}`, metadata: { code: 10000 }, annotations };
      });
      return flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
    };
    expect((await put("a", "b")).counts).toMatchObject({ ok: 2 });
    expect((await put("b", "c", "d")).counts).toMatchObject({ ok: 2, skipped: 1 });

    const listed = await flow(listInputs(app, { annotations: true, perPage: 3 })).toArray();
    expect(listed.map(({ id }) => id).sort()).toEqual(["a", "b", "c", "d"]);
    for (const input of listed) {
      expect(input).toMatchObject({ metadata: { code: 10000 }, status: { code: 30000 }, annotations: [{ id: "x" }] });
    }
    const changes = ["a", "nope", "b"].map((id) => ({ id, text: "-", metadata: { seen: true } }));
    const patched = await flow(fromIterable(changes)).pipe(batch(), patch(app)).run();
    expect(patched.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(patched.failures).toMatchObject([{ id: "nope", code: "30102" }]);

    await app.postDatasets([{ id: "train" }]);
    const members = await app.addToDataset("train", ["a", "nope"]);
    expect(members.map(({ id, status }) => [id, status.code])).toEqual([
      ["a", 64100],
      ["nope", 30102],
    ]);
    const boats = fromIterable([{ id: "any", text: "-", concepts: [{ id: "boat", name: "ship" }] }]);
    expect((await flow(boats).pipe(patchConcepts(app)).run()).counts).toMatchObject({ ok: 1 });
    const all = { which: "all" } as const;
    const emptied = await flow(listInputs(app)).pipe(batch(), removeAnnotations(app, all), remove(app)).run();
    expect(emptied.counts).toMatchObject({ ok: 4 });
    expect(store.faults.happened).toBeGreaterThan(2);
  });

  it("about processing are polled until the time limit, and an input in progress is then pending", async () => {
    const { app } = await openStore({ faults: [{ fault: { type: "stuck", share: 1 } }] });
    const inputs = fromIterable([{ id: "a", text: "calm sea" }]);
    const report = await flow(inputs)
      .pipe(batch(), upload(app, { processingTimeoutMs: 50 }))
      .run();
    expect(report.counts).toMatchObject({ read: 1, pending: 1 });
    expect(await app.countInputs()).toMatchObject({ processing: 1 });
  });
});

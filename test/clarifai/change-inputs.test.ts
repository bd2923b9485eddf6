/** Bulk operations: one request changes many inputs, and the result says how many the server went through. */

import { describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import { type App, type BulkChange, changeInputs, connect, flow, fromIterable, upload } from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `note-${index}`);

async function fill(app: App, count: number): Promise<void> {
  const notes = idsOf(count).map((id) => ({ id, text: id, metadata: { split: "train", n: 1 }, datasets: ["all"] }));
  const report = await flow(fromIterable(notes)).pipe(upload(app)).run();
  expect(report.counts.ok).toBe(count);
}

/** Fields of an input without the content hash. */
async function fieldsOf(app: App, id: string) {
  const { concepts, metadata = {}, geo } = (await app.getInput(id)).data;
  const { split, n, seen } = metadata as { [name: string]: unknown };
  return { concepts, split, n, seen, geo };
}

const members = async (app: App, dataset: string) =>
  (await app.listDatasetInputs(dataset, { perPage: 1000 })).map(({ id }) => id).sort();

describe("changeInputs", () => {
  it("changes concepts, metadata, locations and datasets of inputs by ids", async () => {
    const { app } = await openStore();
    await fill(app, 3);
    const change = (one: BulkChange) => changeInputs(app, { ids: ["note-0", "note-1"] }, one);
    const point = { longitude: 4.5, latitude: 51.9 };
    for (const one of [
      { addConcepts: ["sea", { id: "blurred", value: 0 }] },
      { addMetadata: { seen: true, n: 2 } },
      { setGeo: point },
      { addToDataset: "two" },
    ]) {
      expect(await change(one as BulkChange)).toMatchObject({ ok: true, state: "done", processed: 2 });
    }
    expect(await fieldsOf(app, "note-0")).toMatchObject({
      concepts: [
        { id: "sea", value: 1 },
        { id: "blurred", value: 0 },
      ],
      ...{ split: "train", n: 2, seen: true, geo: { geo_point: point } },
    });
    expect(await fieldsOf(app, "note-2")).toEqual({
      concepts: undefined,
      split: "train",
      n: 1,
      seen: undefined,
      geo: undefined,
    });
    expect(await members(app, "two")).toEqual(["note-0", "note-1"]);
    await change({ deleteConcepts: ["sea"] });
    await change({ deleteMetadata: { seen: true, n: 7 } });
    await change({ deleteGeo: true });
    await change({ removeFromDataset: "two" });
    expect(await fieldsOf(app, "note-0")).toMatchObject({
      concepts: [{ id: "blurred" }],
      n: 2,
      seen: undefined,
      geo: undefined,
    });
    expect(await members(app, "two")).toEqual([]);
  });

  it("changes the inputs of a dataset, or those that match filters", async () => {
    const { app } = await openStore();
    await fill(app, 3);
    await changeInputs(app, { ids: ["note-1"] }, { addMetadata: { split: "test" } });
    const filters = [{ annotation: { data: { metadata: { split: "train" } } } }];
    expect(await changeInputs(app, { filters }, { addConcepts: ["sea"] })).toMatchObject({ ok: true, processed: 2 });
    expect((await fieldsOf(app, "note-1")).concepts).toBeUndefined();
    expect(await changeInputs(app, { dataset: "all" }, { addToDataset: "copy" })).toMatchObject({
      ok: true,
      processed: 3,
    });
    expect(await members(app, "copy")).toEqual(idsOf(3));
  });

  it("splits a dataset by percentage, each input into one dataset at most", async () => {
    const { app } = await openStore();
    await fill(app, 200);
    const states: string[] = [];
    const result = await changeInputs(
      app,
      { dataset: "all" },
      { splitIntoDatasets: { train: 70, test: 20 } },
      { onProgress: ({ state }) => states.push(state) },
    );
    expect(result).toMatchObject({ ok: true, processed: 200 });
    expect(states[0]).toBe("queued");
    const [train, test] = [await members(app, "train"), await members(app, "test")];
    expect([train.length, test.length]).toEqual([140, 40]);
    expect(new Set([...train, ...test]).size).toBe(180);
  });

  it("is not ok if ids do not exist, or nothing matched", async () => {
    const { app } = await openStore();
    await fill(app, 1);
    expect(await changeInputs(app, { ids: ["note-0", "gone"] }, { deleteGeo: true })).toMatchObject({
      ok: false,
      processed: 1,
      reason: "the server went through 1 of 2 inputs; the others may not exist",
    });
    const filters = [{ annotation: { data: { concepts: [{ id: "none", value: 1 }] } } }];
    expect(await changeInputs(app, { filters }, { deleteGeo: true })).toMatchObject({
      ok: false,
      reason: "no input matched",
    });
  });

  it("sends an operation again after a lost answer, but not a split", async () => {
    const { store, app } = await openStore();
    await fill(app, 2);
    store.faults.add({ method: "POST", path: "/bulk_operations", times: 2, fault: { type: "cut", when: "after" } });
    expect(await changeInputs(app, { ids: idsOf(2) }, { addConcepts: ["sea"] })).toMatchObject({
      ok: true,
      processed: 2,
    });
    store.faults.clear();
    store.faults.add({ method: "POST", path: "/bulk_operations", times: 1, fault: { type: "cut", when: "after" } });
    const split = changeInputs(app, { ids: idsOf(2) }, { splitIntoDatasets: { a: 50, b: 50 } });
    await expect(split).rejects.toMatchObject({ outcomeUnknown: true });
    expect((await members(app, "a")).length + (await members(app, "b")).length).toBe(2);
  });

  it("goes on in the background after its time, is cancelled by its signal, and survives a restart", async () => {
    const data = temporaryFolder();
    const first = await startEmulator({ data });
    const app = await connect({ baseUrl: first.url, pat: "any" });
    await fill(app, 400);
    await app.close();
    await first.close();

    const slow = await startEmulator({ data, processingDelayMs: 600_000 });
    const waiting = await connect({ baseUrl: slow.url, pat: "any" });
    const begun = await changeInputs(waiting, { ids: idsOf(400) }, { addMetadata: { n: 2 } }, { wait: false });
    expect(begun).toMatchObject({ ok: false, state: "queued", processed: 0 });
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    const aborted = changeInputs(
      waiting,
      { ids: idsOf(400) },
      { addMetadata: { n: 3 } },
      { signal: stop.signal, onProgress },
    );
    await expect(aborted).rejects.toThrow("enough");
    expect((await waiting.listBulkOperations()).map(({ status }) => status?.code)).toEqual([25405, 25402]);
    await waiting.close();
    await slow.close();

    const { app: again } = await openStore({ data });
    await expect
      .poll(async () => (await again.getBulkOperation(begun.operationId)).status?.code, { timeout: 10_000 })
      .toBe(25400);
    expect(await again.getBulkOperation(begun.operationId)).toMatchObject({ processed: 400 });
    expect(await fieldsOf(again, "note-399")).toMatchObject({ n: 2 });
    await again.deleteBulkOperations([begun.operationId]);
    expect(await again.listBulkOperations()).toMatchObject([{ status: { code: 25405 } }]);
  });

  it.each([
    [{}, { deleteGeo: true }, "inputs must be one of"],
    [{ ids: [] }, { deleteGeo: true }, "not empty"],
    [{ filters: [{}] }, { deleteGeo: true }, "not empty"],
    [{ dataset: undefined }, { deleteGeo: true }, "not empty"],
    [{ ids: ["a"], dataset: "b" }, { deleteGeo: true }, "inputs must be one of"],
    [{ ids: ["a"] }, { deleteGeo: true, addConcepts: ["b"] }, "the change must have exactly one of"],
    [{ ids: ["a"] }, { addConcepts: [] }, "addConcepts is empty"],
    [{ ids: ["a"] }, { splitIntoDatasets: { a: 60, b: 60 } }, "at most 100 together"],
    [{ ids: ["a"] }, { addMetadata: { at: new Date(0) } }, "addMetadata"],
  ])("refuses %j with %j", async (inputs, change, text) => {
    const { app } = await openStore();
    await expect(changeInputs(app, inputs as never, change as never)).rejects.toMatchObject({
      code: "ERR_OPTIONS",
      message: expect.stringContaining(text),
    });
    expect(await app.listBulkOperations()).toEqual([]);
  });
});

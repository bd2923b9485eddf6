/** Uploads to a server with unusual answers: every reported outcome is true, no input is duplicated, and none is deleted without need. */

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lookUpStored } from "../../src/clarifai/upload/lookup.js";
import { shareOf } from "../../src/emulator/server/faults.js";
import {
  type App,
  batch,
  boundingBox,
  defineSink,
  flow,
  fromIterable,
  type InputDraft,
  transform,
  type UploadOptions,
  upload,
} from "../../src/index.js";
import { jpeg } from "../helpers/files.js";
import { openStore, temporaryFolder, wires } from "../helpers/store.js";

const put = (app: App, inputs: readonly InputDraft[], options: UploadOptions = {}) =>
  flow(fromIterable(inputs)).pipe(batch(), upload(app, options)).run();

const note = (id: string, text = `note ${id}`): InputDraft => ({ id, text });

/** Deletes the file of an input when all of it is known and nothing of it is sent. */
const losing = (path: string) =>
  transform((input) => {
    rmSync(path, { force: true });
    return input;
  });

describe.each(wires)("an upload over %s", (wire) => {
  it("ends when the server reports duplicates and then does not list them", async () => {
    const { store, app } = await openStore({}, {}, wire);
    store.faults.add({ method: "POST", fault: { type: "mixed", share: 1, code: 30100 } });
    const report = await put(app, [note("a"), note("b")]);
    expect(report.failures).toMatchObject([
      { id: "a", code: "30100" },
      { id: "b", code: "30100" },
    ]);
    expect(store.stored()).toEqual([]);
  });

  it("has later sinks whose backpressure reaches the source", async () => {
    const { app } = await openStore({}, {}, wire);
    let read = 0;
    let goOn: () => void = () => undefined;
    const stalled = new Promise<void>((resolve) => (goOn = resolve));
    const catalogue = defineSink({ name: "catalogue", write: () => stalled })();
    const counted = transform((input) => {
      read += 1;
      return input;
    });
    const inputs = Array.from({ length: 2000 }, (_, n) => note(`n${n}`));
    const running = flow(fromIterable(inputs))
      .pipe(counted, batch({ maxItems: 8 }), upload(app, { maxProcessing: 128 }), catalogue)
      .run({ maxInFlight: 16 });
    await expect.poll(() => read).toBeGreaterThan(16);
    // The source reads on until the backpressure stops it.
    let before = 0;
    await expect.poll(() => before === (before = read), { interval: 200 }).toBe(true);
    expect(read).toBeLessThan(1000);
    goOn();
    expect((await running).counts).toMatchObject({ read: 2000, ok: 2000 });
  });

  it("does not treat an input with an unreadable file as equal, and deletes nothing for it", async () => {
    const { store, app } = await openStore({}, {}, wire);
    await app.postInputs({
      length: 53,
      chunks: () => [Buffer.from('{"inputs":[{"id":"a","data":{"text":{"raw":"old"}}}]}')],
    });
    await expect.poll(() => store.stored()[0]?.statusCode).toBe(30000);
    const path = join(temporaryFolder(), "a.jpg");
    for (const options of [{ resume: "server" }, { conflict: "replace", resume: "server" }] as const) {
      writeFileSync(path, await jpeg());
      const report = await flow(fromIterable([{ id: "a", image: { path } }]))
        .pipe(losing(path), batch(), upload(app, options))
        .run();
      expect(report.failures).toMatchObject([{ id: "a", code: "ERR_FILE_UNREADABLE" }]);
      expect(store.stored()).toMatchObject([{ id: "a", kind: "text", timesStored: 1 }]);
    }
  });

  it("replaces an existing input of the same content whose processing failed", async () => {
    const { store, app } = await openStore({}, {}, wire);
    store.faults.add({ fault: { type: "processing", share: 1, code: 30002 } });
    await put(app, [note("a")], { wait: false });
    await expect.poll(() => store.stored()[0]?.statusCode).toBe(30002);
    store.faults.clear();
    expect((await put(app, [note("a")])).failures).toMatchObject([{ code: "ERR_FAILED_THERE" }]);
    expect((await put(app, [note("a")], { conflict: "replace" })).counts).toMatchObject({ ok: 1 });
  });

  it("deletes an input that could not be processed, so that a later attempt can succeed", async () => {
    const { store, app } = await openStore({}, {}, wire);
    store.faults.add({ fault: { type: "processing", share: 1, code: 30002 } });
    expect((await put(app, [note("a")])).failures).toMatchObject([{ id: "a", code: "30002", attempts: 3 }]);
    store.faults.clear();
    expect((await put(app, [note("a")])).counts).toMatchObject({ ok: 1 });
  });

  it("fails only the inputs that it cannot look up, not the accepted ones of the batch", async () => {
    const { store, app } = await openStore({}, {}, wire);
    await put(app, [note("b")]);
    store.faults.add({ method: "GET", path: /\/inputs$/, fault: { type: "status", http: 400, code: 11102 } });
    const report = await put(app, [note("a"), note("b", "other"), note("c")], { wait: false });
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "b", code: "11102" }]);
    expect(store.stored().map(({ id, timesStored }) => [id, timesStored])).toEqual([
      ["b", 1],
      ["a", 1],
      ["c", 1],
    ]);
  });

  it("continues when a failed input cannot be deleted for a retry", async () => {
    const { store, app } = await openStore({}, {}, wire);
    store.faults.add({ fault: { type: "processing", share: 0.5, code: 30002 } });
    store.faults.add({ method: "DELETE", fault: { type: "status", http: 400, code: 11102 } });
    const inputs = Array.from({ length: 20 }, (_, n) => note(`n${n}`));
    const report = await put(app, inputs);
    const failed = store.stored().filter(({ statusCode }) => statusCode === 30002);
    expect(failed.length).toBeGreaterThan(3);
    expect(report.counts).toMatchObject({ read: 20, failed: failed.length, ok: 20 - failed.length });
    expect(report.failures[0]).toMatchObject({ code: "30002" });
  });

  it("fails inputs whose annotations it cannot look up, and no others", async () => {
    const { store, app } = await openStore({}, {}, wire);
    store.faults.add({ method: "POST", path: "/annotations", fault: { type: "cut", when: "after" } });
    store.faults.add({ method: "GET", path: "/annotations", fault: { type: "status", http: 400, code: 11102 } });
    const annotations: InputDraft["annotations"] = [{ id: "x", box: [0, 0, 1, 1], concepts: [{ id: "boat" }] }];
    const report = await put(app, [{ ...note("a"), annotations }, note("b")]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({ id: "a", reason: expect.stringMatching(/^uploaded, but/) });
  });

  it("replaces other content also when the answer to the upload is lost", async () => {
    const { store, app } = await openStore({}, {}, wire);
    await put(app, [note("a", "old")]);
    store.faults.add({ method: "POST", times: 1, fault: { type: "cut", when: "after" } });
    const report = await put(app, [note("a", "new")], { conflict: "replace" });
    expect(report.counts).toMatchObject({ ok: 1 });
    expect((await app.getInput("a")).data.text).toMatchObject({ raw: "new" });
  });

  it("stores an input under one other id only, however often it is run", async () => {
    const { store, app } = await openStore({}, {}, wire);
    await put(app, [note("a", "old")]);
    for (let runs = 0; runs < 3; runs += 1) await put(app, [note("a", "new"), note("b")], { conflict: "suffix" });
    expect(
      store
        .stored()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(["a", "a-1", "b"]);
  });

  it("waits for inputs that another run left in progress, independent of its own jobs", async () => {
    const { store, app } = await openStore({}, { maxConcurrency: 1 }, wire);
    const ids = Array.from({ length: 40 }, (_, n) => `n${n}`);
    const stuck = ids.filter((id) => shareOf(id) < 0.5).slice(0, 4);
    const others = ids.filter((id) => shareOf(id) >= 0.5).slice(0, 4);
    store.faults.add({ fault: { type: "stuck", share: 0.5 } });
    await put(
      app,
      stuck.map((id) => note(id)),
      { wait: false },
    );
    // The answer to the first batch is lost when its inputs are processed, so that its job counts four that nobody waits for.
    for (const fault of [
      { type: "slow", ms: 200 },
      { type: "cut", when: "after" },
    ] as const) {
      store.faults.add({ method: "POST", times: 1, fault });
    }
    const report = await flow(fromIterable([...others, ...stuck].map((id) => note(id))))
      .pipe(batch({ maxItems: 4 }), upload(app, { processingTimeoutMs: 1500 }))
      .run();
    expect(report.counts).toMatchObject({ ok: 4, pending: 4 });
  });

  it("gives each input its own outcome when a server answers in another order", async () => {
    const { store, app } = await openStore({}, {}, wire);
    await put(app, [note("b", "other")]);
    store.faults.add({ method: "POST", fault: { type: "odd-answer", how: "other-order" } });
    const report = await put(app, [note("a"), note("b"), note("c"), note("d")]);
    expect(report.failures).toMatchObject([{ id: "b", code: "ERR_ID_TAKEN" }]);
    expect(report.counts).toMatchObject({ ok: 3, failed: 1 });
  });

  it("deletes only its own inputs when their processing fails", async () => {
    const { store, app } = await openStore({ processingDelayMs: 1000 }, {}, wire);
    store.faults.add({ fault: { type: "processing", share: 1, code: 30002 } });
    await put(app, [note("a")], { wait: false });
    const report = await put(app, [note("a")]);
    expect(report.failures).toMatchObject([{ id: "a", code: "ERR_FAILED_THERE" }]);
    expect(store.stored()).toMatchObject([{ id: "a", timesStored: 1 }]);
  });
});

it("looks an input up for a worker, and finds it only with the same content and without annotations", async () => {
  const { app } = await openStore();
  await flow(fromIterable([{ id: "a", text: "one" }]))
    .pipe(upload(app))
    .run();
  const find = (draft: InputDraft) => lookUpStored(app, draft, new AbortController().signal);
  expect(await find({ id: "a", text: "one" })).toBe("stored");
  expect(await find({ id: "a", text: "two" })).toBe("other");
  expect(await find({ id: "b", text: "one" })).toBe("absent");
  expect(await find({ text: "one" })).toBe("absent");
  const annotations = [boundingBox([0.1, 0.1, 0.5, 0.5], "boat")] as InputDraft["annotations"];
  expect(await find({ id: "a", text: "one", annotations })).toBe("other");
});

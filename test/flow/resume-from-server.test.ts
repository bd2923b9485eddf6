/** Resuming without a journal: the upload looks up existing inputs on the server. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { batch, flow, folder, fromIterable, type InputDraft, type UploadOptions, upload } from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const notes = (count: number, text = (n: number) => `note ${n}`): InputDraft[] =>
  Array.from({ length: count }, (_, n) => ({ id: `n${n}`, text: text(n) }));

async function openWithNotes(count: number) {
  const { store, app } = await openStore();
  await flow(fromIterable(notes(count)))
    .pipe(batch(), upload(app))
    .run();
  const again = async (inputs: InputDraft[], options: UploadOptions = {}) =>
    flow(fromIterable(inputs))
      .pipe(batch({ maxItems: 10 }), upload(app, { resume: "server", ...options }))
      .run();
  return { store, app, again };
}

describe('an upload with resume: "server"', () => {
  it("sends no existing input, and looks up 128 ids per request however small the batches are", async () => {
    const { again } = await openWithNotes(600);
    const report = await again(notes(600));
    expect(report.counts).toMatchObject({ ok: 0, skipped: 600 });
    expect(report.skipped[0]?.reason).toBe("already exists");
    expect(report.traffic.bytesSent).toBe(0);
    expect(report.traffic.requests).toBeLessThanOrEqual(Math.ceil(600 / 128) + 1);
  });

  it("sends missing inputs, once", async () => {
    const { store, again } = await openWithNotes(100);
    const report = await again(notes(250));
    expect(report.counts).toMatchObject({ ok: 150, skipped: 100 });
    expect(store.stored().map((input) => input.timesStored)).toEqual(Array.from({ length: 250 }, () => 1));
  });

  it("distinguishes changed files from unchanged ones by their content", async () => {
    const { store, app } = await openStore();
    const path = temporaryFolder();
    const wav = (byte: number, size = 1000) => {
      const bytes = Buffer.alloc(size, byte);
      bytes.write("RIFF____WAVEfmt ");
      bytes.writeUInt32LE(size - 8, 4);
      return bytes;
    };
    writeFileSync(join(path, "same.wav"), wav(1));
    writeFileSync(join(path, "long.wav"), wav(2, 300_000));
    writeFileSync(join(path, "other.wav"), wav(3));
    await flow(folder(path))
      .pipe(batch(), upload(app, { wait: false }))
      .run();
    writeFileSync(join(path, "other.wav"), wav(4));
    const run = async (options: UploadOptions) =>
      flow(folder(path))
        .pipe(batch(), upload(app, { resume: "server", wait: false, ...options }))
        .run();
    const kept = await run({});
    expect(kept.counts).toMatchObject({ skipped: 2, failed: 1 });
    expect(kept.failures[0]).toMatchObject({ code: "ERR_ID_TAKEN" });
    expect(kept.traffic.bytesSent).toBe(0);
    expect((await run({ conflict: "replace" })).counts).toMatchObject({ skipped: 2, ok: 1 });
    expect((await run({})).counts).toMatchObject({ skipped: 3 });
    expect(store.stored()).toHaveLength(3);
  });

  it('takes what is there with the same content for done, whatever "conflict" says', async () => {
    const { store, again } = await openWithNotes(3);
    expect((await again(notes(3), { conflict: "error" })).counts).toMatchObject({ skipped: 3 });
    const other = (n: number) => `other ${n}`;
    expect((await again(notes(3, other), { conflict: "error" })).counts).toMatchObject({ failed: 3 });
    expect((await again(notes(3, other), { conflict: "suffix" })).counts).toMatchObject({ ok: 3 });
    expect((await again(notes(3, other), { conflict: "suffix" })).counts).toMatchObject({ skipped: 3 });
    expect(store.stored()).toHaveLength(6);
  });

  it("waits for inputs that another run left unprocessed, and adds missing annotations", async () => {
    const { store, app } = await openStore({ processingDelayMs: 300 });
    await flow(fromIterable(notes(5)))
      .pipe(batch(), upload(app, { wait: false }))
      .run();
    const annotated = notes(5).map((input) => ({
      ...input,
      annotations: [{ id: "mood", concepts: [{ id: "calm" }] }],
    }));
    const run = async () =>
      flow(fromIterable(annotated))
        .pipe(batch(), upload(app, { resume: "server" }))
        .run();
    expect((await run()).counts).toMatchObject({ read: 5, failed: 0, pending: 0 });
    expect(store.stored().map(({ statusCode }) => statusCode)).toEqual([30000, 30000, 30000, 30000, 30000]);
    expect(await app.listAnnotations({ inputIds: ["n0"], ids: ["mood"] })).toHaveLength(1);
    expect((await run()).counts).toMatchObject({ skipped: 5 });
  });

  it("ends the run when the app does not exist", async () => {
    const { app } = await openStore({ autoCreate: false });
    const running = flow(fromIterable(notes(3)))
      .pipe(batch(), upload(app, { resume: "server" }))
      .run();
    await expect(running).rejects.toMatchObject({ name: "SinkError", code: "11101" });
  });

  it("sends no input whose id could not be looked up", async () => {
    const { store, app } = await openStore({}, { retryForMs: 0 });
    store.faults.add({ method: "GET", fault: { type: "status", http: 500, code: 98004 } });
    const report = await flow(fromIterable(notes(3)))
      .pipe(batch(), upload(app, { resume: "server" }))
      .run();
    expect(report.counts).toMatchObject({ failed: 3 });
    expect(store.stored()).toEqual([]);
  });
});

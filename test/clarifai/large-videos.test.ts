/** Videos that no request can carry: `upload` sends them in parts, once, and compares what the server stored. */

import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  createReadStream,
  openSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Emulator } from "../../src/emulator/index.js";
import { type App, flow, fromIterable, type InputDraft, type UploadOptions, upload } from "../../src/index.js";
import { example, tempFolder } from "../helpers/files.js";
import { isLong } from "../helpers/long.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const sizeBytes = 130_000_000;
/** With its zip, the video has 16 parts of 8 MiB. */
const parts = 16;
const path = join(tempFolder(), "clip.mp4");
let sha256 = "";

/** Makes a video of this size: a small one, with a box behind it that players ignore. */
function makeVideo(target: string, bytes: number, end: string): void {
  copyFileSync(example("media/ferry.mp4"), target);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(bytes - statSync(target).size, 0);
  head.write("free", 4);
  appendFileSync(target, head);
  truncateSync(target, bytes);
  const file = openSync(target, "r+");
  writeSync(file, end, bytes - end.length);
  closeSync(file);
}

beforeAll(async () => {
  makeVideo(path, sizeBytes, "the end");
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  sha256 = hash.digest("hex");
});

const clip: InputDraft = {
  id: "clip",
  video: { path },
  concepts: [{ id: "sea" }],
  metadata: { split: "train" },
  datasets: ["harbour"],
};

const put = (app: App, draft: InputDraft = clip, options: UploadOptions = {}) =>
  flow(fromIterable([draft])).pipe(upload(app, options));

/** What the emulator has: the video once, whole. */
const whole = (store: Emulator) =>
  expect(store.stored()).toMatchObject([{ id: "clip", sha256, sizeBytes, statusCode: 30000, timesStored: 1 }]);

describe("a video of more than 128 MB", () => {
  it("is uploaded in parts with all its fields, and skipped when it is stored", async () => {
    const { store, app } = await openStore();
    const report = await put(app, {
      ...clip,
      annotations: [{ box: [0.1, 0.1, 0.9, 0.9], concepts: [{ id: "boat" }] }],
    }).run();
    expect(report).toMatchObject({ ok: true, counts: { ok: 1 }, notes: {} });
    whole(store);
    expect(report.jobs).toMatchObject([
      { sink: "upload", kind: "upload in parts", state: "done", counts: { succeeded: 1, failed: 0 } },
    ]);
    expect((await app.getInput("clip")).data).toMatchObject({
      concepts: [{ id: "sea" }],
      metadata: { split: "train" },
    });
    expect((await app.listDatasetInputs("harbour")).map(({ id }) => id)).toEqual(["clip"]);
    expect((await app.listAnnotations({ inputIds: ["clip"] })).length).toBe(2);
    const again = await put(app).run();
    expect(again).toMatchObject({ counts: { skipped: 1 }, skipped: [{ reason: "already exists" }] });
    expect(again.traffic.bytesSent).toBeLessThan(10_000);
  });

  it("is stored once if answers are lost, parts are throttled, and the connection breaks off", async () => {
    const { store, app } = await openStore();
    store.faults.add({ method: "POST", path: "/inputs/uploads", times: 1, fault: { type: "cut", when: "after" } });
    store.faults.add({ method: "PUT", every: 3, times: 2, fault: { type: "cut", when: "after" } });
    store.faults.add({ method: "PUT", every: 4, times: 2, fault: { type: "throttle" } });
    store.faults.add({ method: "PUT", every: 5, times: 2, fault: { type: "cut", when: "during" } });
    const report = await put(app).run();
    expect(report.counts).toMatchObject({ ok: 1 });
    expect(store.faults.happened).toBe(7);
    whole(store);
    expect(await app.listUploads()).toHaveLength(1);
  });

  it("continues the same upload after a stop, and leaves no second one", async () => {
    const { store, app } = await openStore();
    const stop = new AbortController();
    store.faults.add({ method: "PUT", every: 6, times: 1, fault: { type: "slow", ms: 600_000 } });
    const running = put(app).run({ signal: stop.signal });
    while (store.faults.happened === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect(await running).toMatchObject({ stopped: true, counts: { pending: 1 } });
    const [begun] = await app.listUploads();
    expect(begun?.status?.code).toBe(68000);
    expect(await put(app).run()).toMatchObject({ counts: { ok: 1 } });
    whole(store);
    expect(await app.listUploads()).toMatchObject([{ id: begun?.id, status: { code: 68001 } }]);
  });

  it("is uploaded once by two processes at the same time", async () => {
    const { store, app } = await openStore();
    const reports = await Promise.all([put(app).run(), put(app).run()]);
    expect(reports.map(({ counts }) => counts.ok)).toEqual([1, 1]);
    whole(store);
    expect(await app.listUploads()).toHaveLength(1);
  });

  it.runIf(isLong)("begins a new upload if the old one expired or was cancelled", async () => {
    const { store, app } = await openStore();
    const stop = new AbortController();
    store.faults.add({ method: "PUT", every: 2, times: 1, fault: { type: "slow", ms: 600_000 } });
    const running = put(app).run({ signal: stop.signal });
    while (store.faults.happened === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await running;
    const [job] = await app.listAddJobs();
    await app.cancelAddJob(job?.id ?? "");
    expect(await put(app).run()).toMatchObject({ counts: { ok: 1 } });
    whole(store);
    expect(await app.listAddJobs()).toHaveLength(2);
  });

  it.runIf(isLong)("fails if another input has its id, and gets a suffix if that is asked for", async () => {
    const { app } = await openStore();
    await flow(fromIterable([{ id: "clip", text: "a text" }]))
      .pipe(upload(app))
      .run();
    expect(await put(app).run()).toMatchObject({ failures: [{ id: "clip", code: "ERR_ID_TAKEN" }] });
    expect(await app.listUploads()).toEqual([]);
    expect(await put(app, clip, { conflict: "suffix" }).run()).toMatchObject({ counts: { ok: 1 } });
    expect((await app.listInputs({ ids: ["clip-1"] })).map(({ status }) => status?.code)).toEqual([30000]);
  });

  it("is counted by a plan, which sends nothing", async () => {
    const { store, app } = await openStore();
    const plan = await put(app).plan();
    expect(plan.counts).toMatchObject({ ok: 1 });
    expect(plan.requests).toBe(1 + parts);
    expect(plan.bytes).toBeGreaterThan((sizeBytes * 4) / 3);
    expect(store.stored()).toEqual([]);
    expect(await app.listUploads()).toEqual([]);
  });

  it("fails above 300 MB before anything is sent", async () => {
    const { app } = await openStore();
    const huge = join(temporaryFolder(), "huge.mp4");
    makeVideo(huge, 300_000_001, "x");
    const report = await put(app, { id: "huge", video: { path: huge } }).run();
    expect(report.failures).toMatchObject([{ code: "ERR_ITEM_TOO_LARGE" }]);
    expect(report.failures[0]?.reason).toBe("the video has 300000001 bytes; the limit is 300000000");
    expect(report.traffic.bytesSent).toBe(0);
  });
});

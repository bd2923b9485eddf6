/** Copies of an app into another one: from a listing, without a disk. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type App,
  connect,
  deadLetters,
  download,
  flow,
  fromIterable,
  type InputDraft,
  jsonl,
  listInputs,
  type UploadOptions,
  upload,
} from "../../src/index.js";
import { kindsOn } from "../helpers/annotation-kinds.js";
import { stateOf, timesStored } from "../helpers/app-state.js";
import { richInput, richInputs } from "../helpers/rich-inputs.js";
import { openStore, temporaryFolder, wires } from "../helpers/store.js";
import { wireStateOf } from "../helpers/wire-state.js";

const count = 24;

async function fill(app: App, drafts: Iterable<InputDraft> = richInputs(count)): Promise<void> {
  const report = await flow(fromIterable(drafts)).pipe(upload(app)).run();
  expect(report.counts).toMatchObject({ failed: 0, skipped: 0, pending: 0 });
}

it("copies, in the tests below, annotations of every kind, on every kind of input that it fits", () => {
  const found = new Set(
    Array.from(richInputs(count)).flatMap(({ annotations = [], ...input }) => {
      const kind = (["video", "audio", "image", "text"] as const).find((one) => input[one]);
      return annotations.map(({ id }) => `${id} of ${kind}`);
    }),
  );
  const every = Object.entries(kindsOn).flatMap(([kind, kinds]) => kinds.map((one) => `a-${one} of ${kind}`));
  expect([...found]).toEqual(expect.arrayContaining(every));
  expect(every.length).toBeGreaterThan(20);
});

const copyOptions: UploadOptions = { createDatasets: true, resume: "server" };

describe.each(wires)("a listing that is uploaded into another app over %s", (wire) => {
  it("gives equal records and bytes, on the same server and on another one", async () => {
    const { app, store } = await openStore();
    await fill(app);
    const expected = await stateOf(app);
    expect(Object.keys(expected)).toHaveLength(count);
    const { app: elsewhere, store: otherStore } = await openStore({ autoCreate: true }, {}, wire);
    const beside = await connect({ baseUrl: store.url, pat: "any", appId: "copy" });
    for (const [to, id, target] of [
      [beside, "copy", store],
      [elsewhere, "main", otherStore],
    ] as const) {
      const report = await flow(listInputs(app)).pipe(upload(to)).run();
      expect(report.counts).toMatchObject({ ok: count, failed: 0, skipped: 0, pending: 0 });
      expect(await stateOf(to)).toEqual(expected);
      expect(await wireStateOf(target.url, id)).toEqual(await wireStateOf(store.url));
      expect(timesStored(target, id)).toEqual([1]);
    }
    await beside.close();
  });

  it("skips what is there, and fails what is there with other content", async () => {
    const { app } = await openStore();
    await fill(app);
    const { app: to, store } = await openStore({}, {}, wire);
    await fill(to, [richInput(1), { id: "r2", text: "another text" }, { id: "mine", text: "stays" }]);
    const report = await flow(listInputs(app)).pipe(upload(to, copyOptions)).run();
    expect(report.counts).toMatchObject({ ok: count - 2, skipped: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "r2", code: "ERR_ID_TAKEN" }]);
    const again = await flow(listInputs(app)).pipe(upload(to, copyOptions)).run();
    expect(again.counts).toMatchObject({ ok: 0, skipped: count - 1, failed: 1 });
    expect(timesStored(store, "main")).toEqual([1]);
    expect(await stateOf(to)).toMatchObject({ mine: { text: "stays" }, r2: { text: "another text" } });
  });

  it("reads a large content from the source while it is sent, and again after a lost answer", async () => {
    const { app } = await openStore();
    const bytes = new Uint8Array(readFileSync(join(import.meta.dirname, "../../examples/data/media/foghorn.wav")));
    const large = new Uint8Array(3_000_000);
    large.set(bytes.subarray(0, 44));
    new DataView(large.buffer).setUint32(4, large.length - 8, true);
    new DataView(large.buffer).setUint32(40, large.length - 44, true);
    large.fill(7, 44);
    await fill(app, [{ id: "large", audio: { bytes: large } }]);
    const lost =
      wire === "grpc"
        ? { path: "PostInputs", times: 2, fault: { type: "reset", afterBytes: 1_000_000 } as const }
        : { path: /inputs$/, method: "POST", times: 2, fault: { type: "cut", when: "during" } as const };
    const { app: to, store } = await openStore({ faults: [lost] }, {}, wire);
    const report = await flow(listInputs(app)).pipe(upload(to)).run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 0 });
    expect(store.faults.happened).toBe(2);
    expect(await stateOf(to)).toEqual(await stateOf(app));
    expect(timesStored(store, "main")).toEqual([1]);
  });
});

describe("a listing that is uploaded", () => {
  it("fails inputs whose content the app does not have, by name, and copies the others", async () => {
    const { app, store } = await openStore();
    await fill(app);
    const folder = store.stored("me", "main").find(({ id }) => id === "r4");
    const state = await stateOf(app);
    const [gone] = await flow(listInputs(app, { ids: ["r4"] })).toArray();
    expect(gone?.image).toHaveProperty("hostedUrl", expect.stringContaining(String(folder?.sha256)));
    const web = {
      path: `/media/orig/users/me/apps/main/inputs/image/${folder?.sha256}`,
      fault: { type: "status", http: 404, code: 11101 } as const,
    };
    store.faults.add(web);
    const { app: to } = await openStore();
    const report = await flow(listInputs(app)).pipe(upload(to)).run();
    if (report.failures.length === 0) throw new Error("the rule did not match a request for media");
    expect(report.counts).toMatchObject({ ok: count - 1, failed: 1 });
    expect(report.failures).toMatchObject([{ origin: "r4", code: "ERR_HTTP_404" }]);
    expect(report.failures[0]?.reason).toMatch(
      /^the content of the input "r4" of me\/main at .* cannot be read: .* answered HTTP 404$/,
    );
    const { r4: _, ...others } = state;
    expect(await stateOf(to)).toEqual(others);
  });

  it("fails inputs that the platform could not process, with its code", async () => {
    const details = "404 Client Error: Not Found for url";
    const fault = { type: "processing", share: 1, code: 30002, details } as const;
    const { app, store } = await openStore({ faults: [{ method: "POST", times: 1, fault }] });
    await flow(fromIterable([{ id: "bad", text: "bad" }]))
      .pipe(upload(app))
      .run();
    store.faults.clear();
    await fill(app, [{ id: "good", text: "calm" }]);
    const { app: to } = await openStore();
    const report = await flow(listInputs(app)).pipe(upload(to)).run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ origin: "bad", code: "30002" }]);
    expect(report.failures[0]?.reason).toContain("has no content of the input");
  });

  it("creates datasets with createDatasets, also for two programs at once, and the platform refuses them without it", async () => {
    const { app } = await openStore();
    await fill(app);
    const { app: to, store } = await openStore({ autoCreate: false });
    const headers = { authorization: "Key any", "content-type": "application/json" };
    const body = JSON.stringify({ apps: [{ id: "main" }] });
    await fetch(`${store.url}/v2/users/me/apps`, { method: "POST", headers, body });
    const refused = await flow(listInputs(app, { dataset: "best" }))
      .pipe(upload(to))
      .run();
    expect(refused.counts).toMatchObject({ ok: 0, failed: 8 });
    expect(refused.failures[0]).toMatchObject({ code: "11101" });
    const other = await connect({ baseUrl: store.url, pat: "any" });
    const copies = [to, other].map((target) => flow(listInputs(app)).pipe(upload(target, copyOptions)).run());
    const reports = await Promise.all(copies);
    for (const report of reports) expect(report.counts).toMatchObject({ failed: 0, pending: 0 });
    expect(await stateOf(to)).toEqual(await stateOf(app));
    expect(timesStored(store, "main")).toEqual([1]);
    await other.close();
  });

  it("reads no content of an input that its journal has", async () => {
    const { app, store } = await openStore();
    await fill(app);
    const { app: to } = await openStore();
    const journal = join(temporaryFolder(), "a.journal");
    await flow(listInputs(app)).pipe(upload(to)).run({ journal });
    store.faults.add({ path: "/media/", fault: { type: "status", http: 500, code: 98004 } });
    const report = await flow(listInputs(app)).pipe(upload(to)).run({ journal });
    expect(report.counts).toMatchObject({ ok: 0, failed: 0, skipped: count });
    expect(store.faults.happened).toBe(0);
  });

  it("writes failed inputs as dead letters, which another run reads with the credential of the first app", async () => {
    const { app } = await openStore();
    const large = await readFileSync(join(import.meta.dirname, "../../examples/data/harbour/quay.jpg"));
    await fill(app, [
      { id: "photo", image: { bytes: new Uint8Array(Buffer.concat([large, Buffer.alloc(300_000)])) } },
      { id: "note", text: "calm" },
    ]);
    const { app: to, store } = await openStore({
      faults: [{ method: "POST", path: /inputs$/, times: 2, fault: { type: "mixed", share: 1, code: 39999 } }],
    });
    const path = join(temporaryFolder(), "failed.jsonl");
    const report = await flow(listInputs(app)).pipe(upload(to)).run({ deadLetters: path });
    expect(report.counts).toMatchObject({ failed: 2 });
    expect(readFileSync(path, "utf8")).toMatch(/"uri":"clarifai:http:\/\/127\.0\.0\.1:\d+\/media\/orig\//);
    store.faults.clear();
    const replay = await flow(deadLetters(path)).pipe(upload(to)).run();
    expect(replay.counts).toMatchObject({ ok: 2, failed: 0 });
    expect(await stateOf(to)).toEqual(await stateOf(app));
  });

  it("names the app that a content belongs to when the program is not connected to it", async () => {
    const { app: to } = await openStore();
    const draft: InputDraft = {
      id: "a",
      image: { uri: "clarifai:https://data.clarifai.com/orig/users/me/apps/a/inputs/image/0", sizeBytes: 5 },
    };
    const report = await flow(fromIterable([draft]))
      .pipe(upload(to))
      .run();
    expect(report.failures).toMatchObject([{ code: "ERR_NOT_CONNECTED" }]);
  });
});

describe("the manifest of a download", () => {
  it("uploads to the same app with nothing to do, however the inputs came there", async () => {
    const { app, store } = await openStore();
    await fill(app);
    // As another program uploads: without a content hash in the metadata.
    const inputs = [
      {
        id: "sdk-photo",
        data: {
          image: {
            base64: readFileSync(join(import.meta.dirname, "../../examples/data/harbour/quay.jpg")).toString("base64"),
          },
        },
      },
      { id: "sdk-note", data: { text: { raw: "from an SDK" } } },
    ];
    const headers = { authorization: "Key any", "content-type": "application/json" };
    await fetch(`${store.url}/v2/users/me/apps/main/inputs`, {
      method: "POST",
      headers,
      body: JSON.stringify({ inputs }),
    });
    const out = temporaryFolder();
    await flow(listInputs(app, { status: 30000 }))
      .pipe(download(out))
      .run();
    const before = await stateOf(app);
    const report = await flow(jsonl(join(out, "manifest.jsonl")))
      .pipe(upload(app))
      .run();
    expect(report.counts).toMatchObject({ ok: 0, failed: 0, skipped: count + 2 });
    expect(report.skipped.map(({ reason }) => reason)).toEqual(["already exists"]);
    expect(report.exitCode).toBe(0);
    expect(await stateOf(app)).toEqual(before);
  });

  it.each(wires)("uploads to another server with equal records and bytes over %s", async (wire) => {
    const { app, store: from } = await openStore();
    await fill(app);
    const out = temporaryFolder();
    await flow(listInputs(app)).pipe(download(out)).run();
    const { app: to, store } = await openStore({}, {}, wire);
    const report = await flow(jsonl(join(out, "manifest.jsonl")))
      .pipe(upload(to))
      .run();
    expect(report.counts).toMatchObject({ ok: count, failed: 0, skipped: 0 });
    expect(await stateOf(to)).toEqual(await stateOf(app));
    expect(await wireStateOf(store.url)).toEqual(await wireStateOf(from.url));
  });
});

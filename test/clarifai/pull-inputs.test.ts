/** Server-side pulls: the server reads an archive by itself, and the result has the counts of its job. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import { connect, pullInputs } from "../../src/index.js";
import { exampleBytes } from "../helpers/files.js";
import { openStore, temporaryFolder } from "../helpers/store.js";
import { type Route, startWeb } from "../helpers/web.js";

const sample = (name: string) => readFileSync(join(import.meta.dirname, "../cases/files/archives", name));

/** Serves archives by their names. */
const serve = (...names: string[]) =>
  startWeb(
    Object.fromEntries(names.map((name): [string, Route] => [`/${name}`, (response) => response.end(sample(name))])),
  );

/** The ids that the emulator makes of the names in the samples, without the long one. */
const shortIds = (ids: readonly string[]) => ids.filter((id) => !id.startsWith("sea-nnn")).sort();

describe("pullInputs", () => {
  it.each([
    ["stored.zip", ["sea-deep-numbers", "sea-hard", "sea-notes", "sea-quay"]],
    ["deflated.zip", ["sea-deep-numbers", "sea-hard", "sea-notes", "sea-quay"]],
    ["gnu.tar.gz", ["sea-deep-numbers", "sea-hard", "sea-quay"]],
  ])("adds the inputs of %s with all fields of the options", async (name, ids) => {
    const { store, app } = await openStore();
    const web = await serve(name);
    const states: string[] = [];
    const result = await pullInputs(app, `${web.origin}/${name}`, {
      concepts: ["sea", { id: "blurred", value: 0 }],
      metadata: { split: "train" },
      geo: { longitude: 4.5, latitude: 51.9 },
      datasets: ["harbour"],
      onProgress: ({ state }) => states.push(state),
    });
    // The sample has an empty text, which fails. Links and folders are no inputs.
    const counts = { pending: 0, inProgress: 0, succeeded: ids.length + 1, failed: 1 };
    expect(result).toMatchObject({
      ok: false,
      state: "done",
      counts,
      found: { image: 1, text: ids.length },
      failures: [],
    });
    expect(states.at(-1)).toBe("done");
    const stored = store.stored();
    expect(shortIds(stored.map(({ id }) => id))).toEqual(ids);
    const sha256 = createHash("sha256").update(exampleBytes("harbour/quay.jpg")).digest("hex");
    expect(stored.find(({ id }) => id === "sea-quay")).toMatchObject({ sha256, statusCode: 30000 });
    for (const { id } of stored) {
      expect((await app.getInput(id)).data).toMatchObject({
        concepts: [
          { id: "sea", value: 1 },
          { id: "blurred", value: 0 },
        ],
        metadata: { split: "train" },
        geo: { geo_point: { longitude: 4.5, latitude: 51.9 } },
      });
    }
    const members = (await app.listDatasetInputs("harbour")).map(({ id }) => id);
    expect(members.sort()).toEqual(stored.map(({ id }) => id).sort());
  });

  it("counts inputs whose ids exist as failed, or lets the server choose other ids", async () => {
    const { store, app } = await openStore();
    const web = await serve("hostile.zip");
    const url = `${web.origin}/hostile.zip`;
    // Names that lead out of the archive fail; "ok.txt" and "dir\back.txt" are fine.
    expect(await pullInputs(app, url)).toMatchObject({ counts: { succeeded: 2, failed: 4 }, ok: false });
    expect(await pullInputs(app, url)).toMatchObject({ counts: { succeeded: 0, failed: 6 }, ok: false });
    expect(store.stored()).toHaveLength(2);
    expect(await pullInputs(app, url, { conflict: "suffix" })).toMatchObject({ counts: { succeeded: 2, failed: 4 } });
    expect(
      store
        .stored()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(["dir-back", "dir-back-1", "ok", "ok-1"]);
  });

  it("is ok if every input is there, and not if nothing was found", async () => {
    const { app } = await openStore();
    const web = await serve("zip64.zip");
    expect(await pullInputs(app, `${web.origin}/zip64.zip`)).toMatchObject({
      ok: true,
      counts: { succeeded: 1, failed: 0 },
    });
    const failed = await pullInputs(app, `${web.origin}/nothing.zip`);
    expect(failed).toMatchObject({ ok: false, state: "failed", counts: { succeeded: 0, failed: 0 } });
    expect(failed.failures).toEqual([expect.stringContaining("404 Client Error: Not Found")]);
  });

  it("begins one job, also if the answer is lost, or the call is repeated with the same job id", async () => {
    const { store, app } = await openStore();
    const web = await serve("zip64.zip");
    store.faults.add({ method: "POST", path: "/data_sources", times: 1, fault: { type: "cut", when: "after" } });
    const first = await pullInputs(app, `${web.origin}/zip64.zip`, { jobId: "pull-1" });
    expect(first).toMatchObject({ ok: true, jobId: "pull-1", counts: { succeeded: 1 } });
    expect(await pullInputs(app, `${web.origin}/zip64.zip`, { jobId: "pull-1" })).toEqual(first);
    expect(web.asked).toHaveLength(1);
    expect(await app.listAddJobs()).toHaveLength(1);
    expect((await app.listExtractionJobs()).map(({ archives }) => archives.completed)).toEqual([1]);
  });

  it("returns the state so far when the time is over, and waits on with the same job id", async () => {
    const { app } = await openStore();
    let answer: () => void = () => undefined;
    const web = await startWeb({ "/slow.zip": (response) => void (answer = () => response.end(sample("zip64.zip"))) });
    const url = `${web.origin}/slow.zip`;
    const early = await pullInputs(app, url, { jobId: "slow", timeoutMs: 50 });
    expect(early).toMatchObject({ ok: false, counts: { succeeded: 0 } });
    expect(["queued", "running"]).toContain(early.state);
    while (web.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    answer();
    expect(await pullInputs(app, url, { jobId: "slow" })).toMatchObject({ ok: true, counts: { succeeded: 1 } });
  });

  it("cancels the job when its signal is aborted", async () => {
    const { app, store } = await openStore();
    const web = await startWeb({ "/stuck.zip": () => undefined });
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    const pull = pullInputs(app, `${web.origin}/stuck.zip`, { jobId: "stuck", signal: stop.signal, onProgress });
    await expect(pull).rejects.toThrow("enough");
    expect(await app.getAddJob("stuck")).toMatchObject({ status: { code: 64004 } });
    expect(store.stored()).toEqual([]);
  });

  it("continues in a restarted emulator, without adding an input twice", async () => {
    const data = temporaryFolder();
    const web = await serve("stored.zip");
    const first = await startEmulator({ data, processingDelayMs: 600_000 });
    const app = await connect({ baseUrl: first.url, pat: "any" });
    await pullInputs(app, `${web.origin}/stored.zip`, { jobId: "pull", wait: false });
    await app.close();
    await first.close();
    const { app: again, store } = await openStore({ data });
    const result = await pullInputs(again, `${web.origin}/stored.zip`, { jobId: "pull" });
    expect(result).toMatchObject({ state: "done", counts: { succeeded: 5, failed: 1 } });
    expect(store.stored().map(({ timesStored }) => timesStored)).toEqual([1, 1, 1, 1, 1]);
  });

  it("says that the emulator reads no buckets, without printing credentials", async () => {
    const { app } = await openStore();
    const s3 = { id: "AKIA", secret: "hush-hush", region: "eu-west-1" };
    const pull = pullInputs(app, "s3://bucket/photos/", { credentials: { s3 } });
    await expect(pull).rejects.toMatchObject({
      code: "10040",
      message: expect.stringMatching(/reads no buckets, such as s3:\/\/bucket\/photos\/(?!.*hush)/),
    });
    expect(await app.listAddJobs()).toEqual([]);
  });

  it("refuses arguments that are wrong", async () => {
    const { app } = await openStore();
    const wrong: [string, object, string][] = [
      ["photos.zip", {}, "url must be an address such as s3://bucket/photos/, got a text without a scheme"],
      ["s3://b/", { conflict: "replace" }, "conflict"],
      ["s3://b/", { credentials: { ftp: {} } }, "credentials"],
      ["s3://b/", { metadata: { at: new Date(0) } }, "metadata"],
      ["s3://b/", { timeoutMs: 0 }, "timeoutMs"],
    ];
    for (const [url, options, text] of wrong) {
      await expect(pullInputs(app, url, options)).rejects.toMatchObject({
        code: "ERR_OPTIONS",
        message: expect.stringContaining(text),
      });
    }
  });
});

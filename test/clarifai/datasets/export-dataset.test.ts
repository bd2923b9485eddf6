/** Dataset versions and exports, through the client. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect, exportDataset, flow, fromIterable, upload } from "../../../src/index.js";
import { openStore, temporaryFolder } from "../../helpers/store.js";

async function stored(options: Parameters<typeof openStore>[0] = {}) {
  const { app, store } = await openStore({ processingDelayMs: 0, ...options });
  const inputs = Array.from({ length: 300 }, (_, n) => ({ id: `t${n}`, text: `text ${n}`, datasets: ["train"] }));
  await flow(fromIterable(inputs))
    .pipe(upload(app, { wait: false }))
    .run();
  return { app, store };
}

describe("versions of a dataset", () => {
  it("are made, listed, counted and deleted", async () => {
    const { app } = await stored();
    const metadata = { split: "train" };
    const made = await app.createDatasetVersion("train", { id: "v1", description: "first", metadata });
    expect(made).toMatchObject({ id: "v1", description: "first", metadata, status: { code: 64015 } });
    await app.createDatasetVersion("train");
    expect(await app.listDatasetVersions("train")).toHaveLength(2);
    expect(await app.getDatasetVersion("train", "v1")).toEqual(made);
    const [total] = await app.listDatasetVersionMetrics("train", "v1");
    expect(total).toMatchObject({ value: "total", counts: { inputs_count: 300 } });
    await app.deleteDatasetVersions("train", ["v1"]);
    expect(await app.getDatasetVersion("train", "v1")).toBeUndefined();
  });

  it("are waited for until they are ready", async () => {
    const { app } = await stored({ processingDelayMs: 250 });
    expect(await app.createDatasetVersion("train")).toMatchObject({ status: { code: 64015 } });
  });

  it("are not waited for beyond the deadline", async () => {
    const { app } = await stored({ processingDelayMs: 3_600_000 });
    const made = app.createDatasetVersion("train", { id: "slow", timeoutMs: 1 });
    await expect(made).rejects.toMatchObject({ code: "ERR_VERSION_DEADLINE" });
    await expect(made).rejects.toThrow('the version "slow" of the dataset "train" was not ready within 1 ms');
    expect(await app.getDatasetVersion("train", "slow")).toMatchObject({ status: { code: 64005 } });
  });

  it("are made once, even if the answer is lost", async () => {
    const { app, store } = await stored();
    store.faults.add({ path: "/versions", method: "POST", times: 1, fault: { type: "cut", when: "after" } });
    expect(await app.createDatasetVersion("train")).toMatchObject({ status: { code: 64015 } });
    expect(await app.listDatasetVersions("train")).toHaveLength(1);
  });

  it("refuse a dataset that does not exist", async () => {
    const { app } = await stored();
    await expect(app.createDatasetVersion("nope")).rejects.toMatchObject({ code: "11101" });
  });
});

describe("exportDataset", () => {
  it("downloads the archive of a new version", async () => {
    const { app } = await stored();
    const path = join(temporaryFolder(), "train.zip");
    const archive = await exportDataset(app, { dataset: "train", path });
    const bytes = readFileSync(path);
    expect(archive).toMatchObject({ path, dataset: "train", sizeBytes: bytes.length });
    expect(archive.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(bytes.subarray(0, 2).toString()).toBe("PK");
    expect(readdirSync(join(path, ".."))).toEqual(["train.zip"]);
    expect((await app.listDatasetVersions("train")).map(({ id }) => id)).toEqual([archive.version]);
  });

  it("downloads each format of one version", async () => {
    const { app } = await stored();
    const { id: version } = await app.createDatasetVersion("train");
    for (const format of ["clarifai_data_protobuf", "coco"] as const) {
      const path = join(temporaryFolder(), `${format}.zip`);
      expect(await exportDataset(app, { dataset: "train", version, format, path })).toMatchObject({ version });
    }
  });

  it("does not overwrite a file, and makes no version then", async () => {
    const { app } = await stored();
    const path = join(temporaryFolder(), "train.zip");
    writeFileSync(path, "mine");
    await expect(exportDataset(app, { dataset: "train", path })).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
    expect(readFileSync(path, "utf8")).toBe("mine");
    expect(await app.listDatasetVersions("train")).toEqual([]);
  });

  it("refuses an archive above maxBytes", async () => {
    const { app } = await stored();
    const path = join(temporaryFolder(), "train.zip");
    const exported = exportDataset(app, { dataset: "train", path, maxBytes: 100 });
    await expect(exported).rejects.toMatchObject({ code: "ERR_DOWNLOAD_TOO_LARGE" });
    expect(existsSync(path)).toBe(false);
  });

  it("continues a download that breaks off", async () => {
    const { app, store } = await stored();
    const path = join(temporaryFolder(), "train.zip");
    store.faults.add({ path: "/exports/", method: "GET", times: 2, fault: { type: "truncated" } });
    const { sha256 } = await exportDataset(app, { dataset: "train", path });
    expect(sha256).toBe(createHash("sha256").update(readFileSync(path)).digest("hex"));
  });

  it("reports the refusal of the server", async () => {
    const { app, store } = await stored();
    const path = join(temporaryFolder(), "train.zip");
    const exported = exportDataset(app, { dataset: "train", version: "nope", path });
    await expect(exported).rejects.toMatchObject({ code: "11101" });
    const other = await connect({ baseUrl: store.url, pat: "any", appId: "empty" });
    await expect(exportDataset(other, { dataset: "train", path })).rejects.toMatchObject({ code: "11101" });
    await other.close();
  });
});

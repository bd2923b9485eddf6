/** Archives that are uploaded in parts: the job has the right counts, and no input is added twice. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uploadArchive } from "../../src/index.js";
import { fileWith, tempFolder } from "../helpers/files.js";
import { openStore, temporaryFolder, wires } from "../helpers/store.js";

const temp = tempFolder();
const sample = (name: string) => join(import.meta.dirname, "../cases/files/archives", name);

/** Makes a tar with one text, and zeros behind its end, so that it has several parts. */
function largeTar(sizeBytes: number): string {
  const header = Buffer.alloc(512);
  header.write("note.txt", 0);
  for (const [value, at, digits] of [
    [0o644, 100, 7],
    [0, 108, 7],
    [0, 116, 7],
    [5, 124, 11],
    [0, 136, 11],
  ] as const)
    header.write(value.toString(8).padStart(digits, "0"), at);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\u0000 `,
    148,
  );
  const text = Buffer.alloc(512);
  text.write("hello");
  const folder = join(temporaryFolder(), "large");
  mkdirSync(folder);
  const path = join(folder, "large.tar");
  writeFileSync(path, Buffer.concat([header, text, Buffer.alloc(sizeBytes - 1024)]));
  return path;
}

describe("uploadArchive", () => {
  it.each(wires)("adds the inputs of an archive, with an app of the wire %s", async (wire) => {
    const { store, app } = await openStore({}, {}, wire);
    const sent: [number, number][] = [];
    const result = await uploadArchive(app, sample("stored.zip"), {
      datasets: ["harbour"],
      onSent: (bytes, total) => sent.push([bytes, total]),
    });
    expect(result).toMatchObject({
      ok: false,
      state: "done",
      counts: { succeeded: 5, failed: 1 },
      found: { image: 1, text: 4 },
    });
    expect(store.stored()).toHaveLength(5);
    expect(sent.at(-1)?.[0]).toBe(sent.at(-1)?.[1]);
    expect(await app.listDatasetInputs("harbour")).toHaveLength(5);
  });

  it("sends a large archive in parts, each again on its own", async () => {
    const { store, app } = await openStore();
    const path = largeTar(20 * 1024 * 1024);
    store.faults.add({ method: "PUT", every: 2, times: 1, fault: { type: "cut", when: "after" } });
    const sent: number[] = [];
    expect(await uploadArchive(app, path, { onSent: (bytes) => sent.push(bytes) })).toMatchObject({
      ok: true,
      counts: { succeeded: 1 },
    });
    expect(sent).toHaveLength(3);
    expect(sent.at(-1)).toBe(20 * 1024 * 1024);
    expect(app.transport.counts.retries).toBe(1);
    expect(store.stored()).toMatchObject([{ id: "note", timesStored: 1 }]);
  });

  it("continues a job with the same id, and adds nothing when that is done", async () => {
    const { store, app } = await openStore();
    const path = largeTar(20 * 1024 * 1024);
    store.faults.add({ method: "PUT", times: 3, fault: { type: "status", http: 400, code: 11102 } });
    await expect(uploadArchive(app, path, { jobId: "job" })).rejects.toMatchObject({ code: "11102" });
    store.faults.clear();
    const result = await uploadArchive(app, path, { jobId: "job" });
    expect(result).toMatchObject({ ok: true, jobId: "job" });
    expect(await uploadArchive(app, path, { jobId: "job" })).toEqual(result);
    expect(store.stored()).toMatchObject([{ id: "note", timesStored: 1 }]);
    expect(await app.listUploads()).toHaveLength(1);
  });

  it("says why an archive could not be unpacked", async () => {
    const { app, store } = await openStore();
    const result = await uploadArchive(app, fileWith(temp, "broken.zip", "no archive at all"));
    expect(result).toMatchObject({ ok: false, state: "failed", counts: { succeeded: 0, failed: 0 } });
    expect(result.failures).toEqual([expect.stringContaining("is not a zip, tar or tar.gz")]);
    expect(store.stored()).toEqual([]);
  });

  it("refuses a file that is missing or empty before anything is sent", async () => {
    const { app } = await openStore();
    await expect(uploadArchive(app, join(temp, "none.zip"))).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE" });
    await expect(uploadArchive(app, fileWith(temp, "empty.zip", ""))).rejects.toMatchObject({ code: "ERR_FILE_EMPTY" });
    expect(await app.listAddJobs()).toEqual([]);
  });
});

/** `sluice datasets merge`, `versions` and `export`, and the upload of an export. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { batch, connect, flow, fromIterable, type InputDraft, listInputs, upload } from "../../src/index.js";
import { jpeg } from "../helpers/files.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const box = { id: "b-1", box: [0.1, 0.1, 0.5, 0.5] as never, concepts: [{ id: "crane" }] };
const drafts: InputDraft[] = [
  { id: "a", text: "calm sea", concepts: ["sea"], datasets: ["one"] },
  { id: "b", text: "rough sea", datasets: ["two"] },
  { id: "c", image: { bytes: await jpeg(64, 48) }, metadata: { n: 1 }, datasets: ["one", "two"], annotations: [box] },
];

async function open() {
  const { app, store } = await openStore();
  vi.stubEnv("CLARIFAI_API_BASE", store.url);
  vi.stubEnv("CLARIFAI_PAT", "any");
  onTestFinished(() => void vi.unstubAllEnvs());
  await flow(fromIterable(drafts)).pipe(batch(), upload(app)).run();
  const members = async (dataset: string) =>
    (await flow(listInputs(app, { dataset })).toArray()).map(({ id }) => id).toSorted();
  return { app, members };
}

describe("sluice datasets merge", () => {
  it("adds the members to a dataset that it creates, once, and can be undone", async () => {
    const { app, members } = await open();
    const undo = join(temporaryFolder(), "undo.jsonl");
    const planned = await runHere("datasets", "merge", "one", "two", "--into", "all", "--dry-run");
    expect(planned.stdout).toMatch(/^plan: read 3 = ok 3 /);
    expect(await app.getDataset("all")).toBeUndefined();
    const ran = await runHere("datasets", "merge", "one", "two", "--into", "all", "--undo", undo);
    expect(ran.stdout).toMatch(/^read 3 = ok 3 /);
    expect(await members("all")).toEqual(["a", "b", "c"]);
    expect(await runHere("datasets", "merge", "one", "two", "--into", "all")).toMatchObject({ code: 0 });
    expect(await members("all")).toEqual(["a", "b", "c"]);
    expect(await runHere("undo", undo)).toMatchObject({ code: 0 });
    expect(await members("all")).toEqual([]);
    expect(await members("one")).toEqual(["a", "c"]);
  });

  it("refuses datasets that do not exist, and a merge into itself", async () => {
    await open();
    const cases: [string[], RegExp][] = [
      [["one", "nope", "--into", "all"], /there is no dataset "nope" in/],
      [["one", "--into", "new", "--no-create"], /there is no dataset "new" in/],
      [["one", "--into", "one"], /cannot be merged into itself/],
      [["one"], /required option '--into <dataset>' not specified/],
    ];
    for (const [args, text] of cases) {
      const ran = await runHere("datasets", "merge", ...args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 2, ""]);
      expect(ran.stderr).toMatch(text);
    }
  });
});

describe("sluice datasets versions", () => {
  it("makes, lists and deletes versions", async () => {
    const { app } = await open();
    expect((await runHere("datasets", "versions", "one", "--create", "--dry-run")).stdout).toMatch(/^plan: create a/);
    expect((await runHere("datasets", "versions", "one")).stdout).toBe("");
    const made = await runHere("datasets", "versions", "one", "--create", "--description", "May", "--json");
    const { id } = JSON.parse(made.stdout) as { id: string };
    expect((await runHere("datasets", "versions", "one")).stdout).toMatch(new RegExp(`^${id} +\\S+ +.* May\n$`));
    expect(await runHere("datasets", "versions", "one", "--delete", id)).toMatchObject({ code: 2 });
    const deleted = await runHere("datasets", "versions", "one", "--delete", id, "--delete", "zz", "--yes");
    expect(deleted).toMatchObject({ code: 1, stderr: 'sluice: the dataset has no version "zz"\n' });
    expect(deleted.stdout).toMatch(/^deleted 1 version of the dataset "one"/);
    expect(await app.listDatasetVersions("one")).toEqual([]);
    expect(await runHere("datasets", "versions", "nope")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no dataset "nope"') as string,
    });
  });
});

describe("sluice datasets export", () => {
  it.each(["json", "protobuf"])("writes an archive (%s) that upload puts into another app", async (format) => {
    const { app } = await open();
    const file = join(temporaryFolder(), "one.zip");
    const args = ["datasets", "export", "one", file, "--format", format];
    expect((await runHere(...args, "--dry-run")).stdout).toMatch(/^plan: export the dataset "one" of me\/main/);
    expect((await runHere(...args)).stdout).toMatch(/^exported "one" \(version \w+\) to .*one\.zip, /);
    expect(await runHere(...args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already exists") as string,
    });
    const copy = await connect({ baseUrl: app.baseUrl, pat: "any", appId: "copy" });
    onTestFinished(() => copy.close());
    for (const how of [[], ["--as", "export"]]) {
      const ran = await runHere("upload", file, "--app", "copy", "--dataset", "one", ...how);
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^read 2 = /) as string });
    }
    const select = { annotations: true, dataset: "one" };
    const recordsOf = async (from: typeof app) =>
      (await flow(listInputs(from, select)).toArray())
        .map(({ id, text, concepts, metadata, annotations }) => ({
          ...{ id, text, concepts, metadata },
          boxes: annotations.map((one) => [one.box, one.concepts]),
        }))
        .toSorted((one, other) => (one.id < other.id ? -1 : 1));
    expect(await recordsOf(copy)).toEqual(await recordsOf(app));
    const hashes = await runHere("copy", "me/main", "me/copy", "--check-only", "--one-way", "--id", "c");
    expect(hashes.stdout).toMatch(/^check: 1 read/);
  });

  it("is uploaded by a later command, although the emulator then has another port", async () => {
    vi.stubEnv("CLARIFAI_API_BASE", "");
    vi.stubEnv("CLARIFAI_PAT", "");
    onTestFinished(() => void vi.unstubAllEnvs());
    const folder = temporaryFolder();
    const store = join(folder, "store");
    writeFileSync(join(folder, "quay.jpg"), await jpeg(64, 48));
    await runHere("upload", join(folder, "quay.jpg"), "--dataset", "one", "--store", store);
    const file = join(folder, "one.zip");
    expect(await runHere("datasets", "export", "one", file, "--store", store)).toMatchObject({ code: 0 });
    const ran = await runHere("upload", file, "--app", "other", "--store", store);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^read 1 = ok 1 /) as string });
  });

  it("exports a version", async () => {
    await open();
    const made = await runHere("datasets", "versions", "one", "--create", "--json");
    const { id } = JSON.parse(made.stdout) as { id: string };
    const file = join(temporaryFolder(), "one.zip");
    const ran = await runHere("datasets", "export", "one", file, "--version", id, "--json");
    expect(JSON.parse(ran.stdout)).toMatchObject({ path: file, dataset: "one", version: id });
  });
});

/** `sluice datasets`. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { batch, flow, fromIterable, listInputs, upload } from "../../src/index.js";
import { runHere } from "../helpers/run-here.js";
import { openStore } from "../helpers/store.js";

async function open() {
  const { store, app } = await openStore();
  vi.stubEnv("CLARIFAI_API_BASE", store.url);
  vi.stubEnv("CLARIFAI_PAT", "any");
  onTestFinished(() => void vi.unstubAllEnvs());
  const texts = ["a", "b", "c"].map((id) => ({ id, text: id, concepts: id === "c" ? [] : ["sea"] }));
  await flow(fromIterable(texts)).pipe(batch(), upload(app)).run();
  const members = async (dataset: string) => {
    const ids: string[] = [];
    for await (const { id } of flow(listInputs(app, { dataset }))) ids.push(id);
    return ids.toSorted();
  };
  return { app, members };
}

describe("sluice datasets", () => {
  it("creates, lists and deletes datasets", async () => {
    const { app } = await open();
    expect((await runHere("datasets", "create", "train", "val", "--dry-run")).stdout).toMatch(
      /^plan: create 2 datasets in /,
    );
    expect(await app.listDatasets()).toEqual([]);
    expect((await runHere("datasets", "create", "train", "val", "--description", "May")).stdout).toMatch(
      /^created 2 datasets in me\/main/,
    );
    expect(await runHere("datasets", "create", "train", "test")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^created 1 dataset in /) as string,
      stderr: 'sluice: the dataset "train" exists\n',
    });
    expect((await runHere("datasets", "ls")).stdout).toMatch(/^train +May\nval +May\ntest\n$/);
    expect((await runHere("datasets", "list", "--json")).stdout.split("\n")[0]).toBe(
      '{"id":"train","description":"May"}',
    );
    expect(await runHere("datasets", "delete", "train", "--dry-run")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^plan: delete 1 dataset of /) as string,
    });
    expect(await runHere("datasets", "delete", "train")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/pass --yes/) as string,
    });
    expect(await runHere("datasets", "delete", "train", "nope", "--yes")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^deleted 1 dataset of /) as string,
      stderr: 'sluice: there is no dataset "nope"\n',
    });
    expect((await app.listDatasets()).map(({ id }) => id)).toEqual(["val", "test"]);
  });

  it("adds the selected inputs to a dataset, and removes them", async () => {
    const { members } = await open();
    await runHere("datasets", "create", "train");
    expect((await runHere("datasets", "add", "train", "--concept", "sea", "--dry-run")).stdout).toMatch(
      /^plan: read 2 = ok 2 /,
    );
    expect(await members("train")).toEqual([]);
    expect((await runHere("datasets", "add", "train", "--concept", "sea")).stdout).toMatch(/^read 2 = ok 2 /);
    expect(await members("train")).toEqual(["a", "b"]);
    expect((await runHere("datasets", "add", "train", "--all")).stdout).toMatch(
      /^read 3 = ok 1 \+ failed 0 \+ skipped 2 /,
    );
    expect(await members("train")).toEqual(["a", "b", "c"]);
    expect((await runHere("datasets", "remove", "train", "--without", "concepts")).stdout).toMatch(/^read 1 = ok 1 /);
    expect(await members("train")).toEqual(["a", "b"]);
    expect((await runHere("datasets", "remove", "train", "--all")).stdout).toMatch(/^read 2 = ok 2 /);
    expect(await members("train")).toEqual([]);
  });

  it("refuses a dataset that does not exist, a missing selection, and an unknown command", async () => {
    await open();
    const cases: [string[], RegExp][] = [
      [["add", "nope", "--all"], /there is no dataset "nope" in me\/main at .*; sluice datasets create makes it/],
      [["add", "nope"], /datasets add: select inputs with/],
      [["create"], /missing required argument 'id'[\s\S]*\(sluice datasets create --help/],
      [["lst"], /unknown command 'lst'\n\(Did you mean/],
      [["list", "--jsn"], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    ];
    for (const [args, text] of cases) {
      const ran = await runHere("datasets", ...args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 2, ""]);
      expect(ran.stderr).toMatch(text);
    }
  });
});

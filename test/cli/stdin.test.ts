/** Sources that come from stdin. */

import { describe, expect, it, vi } from "vitest";
import { flow, listInputs } from "../../src/index.js";
import { startCommand } from "../helpers/command.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

describe("stdin", () => {
  it("is read as a table, as JSON Lines, as texts, and as URLs", { timeout: 60_000 }, async () => {
    const { store, app } = await openStore();
    const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
    const sluice = (stdin: string, ...args: string[]) =>
      startCommand(args, { cwd: temporaryFolder(), env, stdin }).ended;
    const first = (ended: { stdout: string; stderr: string }) => [ended.stdout.split("\n")[0], ended.stderr];

    const table = await sluice("k,body\na,calm\n", "upload", "-", "--format", "csv", "--map", "id=k,text=body");
    expect(first(table)).toEqual([expect.stringMatching(/^read 1 = ok 1 /), ""]);
    expect(first(await sluice('{"id":"b","text":"x"}\n', "upload", "--as", "jsonl", "-"))[0]).toMatch(/ok 1 /);
    expect(first(await sluice("one\n\ntwo\none\n", "upload", "-", "--format", "texts"))[0]).toMatch(/^read 3 = ok 3 /);
    expect(first(await sluice("http://localhost/a.jpg\nno url\n", "plan", "-", "--format", "urls"))[0]).toMatch(
      /^plan: read 2 = ok 1 \+ refused 1 /,
    );
    expect(
      first(await sluice("k,label\na,sea\n", "label", "-", "--format", "csv", "--map", "id=k,label=label"))[0],
    ).toMatch(/^read 1 = ok 1 /);
    expect((await flow(listInputs(app)).toArray()).map(({ id, text }) => [id.replace(/^row-.*/, "row"), text])).toEqual(
      [
        ["a", "calm"],
        ["b", "x"],
        ["row", "one"],
        ["row", "two"],
        ["row", "one"],
      ],
    );
  });

  it("needs its form, and can be read only once", async () => {
    const { store } = await openStore();
    vi.stubEnv("CLARIFAI_API_BASE", store.url);
    const cases: [string[], RegExp][] = [
      [["upload", "-"], /stdin has no name that says its form; pass --format csv, jsonl, urls, texts/],
      [["upload", "-", "--format", "folder"], /pass --format csv, jsonl, urls, texts/],
      [["patch", "-"], /pass --format csv, jsonl/],
      [["upload", "-", "-", "--format", "csv"], /stdin can be read only once/],
    ];
    for (const [args, text] of cases) {
      const ran = await runHere(...args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 2, ""]);
      expect(ran.stderr).toMatch(text);
    }
    vi.unstubAllEnvs();
  });
});

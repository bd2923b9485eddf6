/** What commands print: plans, outcomes, totals, nothing, and their help. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startCommand } from "../helpers/command.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

async function open() {
  const { store } = await openStore();
  vi.stubEnv("CLARIFAI_API_BASE", store.url);
  vi.stubEnv("CLARIFAI_PAT", "any");
  onTestFinished(() => void vi.unstubAllEnvs());
  const folder = temporaryFolder();
  const table = join(folder, "rows.csv");
  writeFileSync(table, "inputid,input\na,calm\nb b,rough\n"); // the second id is invalid
  return { store, folder, table };
}

describe("the output of a command", () => {
  it("is the plan with --dry-run, for each command that changes something", async () => {
    const { store, folder, table } = await open();
    expect(await runHere("upload", table, "--dry-run")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^plan: read 2 = ok 1 \+ refused 1 /) as string,
    });
    expect(store.stored()).toEqual([]);
    await runHere("upload", table);
    const letters = join(folder, "failed.jsonl");
    writeFileSync(letters, `${JSON.stringify({ origin: "x", input: { id: "x", text: "calm" } })}\n`);
    const commands = [
      ["replay", letters],
      ["download", join(folder, "out")],
      ["patch", "--set", "a=1", "--all"],
      ["label", "--add", "x", "--all"],
      ["annotate", "--remove-all", "--all"],
      ["remove", "--all"],
    ];
    const before = JSON.stringify(store.stored());
    for (const command of commands) {
      const planned = await runHere(...command, "--dry-run");
      expect([command, planned.code, planned.stdout]).toEqual([
        command,
        0,
        expect.stringMatching(/^plan: read 1 = ok 1 /),
      ]);
      const json = await runHere(...command, "--dry-run", "--json");
      expect(JSON.parse(json.stdout)).toMatchObject({ counts: { read: 1, ok: 1 } });
      expect(JSON.stringify(store.stored())).toBe(before);
    }
    expect(await runHere("upload", table, "--dry-run", "--report", "x.html")).toMatchObject({ code: 2 });
  });

  it("has the totals of the traffic", async () => {
    const { table } = await open();
    const { stdout } = await runHere("upload", table);
    expect(stdout).toMatch(
      /\n {2}traffic {2}\d+ requests?, \d+ B sent, \d+(?:\.\d)? k?B received; [\d.]+\/s inputs, \d+(?:\.\d)? k?B\/s\n/,
    );
  });

  it("is a line for each input with --verbose, and where the settings come from", async () => {
    const { store, table } = await open();
    const { stderr } = await runHere("upload", table, "--verbose");
    expect(stderr.split("\n").toSorted()).toEqual([
      "",
      expect.stringMatching(/^failed {3}(?:b b {2})?\S+rows\.csv:3: .*\[.*, ERR_ID/) as string,
      expect.stringMatching(/^ok {7}a {2}\S+rows\.csv:2$/) as string,
      `sluice: me/main at ${store.url} (server and key: the environment)`,
    ]);
  });

  it("has nothing but these lines with --verbose, however many inputs", async () => {
    const { store, folder } = await open();
    const texts = Array.from({ length: 200 }, (_, number) => JSON.stringify({ id: `t${number}`, text: "calm" }));
    writeFileSync(join(folder, "texts.jsonl"), texts.join("\n"));
    const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
    const { ended } = startCommand(["upload", "texts.jsonl", "--verbose"], { cwd: folder, env });
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    const [first, ...rest] = stderr.trimEnd().split("\n");
    expect(first).toMatch(/^sluice: me\/main at /);
    expect(rest).toHaveLength(200);
    for (const line of rest) expect(line).toMatch(/^ok {7}t\d+ {2}texts\.jsonl:\d+$/);
  });

  it("is only failures with --quiet", async () => {
    const { table } = await open();
    expect(await runHere("label", "--add", "x", "--all", "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" });
    const failed = await runHere("upload", table, "-q");
    expect(failed).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^read 2 = ok 1 \+ failed 1 /) as string,
    });
    const both = await runHere("upload", table, "--quiet", "--verbose");
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be used with") as string });
  });
});

describe("the help", () => {
  const verbs = [
    ...[
      "upload",
      "plan",
      "list",
      "search",
      "download",
      "patch",
      "label",
      "annotate",
      "datasets",
      "remove",
      "replay",
      "undo",
      "config",
      "run",
      "work",
    ],
    ...["submit", "status", "emulator"],
  ];

  it.each(verbs)("of %s shows its options", async (verb) => {
    expect((await runHere(verb, "--help")).stdout).toMatchSnapshot();
  });

  it("lists the commands", async () => {
    expect((await runHere("--help")).stdout).toMatchSnapshot();
  });
});

/** The commands of the command line, against the emulator. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Ended, startCommand } from "../helpers/command.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const data = join(import.meta.dirname, "../../examples/data");

/** Opens an emulator and an empty folder, and returns functions that start the command in that folder. */
async function open(options: Parameters<typeof openStore>[0] = {}) {
  const { store, app } = await openStore(options);
  const cwd = temporaryFolder();
  const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
  const start = (...args: string[]) => startCommand(args, { cwd, env });
  const sluice = (...args: string[]): Promise<Ended> => start(...args).ended;
  return { store, app, cwd, start, sluice };
}

describe("the command line", () => {
  it("plans, uploads, lists, downloads, replays and removes", { timeout: 120_000 }, async () => {
    const { store, cwd, sluice } = await open();
    await cp(join(data, "harbour"), join(cwd, "photos/harbour"), { recursive: true });
    writeFileSync(join(cwd, "photos/late.jpg"), "");
    const upload = ["photos", "--folder-labels", "--metadata", "split=train", "--metadata", "n=1", "--concept", "sea"];
    const records = ["--journal", "p.journal", "--dead-letters", "failed.jsonl"];

    const plan = await sluice("plan", ...upload, "--json");
    expect(plan).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(plan.stdout)).toMatchObject({ counts: { read: 4, ok: 3, refused: 1 }, requests: 1 });
    expect(readdirSync(cwd)).toEqual(["photos"]);

    const uploaded = await sluice("upload", ...upload, "--dataset", "d", ...records);
    expect(uploaded.code).toBe(1);
    expect(uploaded.stdout).toMatch(
      /^read 4 = ok 3 \+ failed 1 .*\n {2}target {3}upload to me\/main at http:\/\/127\.0\.0\.1:\d+, dataset d\n {2}failed {3}photos\/late\.jpg is empty/,
    );
    expect(uploaded.stderr).toBe(""); // no progress without a terminal
    expect(store.stored()[0]).toMatchObject({ metadata: { split: "train", n: 1 } });

    writeFileSync(join(cwd, "failed.jsonl"), `${JSON.stringify({ origin: "x", input: { id: "x", text: "calm" } })}\n`);
    const [json, table, replayed] = await Promise.all([
      sluice("list", "--json", "--limit", "2", "--dataset", "d"),
      sluice("list", "--kind", "image"),
      sluice("replay", "failed.jsonl", "--progress"),
    ]);
    expect(
      json.stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toHaveLength(2);
    expect(table.stdout.split("\n")[0]).toMatch(/^photos-harbour-\S+ +image {2}processed {5}\d{4}-.* {2}harbour, sea$/);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^read 1 = ok 1 /) as string });
    expect(replayed.stderr).toMatch(/^sluice: ended: 1 input; /m);

    const downloaded = await sluice("download", "out", "--kind", "image", "--json");
    expect(JSON.parse(downloaded.stdout)).toMatchObject({ counts: { ok: 3 }, exitCode: 0 });
    const quay = readdirSync(join(cwd, "out")).find((name) => name.includes("quay")) ?? "";
    expect(readFileSync(join(cwd, "out", quay)).equals(readFileSync(join(data, "harbour/quay.jpg")))).toBe(true);

    const asked = await sluice("remove", "--kind", "image");
    expect(asked).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--yes") as string });
    expect(store.stored()).toHaveLength(4);
    expect(await sluice("remove", "--kind", "image", "--yes")).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(store.stored()).toHaveLength(1), { timeout: 20_000 });
  });

  it("reads a CSV, a list of URLs and a JSON Lines file, and uses the emulator without a key", {
    timeout: 60_000,
  }, async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "one.csv"), "inputid,input\na,calm sea\n");
    writeFileSync(join(cwd, "two.jsonl"), '{"id":"b","text":"rough sea"}\n');
    writeFileSync(join(cwd, "three.list"), "https://samples.clarifai.com/metro-north.jpg\nno url\n");
    const ended = await startCommand(["plan", "one.csv", "two.jsonl", "three.list"], { cwd }).ended;
    expect(ended.stderr).toContain("sluice: no CLARIFAI_PAT, using the emulator; its data is in ./.sluice");
    expect(ended.stdout).toMatch(/^plan: read 4 = ok 3 \+ refused 1 /);
    expect(ended.code).toBe(1);
  });

  it("reads single images, with the ids that they have in their folder, and a CSV with semicolons", {
    timeout: 60_000,
  }, async () => {
    const { cwd, sluice } = await open();
    await cp(join(data, "harbour"), join(cwd, "photos"), { recursive: true });
    writeFileSync(join(cwd, "one.csv"), "inputid;input\na;calm sea\n");
    const named = await sluice("upload", "photos/quay.jpg", "photos/cranes.jpg", "one.csv", "--delimiter", ";");
    expect(named).toMatchObject({ code: 0, stdout: expect.stringMatching(/^read 3 = ok 3 /) as string });
    const whole = await sluice("upload", "photos");
    expect(whole.stdout).toMatch(/^read 3 = ok 1 .* skipped 2 [\s\S]* 2 × already exists: /);
  });

  it("says over which wire an upload went", async () => {
    const { store, cwd, sluice } = await open({ grpcPort: 0 });
    writeFileSync(join(cwd, "one.csv"), "inputid,input\na,calm sea\n");
    const binary = await sluice("upload", "one.csv", "--wire", "grpc", "--grpc-url", String(store.grpcUrl));
    expect(binary).toMatchObject({ code: 0, stdout: expect.stringMatching(/upload to me\/main at \S+ over gRPC/) });
    const asked = await sluice("upload", "one.csv", "--conflict", "skip", "--grpc-url", "http://127.0.0.1:9");
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/uploads use REST, not gRPC/) });
  });

  it("finishes open work on Ctrl-C, and prints its report", { timeout: 60_000 }, async () => {
    const { store, cwd, start } = await open({ processingDelayMs: 700 });
    writeFileSync(join(cwd, "one.csv"), "inputid,input\na,calm sea\n");
    const { child, ended } = start("upload", "one.csv");
    await vi.waitFor(() => expect(store.stored()).toHaveLength(1), { timeout: 20_000 });
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    expect(stderr).toMatch(/^sluice: SIGINT: open work may finish within 5 s/);
    expect(stdout).toMatch(/^read 1 = ok 1 [\s\S]*stopped/);
    expect(code).toBe(130);
  });
});

describe("an invalid command line", () => {
  it("exits with 2, and with 1 if the command cannot continue; the error names the problem", async () => {
    const { store } = await openStore();
    vi.stubEnv("CLARIFAI_API_BASE", store.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    const bad = join(temporaryFolder(), "bad.csv"); // its header has unknown columns
    writeFileSync(bad, "what,is,this\n1,2,3\n");
    const cases: [string[], number, RegExp][] = [
      [["nonsense"], 2, /^error: unknown command 'nonsense'/],
      [["upload"], 2, /^error: missing required argument 'source'[\s\S]*sluice upload --help/],
      [["upload", "/nowhere/at-all"], 1, /^error: \/nowhere\/at-all does not exist\n$/],
      [["upload", ".", "--kind", "smell"], 2, /'smell' is invalid\. It must be one of image, video, audio, text/],
      [["upload", ".", "--wire", "tcp"], 2, /Allowed choices are grpc, rest, auto/],
      [["upload", ".", "--metadata", "novalue"], 2, /It must be key=value/],
      [["upload", bad], 1, /^error: csv: .*bad\.csv: /],
      [["upload", bad, "--delimiter", ";;"], 2, /It must be one character/],
      [
        ["upload", bad, "--folder-labels"],
        2,
        /^error: --folder-labels is for folders, archives, buckets and documents, but the command has no such source\n$/,
      ],
      [["upload", process.execPath], 1, /is neither an image, video or audio file nor a list of URLs/],
      [["upload", ".", "--fetch"], 2, /^error: --fetch is for URLs/],
      [["list", "--id", "nowhere"], 0, /^sluice: no inputs found\n$/],
      [["replay", "."], 1, /^error: \. is a folder, not a dead-letter file\n$/],
      [["plan", bad, "--conflict", "maybe"], 2, /Allowed choices are skip, replace, suffix, error/],
      [["list", "--limit", "-1"], 2, /It must be a whole number from 1 up/],
      [["list", "--base-url", "ftp://x"], 2, /^error: connect: baseUrl/],
      [["download"], 2, /missing required argument 'folder'/],
      [["download", bad], 1, /^error: download: .*bad\.csv: /],
      [["remove", "--yes"], 2, /^error: remove: select inputs with --id/],
      [["replay", "/nowhere/at-all.jsonl"], 1, /^error: \/nowhere\/at-all\.jsonl does not exist/],
    ];
    const good = join(temporaryFolder(), "good.csv");
    writeFileSync(good, "inputid,input\na,calm sea\n");
    expect((await runHere("upload", good)).code).toBe(0); // so that the download has an input
    for (const [args, code, text] of cases) {
      const ended = await runHere(...args);
      expect([args, ended.code, ended.stdout]).toEqual([args, code, ""]);
      expect(ended.stderr).toMatch(text);
    }
  });

  it("shows help with examples for each command", async () => {
    for (const verb of ["upload", "plan", "list", "download", "copy", "remove", "replay", "emulator"]) {
      const { code, stdout } = await runHere(verb, "--help");
      expect([verb, code]).toEqual([verb, 0]);
      expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ sluice ${verb} `));
    }
  });
});

describe("a command of another tool", () => {
  it("is answered with the command that does the same, and never with a nearby name that deletes", async () => {
    const moved = await runHere("move", "--dataset", "old");
    expect(moved).toMatchObject({ code: 2, stdout: "" });
    expect(moved.stderr).toContain("(for move, use sluice copy, then sluice remove with the same filters)");
    expect(moved.stderr).not.toContain("Did you mean");
    expect((await runHere("delete")).stderr).toContain("(for delete, use sluice remove)");
    expect((await runHere("uplod")).stderr).toContain("Did you mean upload?");
  });
});

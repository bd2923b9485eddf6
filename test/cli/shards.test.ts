/** `--shard` and `sluice status` with journals, and the examples for schedulers. */

import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { bundledCommand } from "../helpers/command.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const examples = join(import.meta.dirname, "../../examples/many-machines");

/** Opens an emulator, and a folder with 30 texts. */
async function open() {
  const { store } = await openStore();
  const cwd = temporaryFolder();
  const texts = join(cwd, "texts");
  mkdirSync(texts);
  for (let n = 0; n < 30; n += 1) writeFileSync(join(texts, `${n}.txt`), `text ${n}`);
  const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  return { store, cwd, texts, env, journal: (n: number | string) => join(cwd, `texts-${n}.journal`) };
}

describe("--shard", () => {
  it("uploads, lists, plans and removes shares that add up", async () => {
    const { store, texts, journal } = await open();
    const plans = [];
    for (const n of [1, 2, 3]) {
      const plan = JSON.parse((await runHere("plan", texts, "--shard", `${n}/3`, "--json")).stdout);
      plans.push(plan.counts.ok);
      const { code, stdout } = await runHere("upload", texts, "--shard", `${n}/3`, "--journal", journal(n), "--json");
      expect([code, JSON.parse(stdout).counts.ok, JSON.parse(stdout).shard]).toEqual([
        0,
        plan.counts.ok,
        { index: n, count: 3, others: 30 - plan.counts.ok },
      ]);
    }
    expect(plans.reduce((sum, count) => sum + count, 0)).toBe(30);
    expect(store.stored()).toHaveLength(30);

    const status = await runHere("status", ...[1, 2, 3].map(journal));
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/^read 30 = ok 30 .*\(3 journals\)/) });
    const missing = await runHere("status", journal(1), journal(3), "--json");
    expect(missing.code).toBe(1);
    expect(JSON.parse(missing.stdout).problems).toEqual(["shard 2 of 3 has no journal"]);

    const listed = await runHere("list", "--shard", "2/3", "--count");
    expect(listed.stdout).toContain(`${plans[1]} inputs`);
    const removed = await runHere("remove", "--all", "--yes", "--shard", "2/3", "--json");
    expect(JSON.parse(removed.stdout).counts).toMatchObject({ read: plans[1], ok: plans[1] });
    expect(store.stored()).toHaveLength(30 - (plans[1] ?? 0));
  });

  it("edits the inputs of its share, also those that a table names", async () => {
    const { cwd, texts } = await open();
    await runHere("upload", texts, "--quiet");
    const { stdout } = await runHere("list", "--quiet");
    const ids = stdout.trim().split("\n");
    const table = join(cwd, "labels.csv");
    writeFileSync(table, `id,concept\n${[...ids, "none-1", "none-2"].map((id) => `${id},calm`).join("\n")}\n`);
    let [read, failed] = [0, 0];
    for (const n of [1, 2]) {
      const { counts } = JSON.parse((await runHere("label", table, "--shard", `${n}/2`, "--json")).stdout);
      read += counts.read;
      failed += counts.failed;
    }
    expect([read, failed]).toEqual([32, 2]);
    expect((await runHere("list", "--concept", "calm", "--count")).stdout).toContain("30 inputs");
  });

  it("is refused in other forms, and with the journal of another shard", async () => {
    const { texts, journal } = await open();
    vi.stubEnv("JOB_COMPLETION_INDEX", "8");
    expect(await runHere("upload", texts, "--shard", "9/8")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--shard: shard "9/8": shards count from 1'),
    });
    expect((await runHere("upload", texts, "--shard", "auto/8")).stderr).toContain("JOB_COMPLETION_INDEX is 8");
    await runHere("upload", texts, "--shard", "1/2", "--journal", journal(1));
    const other = await runHere("upload", texts, "--shard", "2/2", "--journal", journal(1));
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("give each shard a journal file") });
    expect((await runHere("submit", "--failed", "--shard", "1/2")).stderr).toContain("leave it out with --failed");
    expect((await runHere("status", journal(1), "--stream", "photos")).stderr).toContain("--stream is for a stream");
  });
});

describe("an example for a scheduler", () => {
  it("uploads the share of a Slurm task that is submitted alone", async () => {
    const { cwd, texts, env, store } = await open();
    writeFileSync(join(cwd, "npx"), `#!/bin/sh\nshift 2\nexec "${process.execPath}" "${bundledCommand()}" "$@"\n`);
    chmodSync(join(cwd, "npx"), 0o755);
    const task = (id: number) =>
      promisify(execFile)(join(examples, "slurm-array.sh"), [texts], {
        cwd,
        env: { ...env, PATH: `${cwd}:${process.env.PATH}`, SLURM_ARRAY_TASK_ID: `${id}`, SLURM_ARRAY_TASK_COUNT: "1" },
      });
    const { stdout } = await task(5);
    expect(stdout).toContain("  shard    5 of 8; ");
    const own = await runHere("plan", texts, "--shard", "5/8", "--json");
    expect(store.stored()).toHaveLength(JSON.parse(own.stdout).counts.ok);
  });

  it("uploads the share of a pod of a Kubernetes Job, with the number of shards that the Job has", async () => {
    const { cwd, texts } = await open();
    const text = readFileSync(join(examples, "kubernetes-job.yaml"), "utf8");
    const count = /completions: (\d+)/.exec(text)?.[1];
    const args = [...text.matchAll(/^ {12}- (\S+)$/gm)].map(([, arg = ""]) => arg);
    expect(args.slice(0, 2)).toEqual(["--shard", `auto/${count}`]);
    vi.stubEnv("JOB_COMPLETION_INDEX", "2");
    const own = args.map((arg) => arg.replace("$(JOB_COMPLETION_INDEX)", "2").replace("/journals", cwd));
    const { stdout } = await runHere("upload", texts, ...own);
    expect(stdout).toContain("  shard    3 of 8; ");
    expect((await runHere("status", join(cwd, "photos-2.journal"))).stdout).toContain(
      "7 of 8 shards have no journal: 1, 2",
    );
  });
});

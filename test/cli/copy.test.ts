/** `sluice copy`: two apps from the command line. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { seededRandom } from "../../src/emulator/server/faults.js";
import { connect, flow, fromIterable, type InputDraft, patch, upload } from "../../src/index.js";
import { stateOf, timesStored } from "../helpers/app-state.js";
import { type Ended, startCommand } from "../helpers/command.js";
import { isLong } from "../helpers/long.js";
import { richInputs } from "../helpers/rich-inputs.js";
import { runHere } from "../helpers/run-here.js";
import { openStore, temporaryFolder } from "../helpers/store.js";
import { wireStateOf } from "../helpers/wire-state.js";

/** Inputs, and kills of the command. */
const [inputs, kills] = isLong ? [2000, 12] : [60, 2];

async function open(count: number) {
  const { store, app } = await openStore();
  const report = await flow(fromIterable(richInputs(count)))
    .pipe(upload(app))
    .run();
  expect(report.counts.ok).toBe(count);
  const cwd = temporaryFolder();
  const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
  const start = (...args: string[]) => startCommand(["copy", ...args], { cwd, env });
  const copy = (...args: string[]): Promise<Ended> => start(...args).ended;
  const appOf = (appId: string) => connect({ baseUrl: store.url, pat: "any", appId });
  return { store, app, cwd, start, copy, appOf };
}

const rows = (drafts: InputDraft[]) => flow(fromIterable(drafts));

describe("sluice copy", () => {
  it("copies, checks, and copies nothing twice", { timeout: 60_000 }, async () => {
    const { store, app, cwd, copy, appOf } = await open(24);
    const plan = await copy("me/main", "me/second", "--dry-run");
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/^plan: read 24 = ok 24 /) as string });
    expect(store.stored("me", "second")).toEqual([]);

    const first = await copy("main", "second");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^read 24 = ok 24 \+ failed 0 .*\n {2}source .*\n {2}target {3}upload to me\/second at /,
    );
    expect(first.stdout).toMatch(/^check: 24 read, 24 the same, 0 different or missing$/m);
    expect(first.stdout).toMatch(/^ {2}video {2}2 in the first app, 2 the same in the second$/m);
    const second = await appOf("second");
    expect(await stateOf(second)).toEqual(await stateOf(app));
    expect(await wireStateOf(store.url, "second")).toEqual(await wireStateOf(store.url));

    const again = await copy("--from", "me/main", "me/second", "--json");
    expect(again.code).toBe(0);
    const [report, check] = again.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(report).toMatchObject({ counts: { ok: 0, skipped: 24 } });
    expect(check).toMatchObject({ check: { ok: true, same: { image: 12 }, differences: [] } });
    expect(timesStored(store, "second")).toEqual([1]);
    expect(readdirSync(cwd)).toEqual([]);
    await second.close();
  });

  it("copies into the data folder of an emulator and back, one dataset of it", { timeout: 60_000 }, async () => {
    const { store, cwd, copy } = await open(12);
    expect((await copy("--from", "me/main", "--to-store", "backup", "--dataset", "train")).code).toBe(0);
    expect(existsSync(join(cwd, "backup"))).toBe(true);
    expect((await copy("--from-store", "backup", "--to", "me/third")).code).toBe(0);
    expect(
      store
        .stored("me", "third")
        .map(({ id }) => id)
        .sort(),
    ).toEqual(["r0", "r1", "r10", "r3", "r4", "r6", "r7", "r9"]);
  });

  it("exits with 1 and names what differs, and what only one app has", { timeout: 60_000 }, async () => {
    const { copy, appOf, store } = await open(12);
    await copy("main", "second", "--no-check");
    const second = await appOf("second");
    await rows([{ id: "r1", metadata: { n: 7 } }])
      .pipe(patch(second))
      .run();
    await rows([{ id: "extra", text: "calm" }])
      .pipe(upload(second))
      .run();
    await second.deleteInputs(["r2"]);
    const again = await copy("main", "second"); // r2 is copied again
    expect(again.code).toBe(1);
    expect(again.stdout).toMatch(/^check: 12 read, 11 the same, 1 different or missing$/m);
    expect(again.stdout).toMatch(/r1.*metadata\.n is 7, not 1/);
    const check = await copy("main", "second", "--check-only");
    expect(check.code).toBe(1);
    expect(check.stdout).toMatch(/^ {2}only in the second app: 1$/m);
    expect(check.stdout).toMatch(/has no input with the id "extra"/);
    await rows([{ id: "r1", metadata: { n: 1 } }])
      .pipe(patch(second))
      .run();
    expect((await copy("main", "second", "--check-only")).code).toBe(1);
    expect((await copy("main", "second", "--check-only", "--one-way")).code).toBe(0);
    expect(store.stored("me", "second")).toHaveLength(13);
    await second.close();
  });

  it("refuses a wrong command line with 2, and names the problem", async () => {
    const { store } = await openStore();
    vi.stubEnv("CLARIFAI_API_BASE", store.url);
    vi.stubEnv("CLARIFAI_PAT", "any");
    onTestFinished(() => void vi.unstubAllEnvs());
    const cases: [string[], RegExp][] = [
      [[], /^error: copy: the app to copy from is missing/],
      [["me/a"], /^error: copy: the app to copy to is missing/],
      [["me/a", "me/a"], /^error: copy: both apps are me\/a at http/],
      [["me/a", "a"], /^error: copy: both apps are me\/a at http/],
      [["me/a/b", "me/c"], /^error: copy: "me\/a\/b" is not an app/],
      [["me/a", "me/b", "--to", "me/c"], /^error: copy: the app to copy to is named twice: me\/b and --to me\/c/],
      [["a", "b", "--to-store", "s", "--to-base-url", "http://localhost:1"], /name two places/],
      [["a", "b", "--check-only", "--no-check"], /exclude each other/],
      [["a", "b", "--check-only", "--dry-run"], /leave out --dry-run/],
      [["a", "b", "--one-way"], /^error: --one-way is for --check-only/],
      [
        ["a", "b", "--to-base-url", "https://other.example"],
        /^error: copy: the key of https:\/\/other\.example is missing: set CLARIFAI_PAT_TO; CLARIFAI_PAT is for http:\/\/127/,
      ],
    ];
    for (const [args, text] of cases) {
      const { code, stdout, stderr } = await runHere("copy", ...args);
      expect([args, code, stdout]).toEqual([args, 2, ""]);
      expect(stderr).toMatch(text);
    }
    expect((await runHere("copy", "--help")).stdout).toMatch(/Examples:\n {2}\$ sluice copy /);
  });

  it.each(["with a journal", "without a journal"])(
    "continues after kills, also beside a second process, %s",
    { timeout: 1_200_000 },
    async (which) => {
      const { store, app, start, copy, appOf } = await open(inputs);
      const random = seededRandom(7);
      const journal = (name: string) => (which === "with a journal" ? ["--journal", name] : []);
      let killed = 0;
      while (killed < kills) {
        const { child, ended } = start("main", "second", "--no-check", ...journal("a"));
        const timer = setTimeout(() => child.kill("SIGKILL"), 300 + random() * (isLong ? 3000 : 600));
        const { code } = await ended;
        clearTimeout(timer);
        if (code === 0) break; // this machine is fast
        killed += 1;
      }
      if (isLong) process.stdout.write(`${inputs} inputs, ${killed} kills, ${which}\n`);
      const both = await Promise.all([
        copy("main", "second", ...journal("a")),
        copy("main", "second", ...journal("b")),
      ]);
      for (const { code, stdout } of both) {
        expect(stdout).toMatch(new RegExp(`^check: ${inputs} read, ${inputs} the same, 0 different or missing$`, "m"));
        expect(code).toBe(0);
      }
      const second = await appOf("second");
      expect(await stateOf(second)).toEqual(await stateOf(app));
      expect(await wireStateOf(store.url, "second")).toEqual(await wireStateOf(store.url));
      expect(timesStored(store, "second")).toEqual([1]);
      await second.close();
    },
  );
});

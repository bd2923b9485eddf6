/** `sluice doctor`, and `--check` of upload and plan. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { runHere } from "../helpers/run-here.js";
import { openStore } from "../helpers/store.js";

const temp = tempFolder();
const photo = await jpeg();
const good = folderWith(temp, { "cats/a.jpg": photo, "dogs/b.jpg": await jpeg(32, 32, "#000") });
const twice = folderWith(temp, { "a.jpg": photo, "b.jpg": photo });
const broken = folderWith(temp, { "a.jpg": photo.subarray(0, -10), "b.jpg": await jpeg(32, 24, "#000") });

describe("sluice doctor", () => {
  it("exits with 0 for a dataset without problems, and counts its classes", async () => {
    const { code, stdout, stderr } = await runHere("doctor", good, "--folder-labels");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^doctor: read 2 = checked 2 [\s\S]*cats +1 +50\.0 % {2}in 1 input\n[\s\S]* {2}ok\n$/);
  });

  it.each([
    [[twice], 0],
    [[twice, "--strict"], 1],
    [[twice, "--fail-on", "warning"], 1],
    [[twice, "--strict", "--no-duplicates"], 0],
    [[twice, "--strict", "--ignore", "duplicate-file"], 0],
    [[broken], 1],
    [[broken, "--fail-on", "never"], 0],
    [[broken, "--ignore", "broken-file", "--decode"], 0],
  ])("exits with the code for %o", async (args, code) => {
    expect((await runHere("doctor", ...args)).code).toBe(code);
  });

  it("prints one line of JSON", async () => {
    const { code, stdout } = await runHere("doctor", broken, "--json");
    expect(code).toBe(1);
    expect(stdout.trimEnd()).not.toContain("\n");
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 1, findings: [{ check: "broken-file", count: 1 }] });
  });

  it.each([
    [["--ignore", "boxes"], 2, /It must be one of broken-file, /],
    [["--fail-on", "info"], 2, /Allowed choices are error, warning, never/],
    [["--fetch"], 2, /--fetch is for/],
    [[], 2, /missing required argument 'source'/],
  ])("refuses %o", async (args, code, text) => {
    const ran = await runHere("doctor", ...(args.length > 0 ? [good] : []), ...args);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(text);
  });

  it("says that a source does not exist", async () => {
    expect(await runHere("doctor", `${temp}/nowhere`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not exist"),
    });
  });

  it("names its checks, and is named for other words", async () => {
    expect((await runHere("doctor", "--help")).stdout).toMatch(
      / leakage +error +the same content, or a near-duplicate/,
    );
    expect((await runHere("validate")).stderr).toContain("for validate, use sluice doctor");
  });
});

describe("--check", () => {
  it("uploads what passes, and a plan says the same before", async () => {
    const { store } = await openStore();
    vi.stubEnv("CLARIFAI_API_BASE", store.url);
    vi.stubEnv("CLARIFAI_PAT", "any");
    onTestFinished(() => void vi.unstubAllEnvs());
    const plan = await runHere("plan", broken, "--check");
    expect(plan).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/read 2 = ok 1 \+ refused 1[\s\S]*checkDataset\n {4}error {4}broken-file: 1/),
    });
    const upload = await runHere("upload", broken, "--check", "--no-progress");
    expect(upload).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/read 2 = ok 1 \+ failed 1[\s\S]*broken-file: 1/),
    });
  });
});

/** Abrupt ends: closed pipes, signals while a read is blocked, data that are nested too deeply, two runs with one file. */

import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { csv, deadLetters, flow, fromIterable, jsonl, type Report, transform, writeJsonl } from "../../src/index.js";
import { startCommand } from "../helpers/command.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const isPosix = process.platform !== "win32";
const codesOf = (report: Report) => report.failures.map(({ code }) => code);

/** A JSON Lines file with `count` texts. */
function lines(path: string, count: number): string {
  const texts = Array.from({ length: count }, (_, n) =>
    JSON.stringify({ id: `t${n}`, text: `text ${n} ${"x".repeat(400)}` }),
  );
  writeFileSync(path, `${texts.join("\n")}\n`);
  return path;
}

/** Makes the command report on stderr when a run listens for signals: the command's own listener comes first. */
const announcing = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    'process.on("newListener", (name) => name === "SIGINT" && process.listenerCount(name) === 1 && console.error("a run listens"))',
  )}`,
};

/** Resolves when the command has written a text on stderr. */
function shown(child: ChildProcess, text: string): Promise<void> {
  let written = "";
  return new Promise((resolve, reject) => {
    child.once("exit", () =>
      reject(new Error(`the command ended before it wrote ${JSON.stringify(text)}: ${written}`)),
    );
    child.stderr?.on("data", (piece: string) => {
      written += piece;
      if (written.includes(text)) resolve();
    });
  });
}

describe.runIf(isPosix)("a signal ends the command line with the report and exit code 130", () => {
  it.each<[what: string, pipes: number, args: (pipes: string[]) => string[], signal: NodeJS.Signals]>([
    ["a list that is a named pipe without a writer", 1, ([pipe = ""]) => [pipe, "--as", "jsonl"], "SIGINT"],
    ["the same, asked to end by SIGTERM", 1, ([pipe = ""]) => [pipe, "--as", "urls", "--kind", "image"], "SIGTERM"],
    ["more pipes than the pool has threads", 6, (pipes) => [...pipes, "--as", "csv", "--journal", "j"], "SIGINT"],
  ])("also while it waits for %s", { timeout: 40_000 }, async (_, count, argumentsOf, signal) => {
    const cwd = temporaryFolder();
    const pipes = Array.from({ length: count }, (_, n) => `pipe${n}`);
    for (const pipe of pipes) execFileSync("mkfifo", [join(cwd, pipe)]);
    const { child, ended } = startCommand(["upload", ...argumentsOf(pipes)], { cwd, env: announcing });
    await shown(child, "a run listens");
    await sleep(300); // By now the read is usually blocked. The result is the same if it is not.
    child.kill(signal);
    const end = await ended;
    // A read that is blocked in the pool leaves only a signal, which a shell reports as 130.
    expect(end).toMatchObject({ stdout: expect.stringContaining("The run was stopped before the end of its source.") });
    expect([130, "SIGINT"]).toContain(end.code);
  });

  it("at once if it is the second signal, and outside of a run even if it is the first", {
    timeout: 30_000,
  }, async () => {
    const cwd = temporaryFolder();
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    for (const command of ["upload", "plan"]) {
      const { child, ended } = startCommand([command, "pipe", "--as", "jsonl"], { cwd, env: announcing });
      await shown(child, command === "upload" ? "a run listens" : "sluice: ");
      await sleep(300); // By now the read is usually blocked. The result is the same if it is not.
      child.kill("SIGINT");
      if (command === "upload") {
        await shown(child, "SIGINT:");
        child.kill("SIGINT");
      }
      expect(await ended).toMatchObject({ code: 130, stdout: "" });
    }
  });

  it("jsonl() reads a named pipe to its end, as a file", async () => {
    const pipe = join(temporaryFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    const running = flow(jsonl(pipe)).run();
    await sleep(50);
    appendFileSync(pipe, `${JSON.stringify({ id: "a", text: "through a pipe" })}\n`);
    expect((await running).counts).toMatchObject({ read: 1, ok: 1 });
  });
});

describe.runIf(isPosix)("a closed output pipe", () => {
  it("ends a listing without an error", { timeout: 30_000 }, async () => {
    const { store } = await openStore();
    const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
    const cwd = temporaryFolder();
    expect((await startCommand(["upload", lines(join(cwd, "a.jsonl"), 3000)], { cwd, env }).ended).code).toBe(0);
    const { child, ended } = startCommand(["list", "--json"], { cwd, env });
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
  });

  it.each(["stdout", "stderr"] as const)(
    "(%s) does not end an upload, whose exit code is still correct",
    { timeout: 30_000 },
    async (name) => {
      const { store } = await openStore({ processingDelayMs: 50 });
      const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
      const cwd = temporaryFolder();
      lines(join(cwd, "good.jsonl"), 500);
      writeFileSync(join(cwd, "bad.jsonl"), "no JSON\n");
      for (const [files, code] of [
        [["good.jsonl"], 0],
        [["good.jsonl", "bad.jsonl"], 1],
      ] as const) {
        const page = join(cwd, `${code}.html`);
        const { child, ended } = startCommand(["upload", ...files, "--progress", "--report", page], { cwd, env });
        child[name]?.destroy();
        expect((await ended).code).toBe(code);
        expect(existsSync(page)).toBe(true);
      }
      expect(store.stored()).toHaveLength(500);
    },
  );

  it.runIf(existsSync("/dev/full"))(
    "fails a listing with the reason if the disk behind it is full",
    { timeout: 30_000 },
    async () => {
      const { store } = await openStore();
      const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
      const cwd = temporaryFolder();
      await startCommand(["upload", lines(join(cwd, "a.jsonl"), 3)], { cwd, env }).ended;
      const { child, ended } = startCommand(["list"], { cwd, env, stdoutTo: "/dev/full" });
      expect(child.stdout).toBeNull();
      expect(await ended).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("stdout cannot be written: ENOSPC"),
      });
    },
  );
});

describe("data that are nested 50,000 levels deep", () => {
  const list = `${"[".repeat(50_000)}1${"]".repeat(50_000)}`;
  const object = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
  const inputs = [
    `{"id":"deep1","text":"x","metadata":${object}}`,
    `{"id":"deep2","text":"x","annotations":${list}}`,
    `{"id":"deep3","text":"x","concepts":${list}}`,
    `{"id":"deep4","text":${object}}`,
    `{"id":"deep5","image":${object}}`,
    `{"id":"deep6","text":"x","other":${list}}`,
  ];
  const letter = (input: string) =>
    `{"source":"s","origin":${JSON.stringify(input.slice(0, 20))},"code":"c","stage":"s","reason":"r","input":${input}}`;
  const fine = (id: string) => JSON.stringify({ id, text: `fine ${id}` });

  it("fail only their own line of JSON Lines", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    writeFileSync(path, [fine("first"), ...inputs, list, object, fine("last")].join("\n"));
    const folder = temporaryFolder();
    const report = await flow(jsonl(path)).run({ journal: join(folder, "j"), deadLetters: join(folder, "d") });
    expect(report.counts).toMatchObject({ read: 10, ok: 2, failed: 8 });
    expect(new Set(codesOf(report))).toEqual(new Set(["ERR_INPUT_SHAPE"]));
  });

  it("fail only their own dead letter, as do 100 MB, zeros and bytes that are not text", {
    timeout: 60_000,
  }, async () => {
    const path = join(temporaryFolder(), "failed.jsonl");
    const rest = [
      list,
      object,
      `{"source":"s","origin":${list}}`,
      `{"source":"s","origin":"k","key":${object},"input":${fine("k")}}`,
    ];
    writeFileSync(path, `${[fine("first"), ...inputs, fine("last")].map(letter).join("\n")}\n${rest.join("\n")}\n`);
    appendFileSync(
      path,
      Buffer.concat([Buffer.alloc(20), Buffer.from('\n{"source":"s","origin":"\xff\xfe"}\n', "latin1")]),
    );
    appendFileSync(path, `${"{".repeat(100_000_000)}\n${letter(fine("end"))}\n`);
    const report = await flow(deadLetters(path)).run({ deadLetters: join(temporaryFolder(), "d") });
    expect(report.counts).toMatchObject({ read: 16, ok: 3, failed: 13 });
    expect(new Set(codesOf(report))).toEqual(
      new Set(["ERR_INPUT_SHAPE", "ERR_DEAD_LETTER", "ERR_JSON", "ERR_TEXT_ENCODING"]),
    );
  });

  it("fail only their own cell, iterable entry, transform result and written line", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), `inputid,input,metadata\na,x,"${object.replaceAll('"', '""')}"\nb,y,\n`);
    expect((await flow(csv(join(folder, "a.csv"))).run()).counts).toMatchObject({ ok: 1, failed: 1 });
    const deep = JSON.parse(object) as never;
    const two = [
      { id: "a", text: "x" },
      { id: "b", text: "y" },
    ];
    expect((await flow(fromIterable([{ id: "c", text: "z", metadata: deep }, ...two])).run()).counts).toMatchObject({
      ok: 2,
      failed: 1,
    });
    const deepen = transform((input) => (input.id === "a" ? { ...input, metadata: deep } : input));
    const written = await flow(fromIterable(two))
      .pipe(deepen, writeJsonl(join(folder, "out.jsonl")))
      .run({ deadLetters: join(folder, "d"), journal: join(folder, "j") });
    expect(written.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(readFileSync(join(folder, "out.jsonl"), "utf8")).toContain('"id":"b"');
  });
});

describe("two runs with one file", () => {
  it("of JSON Lines: the second is refused while the first writes, and appending keeps a truncated last line apart", async () => {
    const path = join(temporaryFolder(), "out.jsonl");
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    async function* inputs() {
      yield { id: "a", text: "x" };
      await held;
    }
    const first = flow(fromIterable(inputs())).pipe(writeJsonl(path)).run();
    await vi.waitFor(() => expect(existsSync(path) && readFileSync(path, "utf8")).toContain('"id":"a"'), {
      timeout: 20_000,
    });
    const append = () =>
      flow(fromIterable([{ id: "b", text: "y" }]))
        .pipe(writeJsonl(path, { append: true }))
        .run();
    await expect(append()).rejects.toMatchObject({ code: "ERR_FILE_LOCKED", retryable: true });
    letGo();
    await first;
    appendFileSync(path, '{"id":"torn');
    expect((await append()).counts.ok).toBe(1);
    expect((await flow(jsonl(path)).run()).counts).toMatchObject({ read: 3, ok: 2, failed: 1 });
  });

  it("of dead letters are refused, and so is one file for journal and dead letters", async () => {
    const path = join(temporaryFolder(), "both");
    const run = flow(fromIterable([{ id: "a", text: "x" }])).run({ journal: path, deadLetters: path });
    await expect(run).rejects.toMatchObject({ code: "ERR_DEAD_LETTERS_LOCKED" });
  });
});

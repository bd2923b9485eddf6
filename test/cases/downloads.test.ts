/** Downloads into folders that already contain files, or that two runs use at once. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  batch,
  download,
  flow,
  fromIterable,
  type InputDraft,
  jsonl,
  listInputs,
  patch,
  remove,
  tagMetadata,
  upload,
} from "../../src/index.js";
import { startScript } from "../helpers/children.js";
import { exampleBytes } from "../helpers/files.js";
import { openStore, temporaryFolder } from "../helpers/store.js";
import { startWeb } from "../helpers/web.js";

const photo = exampleBytes("harbour/quay.jpg");
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
/** A large file that arrives in chunks, as over a network. Each file has its own content. */
const large = (n: string) => Buffer.concat([photo, Buffer.alloc(1_500_000, n)]);
/** The rest of each file is sent when this resolves. */
let rest: Promise<void> = Promise.resolve();
const web = await startWeb(
  Object.fromEntries(
    ["1", "2", "3", "4"].map((n) => [
      `/${n}.jpg`,
      (response) => {
        const bytes = large(n);
        response.writeHead(200, { "content-type": "image/jpeg", "content-length": bytes.length, etag: '"x"' });
        response.write(bytes.subarray(0, 1_000_000));
        void rest.then(() => response.end(bytes.subarray(1_000_000)));
      },
    ]),
  ),
);
const inputs = ["1", "2", "3", "4"].map((n) => ({ id: `n${n}`, image: { url: `${web.origin}/${n}.jpg` } }));
const run = (out: string, from: readonly InputDraft[] = inputs) =>
  flow(fromIterable(from))
    .pipe(download(out, { allowPrivate: true }))
    .run();

/** Holds back the rest of each file until the returned function is called. */
function hold(): () => void {
  let release = () => {};
  rest = new Promise((resolve) => (release = resolve));
  return () => release();
}

function expectWhole(out: string): void {
  const lines = linesIn(out);
  expect(lines.map(({ id }) => id).sort()).toEqual(["n1", "n2", "n3", "n4"]);
  for (const { path, sha256: digest } of lines) expect(sha256(readFileSync(join(out, path)))).toBe(digest);
  expect(readdirSync(out).sort()).toEqual(["manifest.jsonl", "n1.jpg", "n2.jpg", "n3.jpg", "n4.jpg"]);
}

function linesIn(out: string) {
  const lines = readFileSync(join(out, "manifest.jsonl"), "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as { id: string; path: string; sha256: string; metadata: object });
}

describe("two downloads into one folder", () => {
  it("at the same time: the second is refused, and the first finishes", async () => {
    const out = join(temporaryFolder(), "out");
    const release = hold();
    const first = run(out);
    await expect.poll(() => existsSync(join(out, "manifest.jsonl"))).toBe(true);
    await expect(run(out)).rejects.toMatchObject({ code: "ERR_FOLDER_IN_USE", retryable: true });
    release();
    expect((await first).counts.ok).toBe(4);
    expectWhole(out);
    expect((await run(out)).counts.skipped).toBe(4);
  });

  it("in two processes: the second is refused while the first runs, and resumes after the first was killed", async () => {
    const out = join(temporaryFolder(), "out");
    const script = `import { download, flow, fromIterable } from "sluice";
      await flow(fromIterable(${JSON.stringify(inputs)})).pipe(download(${JSON.stringify(out)}, { allowPrivate: true })).run();`;
    const release = hold();
    const child = startScript(script);
    await expect.poll(() => existsSync(out) && readdirSync(out).some((name) => name.endsWith(".part"))).toBe(true);
    await expect(run(out)).rejects.toThrow(`process ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    release();
    expect((await run(out)).counts.ok).toBe(4);
    expectWhole(out);
  });

  it("one after the other, with different inputs: the manifest has a line for every input", async () => {
    const out = temporaryFolder();
    await run(out, inputs.slice(0, 2));
    await run(out, inputs.slice(2));
    expectWhole(out);
  });
});

describe("a file that already exists in the folder", () => {
  it("is kept if its content differs and the manifest does not name it, and the input fails", async () => {
    const out = temporaryFolder();
    writeFileSync(join(out, "a.txt"), "written by hand");
    const report = await run(out, [
      { id: "a", text: "calm" },
      { id: "b", text: "rough" },
    ]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "a", code: "ERR_FILE_EXISTS" }]);
    expect(report.failures[0]?.reason).toContain(join(out, "a.txt"));
    expect(readFileSync(join(out, "a.txt"), "utf8")).toBe("written by hand");
  });

  it("is recorded in the manifest if its content is the same, since a killed run wrote it", async () => {
    const out = temporaryFolder();
    writeFileSync(join(out, "a.txt"), "calm");
    expect((await run(out, [{ id: "a", text: "calm" }])).counts.ok).toBe(1);
    expect(linesIn(out)).toMatchObject([{ id: "a", sha256: sha256(Buffer.from("calm")) }]);
  });

  it("is replaced if its input was created again, and the report says so", async () => {
    const { app } = await openStore();
    const out = temporaryFolder();
    for (const text of ["one", "two"]) {
      await flow(fromIterable([{ id: "a", text }]))
        .pipe(batch(), upload(app))
        .run();
      const report = await flow(listInputs(app)).pipe(download(out)).run();
      expect(report.counts).toMatchObject({ ok: 1, skipped: 0 });
      expect(readFileSync(join(out, "a.txt"), "utf8")).toBe(text);
      await flow(listInputs(app)).pipe(batch(), remove(app)).run();
      if (text === "two") expect(report.summary()).toContain("replaced a file of an earlier download");
    }
  });

  it("is not fetched again if only the input's record changed, and gets a new line", async () => {
    const { app } = await openStore();
    const out = temporaryFolder();
    await flow(
      fromIterable([
        { id: "a", text: "calm" },
        { id: "b", text: "rough" },
      ]),
    )
      .pipe(batch(), upload(app))
      .run();
    const all = () => flow(listInputs(app)).pipe(download(out));
    expect((await all().run()).counts).toMatchObject({ ok: 2 });
    expect((await all().run()).counts).toMatchObject({ ok: 0, skipped: 2 });
    await flow(listInputs(app, { ids: ["a"] }))
      .pipe(tagMetadata({ seen: true }), batch(), patch(app))
      .run();
    expect((await all().plan()).counts).toMatchObject({ ok: 1, skipped: 1 });
    expect((await all().run()).counts).toMatchObject({ ok: 1, skipped: 1 });
    expect(
      linesIn(out)
        .filter(({ id }) => id === "a")
        .map(({ metadata }) => metadata),
    ).toEqual([{}, { seen: true }]);
    // The last line of an input is the valid one.
    const report = await flow(jsonl(join(out, "manifest.jsonl"))).run();
    expect(report.counts).toMatchObject({ ok: 2, skipped: 1, failed: 0 });
    expect((await all().run()).counts).toMatchObject({ ok: 0, skipped: 2 });
  });

  it("gets a name of its own when two ids differ only in case or in their Unicode form", async () => {
    const out = temporaryFolder();
    const ids = ["Cat", "cat", "CAT", "caf\u00e9", "cafe\u0301"];
    expect(
      (
        await run(
          out,
          ids.map((id) => ({ id, text: id })),
        )
      ).counts.ok,
    ).toBe(5);
    const names = linesIn(out).map(({ path }) => path.normalize("NFC").toLowerCase());
    expect(new Set(names).size).toBe(5);
    expect(
      linesIn(out)
        .map(({ path }) => readFileSync(join(out, path), "utf8"))
        .sort(),
    ).toEqual(ids.sort());
  });
});

it("writes whole lines to the manifest when the disk is full for a moment", async () => {
  const out = temporaryFolder();
  const probe = await open(join(out, "probe"), "w");
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { appendFile } = prototype;
  const spy = vi.spyOn(prototype, "appendFile").mockImplementationOnce(async function (this: FileHandle, text) {
    await appendFile.call(this, String(text).slice(0, 30));
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  onTestFinished(() => spy.mockRestore());
  const texts = (ids: string) => [...ids].map((id) => ({ id, text: id }));
  const report = await run(out, texts("a"));
  expect(report.failures).toMatchObject([{ id: "a", code: "ERR_FILE_UNWRITABLE" }]);
  expect(readFileSync(join(out, "manifest.jsonl"), "utf8")).toBe("");
  expect((await run(out, texts("ab"))).counts.ok).toBe(2);
  expect(
    linesIn(out)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(["a", "b"]);
});

it("distinguishes a folder that it cannot write to from a folder that another run uses", async () => {
  const out = join(temporaryFolder(), "file");
  writeFileSync(out, "no folder");
  await expect(run(out)).rejects.toMatchObject({ code: "ERR_FILE_UNWRITABLE" });
  mkdirSync(`${out}2`);
  mkdirSync(join(`${out}2`, "manifest.jsonl"));
  await expect(run(`${out}2`)).rejects.toMatchObject({ code: "ERR_FILE_UNWRITABLE" });
  expect(readdirSync(`${out}2`)).toEqual(["manifest.jsonl"]);
});

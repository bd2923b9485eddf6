/** Dead letters: failed inputs with everything that another attempt needs. */

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Ledger } from "../../src/core/accounting/ledger.js";
import {
  batch,
  csv,
  type DeadLetter,
  deadLetters,
  defineTransform,
  flow,
  folder,
  fromIterable,
  InputError,
  listInputs,
  type Message,
  patch,
  remove,
  upload,
} from "../../src/index.js";
import { example } from "../helpers/files.js";
import { sinkOf, texts } from "../helpers/flows.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

function lettersOf(path: string): DeadLetter[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as DeadLetter);
}

/** Fails every input; `error` may return a different error for each. */
function failing(error: (message: Message) => unknown = () => new InputError("ERR_TEST", "no", { retryable: true })) {
  return sinkOf((_, messages) => {
    for (const message of messages) message.fail(error(message), "testSink", 3);
  });
}

describe("dead letters", () => {
  it("contain every input that failed, in any stage, and no other", async () => {
    const path = join(temporaryFolder(), "deep", "failed.jsonl");
    const picky = defineTransform({
      name: "picky",
      apply: (input) => {
        if (input.id === "t1") throw new InputError("ERR_PICKY", "not this one");
        return input;
      },
    });
    const report = await flow(
      texts(4, (n) => (n === 3 ? { id: "x".repeat(60), text: "t" } : { id: `t${n}`, text: `text ${n}` })),
    )
      .pipe(
        picky(),
        batch(),
        sinkOf((_, messages) => {
          messages[0]?.fail(new InputError("11000", "refused", { retryable: true }), "testSink", 3);
        }),
      )
      .run({ deadLetters: path });
    expect(report.counts).toMatchObject({ ok: 1, failed: 3 });
    expect(lettersOf(path).sort((one, other) => one.origin.localeCompare(other.origin))).toEqual([
      {
        ...{ source: "texts", origin: "texts:1", id: "t0", code: "11000", stage: "testSink", reason: "refused" },
        ...{ attempts: 3, retryable: true, input: expect.objectContaining({ id: "t0", text: "text 0" }) },
      },
      expect.objectContaining({ origin: "texts:2", code: "ERR_PICKY", stage: "picky", attempts: 1, retryable: false }),
      expect.objectContaining({ origin: "texts:4", code: "ERR_ID_TOO_LONG", stage: "batch" }),
    ]);
  });

  it("have a line without an input for a row or file that never became an input", async () => {
    const path = temporaryFolder();
    const rows = join(path, "rows.csv");
    writeFileSync(rows, 'inputid,input,metadata\na,fine,\nb,broken,"{not json"\n');
    writeFileSync(join(path, "empty.jpg"), "");
    const letters = join(path, "failed.jsonl");
    const report = await flow([
      csv(rows),
      folder(path, { include: "*.jpg" }),
      fromIterable([{ id: "odd", text: 7 } as never]),
    ]).run({
      deadLetters: letters,
    });
    expect(report.counts.failed).toBe(3);
    const found = lettersOf(letters);
    expect(found.map(({ source, code }) => `${source} ${code}`).sort()).toEqual([
      "csv ERR_CSV_METADATA",
      "folder ERR_FILE_EMPTY",
      "fromIterable ERR_INPUT_SHAPE",
    ]);
    expect(found.some((letter) => "input" in letter)).toBe(false);
    const again = await flow(deadLetters(letters)).run();
    expect(again.counts).toMatchObject({ read: 3, failed: 3 });
    const row = again.failures.find(({ origin }) => origin === `${rows}:3`);
    expect(row).toMatchObject({
      code: "ERR_DEAD_LETTER_EMPTY",
      reason: expect.stringMatching(/no input.*column metadata/),
    });
  });

  it("restore files, URLs, texts and bytes as they were read, with their origins, for another attempt", async () => {
    const { store, app } = await openStore();
    const path = temporaryFolder();
    const letters = join(path, "failed.jsonl");
    const source = [
      folder(example("media")),
      fromIterable([
        { id: "bytes", image: { bytes: readFileSync(example("market/plan.png")) }, concepts: ["plan"] },
        { id: "text", text: "calm sea", geo: { longitude: 4, latitude: 51 } },
        { id: "place", image: { url: "http://127.0.0.1:9/metro-north.jpg" } },
      ]),
    ];
    const first = await flow(source).pipe(failing()).run({ deadLetters: letters });
    const written = lettersOf(letters);
    expect(written).toHaveLength(first.counts.failed);
    const video = written.find(({ origin }) => origin.endsWith("ferry.mp4"));
    expect(video?.input?.video).toEqual({ path: resolve(example("media"), "ferry.mp4") });

    const origins: string[] = [];
    const again = await flow(deadLetters(letters))
      .pipe(
        sinkOf((_, messages) => void origins.push(...messages.map(({ origin }) => origin))),
        batch(),
        upload(app, { wait: false }),
      )
      .run();
    expect(again.counts).toMatchObject({ ok: written.length, failed: 0 });
    expect(origins.sort()).toEqual(first.failures.map(({ origin }) => origin).sort());
    const sizes = new Map(store.stored().map(({ id, sizeBytes }) => [id, sizeBytes]));
    expect(sizes.get("bytes")).toBe(readFileSync(example("market/plan.png")).length);
    expect(
      store
        .stored()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(written.map(({ id }) => id).sort());
  });

  it("and ok inputs together are all inputs that were read, also over several runs with a journal", async () => {
    const path = temporaryFolder();
    const files = join(path, "a.txt");
    writeFileSync(files, "first");
    writeFileSync(join(path, "b.txt"), "second");
    const [letters, journal] = [join(path, "failed.jsonl"), join(path, "a.journal")];
    let broken = true;
    const sink = () =>
      sinkOf((_, messages) => {
        for (const message of messages)
          if (message.origin.endsWith("b.txt") && broken) message.fail(new Error("no"), "testSink");
      });
    const source = folder(path, { include: "*.txt" });
    const options = { journal, deadLetters: letters };
    expect((await flow(source).pipe(sink()).run(options)).counts).toMatchObject({ ok: 1, failed: 1 });
    expect((await flow(deadLetters(letters)).pipe(sink()).run(options)).counts).toMatchObject({ read: 1, failed: 1 });
    broken = false;
    // The file has two lines for the same input now, and the source yields it once.
    expect((await flow(deadLetters(letters)).pipe(sink()).run(options)).counts).toMatchObject({ read: 1, ok: 1 });
    expect((await flow(source).pipe(sink()).run(options)).skipped).toContainEqual(
      expect.objectContaining({ reason: "done earlier", count: 2 }),
    );
    expect(lettersOf(letters)).toHaveLength(2);
  });

  it("are read up to the end of the file at the start of the run, so that a run can read and append to one file", async () => {
    const letters = join(temporaryFolder(), "failed.jsonl");
    await flow(texts(50)).pipe(failing()).run({ deadLetters: letters });
    const report = await flow(deadLetters(letters)).pipe(failing()).run({ deadLetters: letters });
    expect(report.counts).toMatchObject({ read: 50, failed: 50 });
    expect(lettersOf(letters)).toHaveLength(100);
    expect((await flow(deadLetters(join(letters, "..", "none.jsonl"))).run()).counts.read).toBe(0);
  });

  it("are written for patches and removals, without the key", async () => {
    const key = "secret-key-4711";
    const { app } = await openStore({ pat: key }, { pat: key });
    const letters = join(temporaryFolder(), "failed.jsonl");
    const missing = () => fromIterable([{ id: "none", text: "-", metadata: { a: 1 } }]);
    await flow(missing()).pipe(batch(), patch(app)).run({ deadLetters: letters });
    const { store, app: failingApp } = await openStore({ pat: key }, { pat: key, retryForMs: 0 });
    await flow(fromIterable([{ id: "a", text: "calm sea" }]))
      .pipe(batch(), upload(failingApp))
      .run();
    store.faults.add({ method: "DELETE", fault: { type: "status", http: 400, code: 11102 } });
    store.faults.add({ method: "POST", fault: { type: "cut", when: "before" } });
    await flow(listInputs(failingApp)).pipe(batch(), remove(failingApp)).run({ deadLetters: letters });
    await flow(fromIterable([{ id: "b", text: "still" }]))
      .pipe(batch(), upload(failingApp, { retryForMs: 0 }))
      .run({ deadLetters: letters });
    const found = lettersOf(letters);
    expect(found.map(({ stage, source }) => `${source} ${stage}`)).toEqual([
      "fromIterable patch",
      "listInputs remove",
      "fromIterable upload",
    ]);
    expect(readFileSync(letters, "utf8")).not.toContain(key);
  });

  it("are durable before the run reports a failure", async () => {
    const letters = join(temporaryFolder(), "failed.jsonl");
    const file = await open(import.meta.filename);
    const prototype = Object.getPrototypeOf(file) as FileHandle;
    await file.close();
    const datasync = prototype.datasync;
    const syncs = vi.spyOn(prototype, "datasync");
    const synced = new Set<string>();
    syncs.mockImplementation(async function (this: FileHandle) {
      const written = lettersOf(letters).map(({ id }) => id ?? "");
      await datasync.call(this);
      for (const id of written) synced.add(id);
    });
    const settled = Ledger.prototype.settled;
    const early: unknown[] = [];
    const reported = vi.spyOn(Ledger.prototype, "settled").mockImplementation(function (this: Ledger, settlement) {
      if (!synced.has(settlement.id ?? "")) early.push(settlement.id);
      settled.call(this, settlement);
    });
    onTestFinished(() => {
      reported.mockRestore();
      syncs.mockRestore();
    });
    const report = await flow(texts(500))
      .pipe(batch({ maxItems: 7 }), failing())
      .run({ deadLetters: letters });
    expect(report.counts.failed).toBe(500);
    expect(early).toEqual([]);
  });

  it("record an input that JSON cannot represent, and end the run if a line cannot be written", async () => {
    const letters = join(temporaryFolder(), "failed.jsonl");
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const source = {
      name: "cyclic",
      *read() {
        yield { origin: "cyclic:1", checked: true as const, input: { id: "a", text: "a", metadata: cyclic as never } };
      },
    };
    const report = await flow(source).pipe(failing()).run({ deadLetters: letters });
    expect(report.failures).toMatchObject([{ origin: "cyclic:1", code: "ERR_INPUT_SHAPE" }]);
    expect(lettersOf(letters)).toMatchObject([{ origin: "cyclic:1", code: "ERR_INPUT_SHAPE" }]);
    await expect(flow(texts(1)).run({ deadLetters: "/dev/null/failed.jsonl" })).rejects.toMatchObject({
      code: "ERR_DEAD_LETTERS_UNWRITABLE",
    });
  });

  it("are appended after a truncated line is removed; another kind of file is refused and not changed", async () => {
    const path = temporaryFolder();
    const letters = join(path, "failed.jsonl");
    await flow(texts(1)).pipe(failing()).run({ deadLetters: letters });
    appendFileSync(letters, '{"source":"texts","ori');
    await flow(texts(1)).pipe(failing()).run({ deadLetters: letters });
    expect(lettersOf(letters)).toHaveLength(2);

    const rows = join(path, "rows.csv");
    writeFileSync(rows, "inputid,input\na,b\n");
    await expect(flow(texts(1)).run({ deadLetters: rows })).rejects.toMatchObject({ code: "ERR_DEAD_LETTERS_FORMAT" });
    expect(readFileSync(rows, "utf8")).toBe("inputid,input\na,b\n");
    expect(existsSync(`${rows}.lock`)).toBe(false);
  });

  it("that are not JSON fail alone", async () => {
    const letters = join(temporaryFolder(), "failed.jsonl");
    await flow(texts(1)).pipe(failing()).run({ deadLetters: letters });
    appendFileSync(letters, 'not json\n{"source":"x"}\nnull\n');
    const report = await flow(deadLetters(letters)).run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 3 });
    expect(report.failures.map(({ origin }) => origin)).toEqual([2, 3, 4].map((line) => `${letters}:${line}`));
  });
});

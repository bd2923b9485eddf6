/** Runs with a journal that are killed, stopped, or interrupted by a full disk, and then resumed. */

import { fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { filter } from "rxjs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Ledger } from "../../src/core/accounting/ledger.js";
import {
  batch,
  dedupe,
  defineSource,
  doneEarlier,
  download,
  filterInputs,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  type JournalRecord,
  listInputs,
  patch,
  readJournal,
  remove,
  transform,
  upload,
} from "../../src/index.js";
import { startFlowChild } from "../helpers/children.js";
import { sinkOf, texts } from "../helpers/flows.js";
import { propertyRuns } from "../helpers/long.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const journalIn = (path = temporaryFolder()) => join(path, "a.journal");

async function recordsOf(path: string): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of readJournal(path)) records.push(record);
  return records;
}

/** Replaces a method of the handles that `node:fs/promises` opens. */
async function spyOnHandles<K extends "write" | "datasync">(method: K) {
  const file = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const original = prototype[method];
  const spy = vi.spyOn(prototype, method);
  onTestFinished(() => spy.mockRestore());
  return { spy, original };
}

/** Calls back when the run reports an outcome. */
function onReported(reported: (id: string, state: string) => void): void {
  const spy = vi.spyOn(Ledger.prototype, "settled");
  const original = spy.getMockImplementation();
  spy.mockImplementation(function (this: Ledger, settlement) {
    reported(settlement.id ?? "", settlement.outcome.state);
    return (original ?? settledByRights).call(this, settlement);
  });
  onTestFinished(() => spy.mockRestore());
}
const settledByRights = Ledger.prototype.settled;

describe("a run with a journal", () => {
  it("processes only unfinished inputs, and none twice", async () => {
    const journal = journalIn();
    const seen: string[] = [];
    let broken = true;
    const once = () =>
      flow(texts(40))
        .pipe(
          filterInputs((input) => input.id !== "t1"),
          filter((message) => message.value.id !== "t2"),
          batch({ maxItems: 10 }),
          sinkOf((_, messages) => {
            for (const message of messages) {
              seen.push(message.value.id);
              if (message.value.id === "t3" && broken) message.fail(new Error("no"), "testSink");
              if (message.value.id === "t4" && broken) message.settle({ state: "pending", reason: "not yet" });
              if (message.value.id === "t5") message.skip("already exists", true);
            }
          }),
        )
        .run({ journal });
    expect((await once()).counts).toEqual({ read: 40, ok: 35, failed: 1, skipped: 3, pending: 1 });
    seen.length = 0;
    broken = false;
    const second = await once();
    expect(seen).toEqual(["t3", "t4"]);
    expect(second.counts).toEqual({ read: 40, ok: 2, failed: 0, skipped: 38, pending: 0 });
    expect(second.skipped).toEqual([
      expect.objectContaining({ reason: "done earlier", count: 36 }),
      expect.objectContaining({ reason: "dropped by filterInputs", count: 1 }),
      expect.objectContaining({ reason: "dropped by an operator", count: 1 }),
    ]);
    expect((await once()).counts).toMatchObject({ ok: 0, skipped: 40 });
  });

  it("processes an input again if it changed", async () => {
    const journal = journalIn();
    const run = async (inputs: InputDraft[]) => (await flow(fromIterable(inputs)).run({ journal })).counts.ok;
    expect(await run([{ id: "a", text: "first" }])).toBe(1);
    expect(await run([{ id: "a", text: "first" }])).toBe(0);
    expect(await run([{ id: "a", text: "second" }])).toBe(1);
    expect(await run([{ id: "b", text: "first" }])).toBe(1);
    expect(await run([{ id: "a", text: "first", concepts: ["x"] }])).toBe(1);
  });

  it("recognizes a file by its name, size and time, and does not open a finished one", async () => {
    const journal = journalIn();
    const path = temporaryFolder();
    for (const name of ["a.txt", "b.txt", "c.txt"]) writeFileSync(join(path, name), `text of ${name}`);
    utimesSync(join(path, "a.txt"), 2, 2);
    const run = async () => (await flow(folder(path)).run({ journal })).counts;
    expect(await run()).toMatchObject({ ok: 3 });
    writeFileSync(join(path, "b.txt"), "other text, other size");
    utimesSync(join(path, "c.txt"), 1, 1);
    expect(await run()).toMatchObject({ ok: 2, skipped: 1 });
    // Other content with the same size and time: a finished file is not opened.
    writeFileSync(join(path, "a.txt"), Buffer.alloc("text of a.txt".length, 1));
    utimesSync(join(path, "a.txt"), 2, 2);
    expect(await run()).toMatchObject({ ok: 0, skipped: 3, failed: 0 });
  });

  it("asks a source for the key of an unread input only if an earlier run finished inputs", async () => {
    const keyOf = vi.fn(() => "name, size and time");
    const source = defineSource({
      name: "keyed",
      *read(_, { isDone }) {
        const origin = "a";
        if (isDone?.(keyOf)) yield { origin, skipped: doneEarlier, id: (found: string) => `id-of-${found}` };
        else yield { origin, input: { id: "id-of-a", text: "a" }, key: "name, size and time" };
        yield { origin: "b", input: { id: "id-of-a", text: "b" } };
      },
    });
    const journal = journalIn();
    const { app } = await openStore();
    const run = () => flow(source()).pipe(upload(app)).run({ journal });
    expect((await run()).counts).toMatchObject({ ok: 1, failed: 1, skipped: 0 });
    expect(keyOf).not.toHaveBeenCalled();
    const second = await run();
    expect(second.counts).toMatchObject({ ok: 0, failed: 1, skipped: 1 });
    expect(second.failures[0]).toMatchObject({ origin: "b", code: "ERR_ID_IN_RUN" });
    expect(keyOf).toHaveBeenCalledTimes(1);
  });

  it("lets a duplicate wait for its first input, in every run", async () => {
    const journal = journalIn();
    const inputs = [
      { id: "a", text: "same" },
      { id: "b", text: "same" },
    ];
    const run = async () => (await flow(fromIterable(inputs)).pipe(dedupe()).run({ journal })).counts;
    expect(await run()).toMatchObject({ ok: 1, skipped: 1 });
    expect(await run()).toMatchObject({ ok: 0, skipped: 2 });
  });

  it("records a split input as finished when all of its parts are", async () => {
    const journal = journalIn();
    let broken = true;
    const parts = transform((input) => [0, 1, 2].map((part) => ({ ...input, id: `${input.id}-${part}` })));
    const sink = sinkOf((_, messages) => {
      for (const message of messages) {
        if (message.value.id === "t0-1" && broken) message.fail(new Error("no"), "testSink");
        if (message.value.id.endsWith("-2")) message.skip("dropped by hand");
      }
    });
    const run = async () => (await flow(texts(2)).pipe(parts, sink).run({ journal })).counts;
    expect(await run()).toMatchObject({ failed: 1, skipped: 1 });
    broken = false;
    expect(await run()).toMatchObject({ skipped: 2, failed: 0 });
    expect((await recordsOf(journal)).map(({ state }) => state).sort()).toEqual(["failed", "skipped", "skipped"]);
  });

  it("reports no outcome before it is on disk", async () => {
    const { spy, original } = await spyOnHandles("datasync");
    const synced = new Set<string>();
    let journal = "";
    spy.mockImplementation(async function (this: FileHandle) {
      const size = fstatSync(this.fd).size;
      await original.call(this);
      const text = readFileSync(journal).subarray(0, size).toString();
      for (const [, id = ""] of text.matchAll(/"id":"(\w+)"/g)) synced.add(id);
    });
    const early: string[] = [];
    const reported: string[] = [];
    onReported((id) => {
      reported.push(id);
      if (!synced.has(id)) early.push(id);
    });
    const folderOfAll = mkdtempSync(join(tmpdir(), "sluice-test-"));
    onTestFinished(() => rmSync(folderOfAll, { recursive: true }));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 60 }), fc.array(fc.nat({ max: 5 }), { maxLength: 8 }), async (count, waits) => {
        journal = join(folderOfAll, `${(runs += 1)}.journal`);
        synced.clear();
        reported.length = 0;
        let calls = 0;
        const sink = sinkOf(
          async (_, messages) => {
            for (let turn = waits[calls++ % (waits.length + 1)] ?? 0; turn > 0; turn -= 1) {
              await new Promise((resolve) => setImmediate(resolve));
            }
            for (const message of messages)
              if (message.value.id.endsWith("3")) message.fail(new Error("no"), "testSink");
          },
          { concurrency: 3 },
        );
        await flow(texts(count))
          .pipe(batch({ maxItems: 7 }), sink)
          .run({ journal });
        expect(reported).toHaveLength(count);
        expect(early).toEqual([]);
      }),
      propertyRuns(25),
    );
  });

  it.each([
    ["ENOSPC", "write"],
    ["EFBIG", "write"],
    ["EIO", "datasync"],
  ] as const)(
    "ends with an error that names the journal on %s, tells nothing that is not kept, and is gone on with",
    async (code, method) => {
      const journal = journalIn();
      const { spy, original } = await spyOnHandles(method);
      let calls = 0;
      spy.mockImplementation(function (this: FileHandle, ...args: never[]) {
        calls += 1;
        if (calls > 3) return Promise.reject(Object.assign(new Error(code), { code })) as never;
        return (original as (...args: never[]) => never).apply(this, args);
      });
      const reported: string[] = [];
      onReported((id) => reported.push(id));
      const source = texts(100_000);
      const running = flow(source)
        .pipe(
          batch({ maxItems: 50 }),
          sinkOf(() => new Promise((resolve) => setImmediate(resolve))),
        )
        .run({ journal });
      await expect(running).rejects.toMatchObject({
        name: "SinkError",
        code: "ERR_JOURNAL_UNWRITABLE",
        message: expect.stringMatching(new RegExp(`${journal}.*${code}`)),
      });
      expect(source.closed()).toBe(true);
      expect(source.handedOut()).toBeLessThan(100_000);
      const kept = new Set((await recordsOf(journal)).map(({ id }) => id));
      expect(reported.filter((id) => !kept.has(id))).toEqual([]);
      expect(reported.length).toBeGreaterThan(0);

      spy.mockRestore();
      const again = await flow(texts(5000))
        .pipe(sinkOf(() => undefined))
        .run({ journal });
      expect(again.counts).toEqual({ read: 5000, ok: 5000 - kept.size, skipped: kept.size, failed: 0, pending: 0 });
    },
  );

  it("holds the source back while the disk is slow", async () => {
    const { spy, original } = await spyOnHandles("datasync");
    let letGo = () => {};
    const stuck = new Promise<void>((resolve) => (letGo = resolve));
    spy.mockImplementation(async function (this: FileHandle) {
      await stuck;
      await original.call(this);
    });
    const source = texts(40_000);
    const running = flow(source).run({ journal: journalIn() });
    await vi.waitFor(() => expect(source.handedOut()).toBeGreaterThan(16_384), { timeout: 20_000 });
    const before = source.handedOut();
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(source.handedOut()).toBe(before);
    letGo();
    expect((await running).counts.ok).toBe(40_000);
  });

  it("closes the journal after an abort, an error and an end, with every reported outcome", async () => {
    const journal = journalIn();
    const abort = new AbortController();
    let batches = 0;
    const report = await flow(texts(1000))
      .pipe(
        batch({ maxItems: 10 }),
        sinkOf(() => {
          batches += 1;
          if (batches === 4) abort.abort();
        }),
      )
      .run({ journal, signal: abort.signal });
    expect(report.stopped).toBe(true);
    expect((await recordsOf(journal)).length).toBe(report.counts.ok);
    const failing = flow(texts(1000)).pipe(
      sinkOf((inputs) => {
        if (inputs[0]?.id === "t500") throw new Error("disk gone");
      }),
    );
    await expect(failing.run({ journal })).rejects.toThrow("disk gone");
    const done = (await recordsOf(journal)).length;
    expect(done).toBe(500);
    const last = await flow(texts(1000))
      .pipe(sinkOf(() => undefined))
      .run({ journal });
    expect(last.counts).toMatchObject({ ok: 1000 - done, skipped: done });
    expect(readdirSync(join(journal, ".."))).toEqual(["a.journal"]);
  });

  it("is refused while another run has the journal open, before it reads any input", async () => {
    const journal = journalIn();
    const source = texts(10);
    let end: (() => void) | undefined;
    const first = flow(texts(1))
      .pipe(sinkOf(() => new Promise<void>((resolve) => (end = resolve))))
      .run({ journal });
    await vi.waitFor(() => expect(end).toBeDefined(), { timeout: 20_000 });
    const second = flow(source)
      .pipe(sinkOf(() => undefined))
      .run({ journal });
    await expect(second).rejects.toMatchObject({ code: "ERR_JOURNAL_LOCKED" });
    expect(source.handedOut()).toBe(0);
    end?.();
    expect((await first).counts.ok).toBe(1);
  });

  it("is refused with the journal of another flow (sink, app, folder or action), before it reads any input", async () => {
    const { app } = await openStore();
    const { app: other } = await openStore({}, { appId: "other" });
    const path = temporaryFolder();
    const journal = join(path, "a.journal");
    const one = () => fromIterable([{ id: "a", text: "calm sea" }]);
    expect((await flow(one()).pipe(batch(), upload(app)).run({ journal })).counts.ok).toBe(1);
    for (const sink of [remove(app), upload(other), patch(app), download(join(path, "out"))]) {
      await expect(flow(one()).pipe(batch(), sink).run({ journal })).rejects.toMatchObject({
        code: "ERR_JOURNAL_FLOW",
      });
    }
    const merging = join(path, "merging.journal");
    await flow(one())
      .pipe(patch(app, { action: "merge" }))
      .run({ journal: merging });
    const removing = flow(one()).pipe(patch(app, { action: "remove" }));
    await expect(removing.run({ journal: merging })).rejects.toMatchObject({
      message: expect.stringMatching(/patch \(merge\) in me\/main.*patch \(remove\) in me\/main/),
    });
    expect((await flow(one()).pipe(batch(), upload(app)).run({ journal })).counts.skipped).toBe(1);
  });

  it("recognizes a listed input by its id and creation time, so that a patch is applied once", async () => {
    const { app } = await openStore();
    const journal = journalIn();
    const inputs = Array.from({ length: 3 }, (_, n) => ({ id: `t${n}`, text: `text ${n}`, metadata: { count: 1 } }));
    await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
    const more = transform((input) => ({ ...input, metadata: { count: Number(input.metadata.count) + 1 } }));
    const run = async () => (await flow(listInputs(app)).pipe(more, batch(), patch(app)).run({ journal })).counts;
    expect(await run()).toMatchObject({ ok: 3 });
    expect(await run()).toMatchObject({ ok: 0, skipped: 3 });
    expect((await flow(listInputs(app)).toArray()).map((input) => input.metadata.count)).toEqual([2, 2, 2]);
  });

  it("ignores a damaged line, processes its input again, and reports the line", async () => {
    const journal = journalIn();
    await flow(texts(5)).run({ journal });
    writeFileSync(journal, readFileSync(journal, "utf8").replace('"id":"t2"', '"id":"t9"'));
    const report = await flow(texts(5)).run({ journal });
    expect(report.counts).toMatchObject({ ok: 1, skipped: 4 });
    expect(report.journal).toEqual({ path: journal, finished: 4, damagedLines: 1 });
    expect(report.summary()).toContain(`1 damaged lines of ${journal} were ignored`);
  });

  it("refuses unknown options", async () => {
    await expect(flow(texts(1)).run({ jurnal: "x" } as object)).rejects.toMatchObject({ code: "ERR_OPTIONS" });
  });
});

describe("a program that is killed", () => {
  it("loses and duplicates no reported outcome in three kills, and its journal is unlocked at once", {
    timeout: 60_000,
  }, async () => {
    const { store } = await openStore();
    const journal = journalIn();
    const options = { url: store.url, count: 800, wait: false, run: { journal } };
    const reported = new Set<string>();
    for (const killsAfter of [5, 40, 80]) {
      const child = startFlowChild({ ...options, killsAfter });
      expect(await child.ended).toBe("SIGKILL");
      for (const { id, state } of child.lines) if (state === "ok" && id) reported.add(id);
      const kept = new Set((await recordsOf(journal)).map(({ id }) => id));
      expect([...reported].filter((id) => !kept.has(id))).toEqual([]);
    }
    const last = startFlowChild(options);
    expect(await last.ended).toBe(0);
    const { counts } = last.lines.at(-1) ?? {};
    expect(counts).toMatchObject({ read: 800, failed: 0, pending: 0 });
    expect((counts?.ok ?? 0) + (counts?.skipped ?? 0)).toBe(800);
    expect(last.lines.filter(({ id, state }) => state === "ok" && reported.has(id ?? ""))).toEqual([]);
    expect(store.stored().map((input) => input.timesStored)).toEqual(Array.from({ length: 800 }, () => 1));
  });
});

describe("a program with a file-size limit", () => {
  it("ends with the reason, and the journal has every reported outcome", { timeout: 30_000 }, async () => {
    const { store } = await openStore();
    const journal = journalIn();
    const child = startFlowChild({ url: store.url, count: 9000, run: { journal } }, "ulimit -f 1000;"); // blocks of 512 or 1024 bytes
    expect([await child.ended, child.errors()]).toEqual([2, ""]);
    expect(child.lines.at(-1)).toMatchObject({
      error: "ERR_JOURNAL_UNWRITABLE",
      message: expect.stringContaining("EFBIG"),
    });
    const kept = new Set((await recordsOf(journal)).map(({ id }) => id));
    const reported = child.lines.flatMap(({ id, state }) => (state === "ok" && id ? [id] : []));
    expect(reported.length).toBeGreaterThan(0);
    expect(reported.filter((id) => !kept.has(id))).toEqual([]);
  });
});

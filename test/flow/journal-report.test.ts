/** The reports of journals, added: what became of the inputs of all shards. */

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  deadLetters,
  type FlowError,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  journalReport,
  type RunOptions,
  readJournal,
  transform,
  writeJsonl,
} from "../../src/index.js";
import { temporaryFolder } from "../helpers/store.js";

const texts = Array.from({ length: 40 }, (_, n) => ({ id: `t-${n}`, text: `text ${n}` }));

/** Runs a flow over some inputs with a journal; inputs of these ids fail. */
async function run(
  cwd: string,
  { shard, inputs = texts, failing = [] as string[], name = "a", out = "out", ...options }: Situation = {},
) {
  const source = fromIterable(inputs, shard === undefined ? {} : { shard });
  const check = transform((input) => {
    if (failing.includes(input.id)) throw new Error("no");
    return input;
  });
  return flow(source)
    .pipe(check, writeJsonl(join(cwd, `${out}.jsonl`), { append: true }))
    .run({ journal: join(cwd, `${name}.journal`), ...options });
}
interface Situation extends RunOptions {
  shard?: string;
  inputs?: InputDraft[];
  failing?: string[];
  name?: string;
  out?: string;
}

const statusOf = (cwd: string, ...names: string[]) => journalReport(names.map((name) => join(cwd, `${name}.journal`)));

/** Takes the lines off the end of a journal, as if the process had been killed before it wrote them. */
function withoutEnd(path: string, lines: number): void {
  const text = readFileSync(path, "utf8").trimEnd().split("\n");
  writeFileSync(path, `${text.slice(0, -lines).join("\n")}\n`);
}

describe("the added reports of all shards", () => {
  it("are the report of the whole flow", async () => {
    const cwd = temporaryFolder();
    for (const n of [1, 2, 3]) await run(cwd, { shard: `${n}/3`, name: `${n}`, failing: ["t-7"] });
    const report = await statusOf(cwd, "1", "2", "3");
    expect(report.counts).toEqual({ read: 40, ok: 39, failed: 1, skipped: 0, pending: 0 });
    expect(report).toMatchObject({ isDone: true, ok: false, exitCode: 1, problems: [] });
    expect(report.failures).toMatchObject([{ id: "t-7", stage: "transform", reason: "no" }]);
    expect(report.journals.map(({ shard, state }) => [shard, state])).toEqual([
      ["1/3", "ended"],
      ["2/3", "ended"],
      ["3/3", "ended"],
    ]);
  });

  it("name missing shards, shards with two journals, and other numbers of shards", async () => {
    const cwd = temporaryFolder();
    for (const [n, shard] of ["1/4", "3/4", "3/4", "2/8"].entries()) await run(cwd, { shard, name: `${n}` });
    await run(cwd, { name: "whole" });
    const at = (name: string) => join(cwd, `${name}.journal`);
    expect((await statusOf(cwd, "0", "1", "2", "3", "whole", "none")).problems).toEqual([
      `${at("none")} does not exist`,
      `${at("whole")} belongs to a run without shards, and ${at("0")} to shard 1/4`,
      `${at("3")} belongs to shard 2/8, and ${at("0")} to shard 1/4`,
      `shard 3 of 4 has 2 journals: ${at("1")}, ${at("2")}`,
      "2 of 4 shards have no journal: 2, 4",
    ]);
  });

  it("name different targets", async () => {
    const cwd = temporaryFolder();
    await run(cwd, { shard: "1/2", name: "1" });
    await run(cwd, { shard: "2/2", name: "2", out: "elsewhere" });
    const report = await statusOf(cwd, "1", "2");
    expect(report.problems).toEqual([expect.stringMatching(/1\.journal and .*2\.journal have different targets: /)]);
    expect(report.exitCode).toBe(1);
  });
});

describe("the report of a journal", () => {
  it("is that of all runs so far", async () => {
    const cwd = temporaryFolder();
    await run(cwd, { failing: ["t-1", "t-2"] });
    await run(cwd, { failing: ["t-2"] });
    const report = await statusOf(cwd, "a");
    expect(report.counts).toEqual({ read: 40, ok: 39, failed: 1, skipped: 0, pending: 0 });
    expect(report.failures).toMatchObject([{ id: "t-2" }]);
  });

  it("counts an input that failed and then changed once", async () => {
    const cwd = temporaryFolder();
    await run(cwd, { failing: ["t-1"] });
    await run(cwd, { inputs: texts.map((input) => (input.id === "t-1" ? { ...input, text: "changed" } : input)) });
    expect(await statusOf(cwd, "a")).toMatchObject({ ok: true, counts: { read: 40, ok: 40, failed: 0 } });
  });

  it("contains what a run of the dead letters changed, and leaves the rest", async () => {
    const cwd = temporaryFolder();
    const letters = join(cwd, "failed.jsonl");
    await run(cwd, { failing: ["t-1", "t-2", "t-3"], deadLetters: letters });
    const retry = async (failing: string) =>
      flow(deadLetters(letters))
        .pipe(
          transform((input) => (input.id === failing ? Promise.reject(new Error("still")) : input)),
          writeJsonl(join(cwd, "out.jsonl"), { append: true }),
        )
        .run({ journal: join(cwd, "a.journal") });
    await retry("t-2");
    expect((await statusOf(cwd, "a")).counts).toEqual({ read: 40, ok: 39, failed: 1, skipped: 0, pending: 0 });
    await retry("");
    expect(await statusOf(cwd, "a")).toMatchObject({ ok: true, counts: { read: 40, ok: 40, failed: 0 } });
  });

  it("counts skipped inputs, and failures that never became an input", async () => {
    const cwd = temporaryFolder();
    for (const name of [".hidden.png", "data.json"]) writeFileSync(join(cwd, name), "{}");
    writeFileSync(join(cwd, "broken.jpg"), "no image");
    writeFileSync(join(cwd, "note.txt"), "calm");
    const out = temporaryFolder();
    const files = () => flow(folder(cwd)).pipe(writeJsonl(join(out, "out.jsonl"), { append: true }));
    await files().run({ journal: join(out, "a.journal") });
    await files().run({ journal: join(out, "a.journal") });
    const report = await statusOf(out, "a");
    expect(report.counts).toEqual({ read: 4, ok: 1, failed: 1, skipped: 2, pending: 0 });
    expect(report.failures).toMatchObject([{ code: "ERR_KIND_UNKNOWN", origin: join(cwd, "broken.jpg") }]);
    expect(report.skipped.map(({ reason, count }) => [reason.slice(0, 6), count])).toEqual(
      expect.arrayContaining([["hidden", 1]]),
    );
    expect(report.skipped.map(({ reason }) => reason)).not.toContain("done earlier");
  });

  it("says that a run was killed, and what it had until then", async () => {
    const cwd = temporaryFolder();
    await run(cwd);
    withoutEnd(join(cwd, "a.journal"), 11); // the end, and ten outcomes
    const report = await statusOf(cwd, "a");
    expect(report).toMatchObject({ isDone: false, exitCode: 1, counts: { read: 30, ok: 30 } });
    expect(report.problems).toEqual([expect.stringContaining(`the run has not ended (process ${process.pid} on `)]);
    await run(cwd);
    expect(await statusOf(cwd, "a")).toMatchObject({ ok: true, counts: { read: 40, ok: 40 } });
  });

  it("is unfinished if only the dead letters of a killed run were read since", async () => {
    const cwd = temporaryFolder();
    await run(cwd);
    withoutEnd(join(cwd, "a.journal"), 1);
    const letters = join(cwd, "none.jsonl");
    await flow(deadLetters(letters))
      .pipe(writeJsonl(join(cwd, "out.jsonl"), { append: true }))
      .run({ journal: join(cwd, "a.journal") });
    expect(await statusOf(cwd, "a")).toMatchObject({ isDone: false, counts: { read: 40, ok: 40 } });
  });

  it("says that a run was stopped, and that an error ended one", async () => {
    const cwd = temporaryFolder();
    const abort = new AbortController();
    const inputs = (function* () {
      yield* texts.slice(0, 5);
      abort.abort();
      yield* texts.slice(5);
    })();
    await run(cwd, { inputs: inputs as never, signal: abort.signal });
    expect((await statusOf(cwd, "a")).problems).toEqual([
      `${join(cwd, "a.journal")}: the run was stopped before the end of its sources`,
    ]);
    const broken = (function* () {
      yield* texts.slice(0, 5);
      throw new Error("gone");
    })();
    await run(cwd, { inputs: broken as never, name: "b" }).catch((error: FlowError) => error);
    expect((await statusOf(cwd, "b")).problems).toEqual([
      `${join(cwd, "b.journal")}: the run ended with ERR_UNEXPECTED`,
    ]);
  });

  it("is incomplete if an older release wrote it, which recorded no ends", async () => {
    const cwd = temporaryFolder();
    const path = join(cwd, "a.journal");
    await run(cwd);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, lines.filter((line) => !line.includes('"run":')).join("\n"));
    expect(await statusOf(cwd, "a")).toMatchObject({ isDone: false, counts: { read: 40, ok: 40 } });
    const resumed = await run(cwd);
    expect(resumed.counts).toMatchObject({ skipped: 40 });
    expect(await statusOf(cwd, "a")).toMatchObject({ ok: true, counts: { read: 40, ok: 40, skipped: 0 } });
  });

  it("names damaged lines, and other files fail", async () => {
    const cwd = temporaryFolder();
    const path = join(cwd, "a.journal");
    await run(cwd);
    appendFileSync(path, "damaged\n");
    expect((await statusOf(cwd, "a")).problems).toEqual([expect.stringContaining("has 1 damaged line")]);
    writeFileSync(path, "photos\n");
    await expect(statusOf(cwd, "a")).rejects.toMatchObject({ code: "ERR_JOURNAL_FORMAT" });
    await expect(journalReport([])).rejects.toMatchObject({ code: "ERR_OPTIONS" });
  });

  it("ends with an operator that takes a part of the inputs", async () => {
    const cwd = temporaryFolder();
    const journal = join(cwd, "a.journal");
    const report = await flow(fromIterable(texts))
      .pipe(take(5), writeJsonl(join(cwd, "out.jsonl"), { append: true }))
      .run({ journal });
    expect((await journalReport([journal])).counts).toEqual(report.counts);
  });
});

describe("a journal", () => {
  it("belongs to its shard", async () => {
    const cwd = temporaryFolder();
    await run(cwd, { shard: "2/3" });
    for (const shard of ["1/3", "2/4", undefined]) {
      await expect(run(cwd, { ...(shard && { shard }) })).rejects.toMatchObject({
        code: "ERR_JOURNAL_SHARD",
        message: expect.stringContaining("a.journal belongs to a run with shard 2/3, and this run has"),
      });
    }
    expect((await run(cwd, { shard: "2/3" })).counts).toMatchObject({ ok: 0 });
    await run(cwd, { name: "whole" });
    await expect(run(cwd, { name: "whole", shard: "1/1" })).rejects.toMatchObject({ code: "ERR_JOURNAL_SHARD" });
  });

  it("has no records for the begin and the end of its runs", async () => {
    const cwd = temporaryFolder();
    await run(cwd);
    const records = [];
    for await (const record of readJournal(join(cwd, "a.journal"))) records.push(record.state);
    expect(records).toEqual(texts.map(() => "ok"));
  });
});

import { hash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Journal } from "../../../src/core/journal/journal.js";
import { encodeLine } from "../../../src/core/journal/lines.js";
import { type JournalRecord, type Outcome, readJournal } from "../../../src/index.js";
import { propertyRuns } from "../../helpers/long.js";
import { temporaryFolder } from "../../helpers/store.js";

const flow = ["upload to me/main at https://api.test"];
const targets = { ids: flow, names: flow };
const outcomes: readonly Outcome[] = [
  { state: "ok" },
  { state: "ok", note: "recovered" },
  { state: "skipped", reason: "already exists", done: true },
  { state: "skipped", reason: "dropped by where" },
  { state: "failed", code: "30002", stage: "upload", reason: "ünreadable\nfile", attempts: 3 },
  { state: "pending", reason: "still being processed" },
];
const keyOf = (n: number) => hash("sha1", String(n), "base64url").slice(0, 16);
const numbers = Array.from({ length: 61 }, (_, n) => n);
const isDone = (outcome: Outcome) => outcome.state === "ok" || (outcome.state === "skipped" && outcome.done === true);

function write(journal: Journal, n: number, outcome: Outcome, durable: () => void = () => undefined): void {
  journal.record({ sequence: n, origin: `photos/${n}.jpg`, id: `id-${n}`, kind: "image", outcome }, keyOf(n), durable);
}

async function recordsOf(path: string): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of readJournal(path)) records.push(record);
  return records;
}

/** The lines after the header and its copy, with their line breaks. */
function linesOf(path: string): string[] {
  return readFileSync(path, "latin1")
    .split(/(?<=\n)/)
    .slice(2);
}

describe("a journal", () => {
  it("consists of readable lines, and returns the recorded outcomes", async () => {
    const path = join(temporaryFolder(), "deep", "a.journal");
    const journal = await Journal.open(path, targets);
    for (const [n, outcome] of outcomes.entries()) write(journal, n, outcome);
    await journal.close();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ journal: "sluice", version: 1, flow });
    expect(lines[1]).toBe(lines[0]);
    expect(lines[2]).toContain(`"fingerprint":"${keyOf(0)}","state":"ok","id":"id-0","origin":"photos/0.jpg"`);
    expect(await recordsOf(path)).toEqual([
      { fingerprint: keyOf(0), state: "ok", id: "id-0", origin: "photos/0.jpg", kind: "image" },
      {
        fingerprint: keyOf(1),
        state: "ok",
        note: "recovered",
        id: "id-1",
        origin: "photos/1.jpg",
        kind: "image",
      },
      expect.objectContaining({ state: "skipped", reason: "already exists" }),
      expect.objectContaining({ state: "failed", reason: "ünreadable\nfile", code: "30002", attempts: 3 }),
      expect.objectContaining({ state: "pending", reason: "still being processed" }),
    ]);
  });

  it("counts inputs as finished if they are ok or already exist, but none of its own run", async () => {
    const path = join(temporaryFolder(), "a.journal");
    const first = await Journal.open(path, targets);
    for (const [n, outcome] of outcomes.entries()) write(first, n, outcome);
    expect(first.isDone(keyOf(0))).toBe(false);
    await first.close();
    const second = await Journal.open(path, targets);
    expect(outcomes.map((_, n) => second.isDone(keyOf(n)))).toEqual(outcomes.map(isDone));
    expect([second.finished, second.damagedLines]).toEqual([3, 0]);
    await second.close();
  });

  it("never invents a finished input, and never loses a durable one, whatever truncates or damages the file", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("record" as const), n: fc.nat(60), outcome: fc.constantFrom(...outcomes) }),
      fc.record({ do: fc.constant("reopen" as const) }),
      fc.record({ do: fc.constant("tear" as const), n: fc.nat(60), at: fc.nat(120), zeros: fc.nat(40) }),
      fc.record({
        do: fc.constant("damage" as const),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        by: fc.integer({ min: 1, max: 255 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), async (steps) => {
        const path = join(temporaryFolder(), "a.journal");
        let journal = await Journal.open(path, targets);
        /** The lines in the order of the file, by their number; a damaged line has none. */
        const model: { n: number | undefined; done: boolean }[] = [];
        const check = () => {
          const done = new Set(model.flatMap((line) => (line.done && line.n !== undefined ? [line.n] : [])));
          expect(numbers.filter((n) => journal.isDone(keyOf(n)))).toEqual(numbers.filter((n) => done.has(n)));
          expect(journal.damagedLines).toBe(model.filter((line) => line.n === undefined).length);
        };
        const reopen = async (between: () => void = () => undefined) => {
          await journal.close();
          between();
          while (model.length > 0 && model.at(-1)?.n === undefined) model.pop(); // the journal drops a damaged end
          journal = await Journal.open(path, targets);
          check();
        };
        for (const action of steps) {
          if (action.do === "record") {
            await new Promise<void>((resolve) => write(journal, action.n, action.outcome, resolve));
            if (action.outcome.state === "skipped" && !isDone(action.outcome)) continue;
            model.push({ n: action.n, done: isDone(action.outcome) });
          } else if (action.do === "reopen") await reopen();
          else if (action.do === "tear") {
            await reopen(() => {
              const line = encodeLine({
                fingerprint: keyOf(action.n),
                state: "ok",
                id: "torn",
                origin: "torn",
              });
              appendFileSync(path, line.slice(0, Math.min(action.at, line.length - 1)));
              appendFileSync(path, Buffer.alloc(action.zeros));
            });
          } else if (model.length > 0) {
            await reopen(() => {
              const bytes = readFileSync(path);
              const start = bytes.indexOf(10, bytes.indexOf(10) + 1) + 1;
              const at = start + Math.floor(action.at * (bytes.length - start - 1));
              const line = bytes.subarray(start, at).filter((byte) => byte === 10).length;
              if (model[line]?.n === undefined) return; // the same damage twice repairs the line
              const wasEnd = bytes[at] === 10;
              bytes[at] = (bytes[at] as number) ^ action.by;
              writeFileSync(path, bytes);
              model[line] = { n: undefined, done: false };
              if (wasEnd && line + 1 < model.length) {
                model.splice(line, 2, { n: undefined, done: false }); // the two lines are one now
              }
              // A new line break splits one damaged line into two.
              if (bytes[at] === 10) model.splice(line, 0, { n: undefined, done: false });
            });
          }
        }
        await reopen();
        expect((await recordsOf(path)).map((record) => record.fingerprint)).toEqual(
          model.flatMap(({ n }) => (n === undefined ? [] : [keyOf(n)])),
        );
        await journal.close();
      }),
      propertyRuns(40),
    );
  });

  it("skips a damaged part that is longer than one read", async () => {
    const path = join(temporaryFolder(), "a.journal");
    const first = await Journal.open(path, targets);
    write(first, 1, { state: "ok" });
    await first.close();
    appendFileSync(path, Buffer.alloc(3_000_000));
    appendFileSync(path, `\n${encodeLine({ fingerprint: keyOf(2), state: "ok", id: "x", origin: "x" })}torn`);
    const second = await Journal.open(path, targets);
    expect([second.isDone(keyOf(1)), second.isDone(keyOf(2)), second.finished]).toEqual([true, true, 2]);
    expect(second.damagedLines).toBeGreaterThan(0);
    await second.close();
    expect(readFileSync(path).subarray(-10).includes("torn")).toBe(false);
  });

  it("shortens long texts", async () => {
    const path = join(temporaryFolder(), "a.journal");
    const journal = await Journal.open(path, targets);
    write(journal, 1, { state: "failed", code: "1", stage: "s", reason: "é".repeat(2_000_000), attempts: 1 });
    await journal.close();
    const [record] = await recordsOf(path);
    expect(record).toMatchObject({ state: "failed", reason: `${"é".repeat(4096)}…` });
  });

  it.each([
    ["a text", "just some notes\n", /is not a journal/],
    ["other JSON", '{"a":1}\n', /is not a journal/],
    [
      "a journal of another version",
      encodeLine({ journal: "sluice", version: 2, flow }),
      /version 2; this release reads version 1/,
    ],
  ])("refuses %s, and does not change it", async (_, content, reason) => {
    const path = join(temporaryFolder(), "a.journal");
    writeFileSync(path, content);
    const { mtimeMs } = statSync(path);
    await expect(Journal.open(path, targets)).rejects.toMatchObject({
      code: "ERR_JOURNAL_FORMAT",
      message: expect.stringMatching(reason),
    });
    await expect(recordsOf(path)).rejects.toMatchObject({ code: "ERR_JOURNAL_FORMAT" });
    expect(readFileSync(path, "utf8")).toBe(content);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it("refuses a folder, and uses an empty file as a new journal", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "dir"));
    await expect(Journal.open(join(folder, "dir"), targets)).rejects.toMatchObject({ code: "ERR_JOURNAL_FORMAT" });
    writeFileSync(join(folder, "empty"), "");
    await (await Journal.open(join(folder, "empty"), targets)).close();
    expect(linesOf(join(folder, "empty"))).toEqual([]);
    expect(await recordsOf(join(folder, "empty"))).toEqual([]);
  });

  it("refuses the journal of another flow, and names both flows", async () => {
    const path = join(temporaryFolder(), "a.journal");
    await (await Journal.open(path, targets)).close();
    const removing = ["remove from me/main at https://api.test"];
    await expect(Journal.open(path, { ids: removing, names: removing })).rejects.toMatchObject({
      code: "ERR_JOURNAL_FLOW",
      message: expect.stringMatching(/"upload to me\/main.*"remove from me\/main/),
    });
  });

  it("is locked by one process at a time, and names the process", async () => {
    const path = join(temporaryFolder(), "a.journal");
    const journal = await Journal.open(path, targets);
    await expect(Journal.open(path, targets)).rejects.toMatchObject({
      code: "ERR_JOURNAL_LOCKED",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await journal.close();
    await (await Journal.open(path, targets)).close();
  });
});

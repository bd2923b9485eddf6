/** RxJS operators in a pipe: their errors are named, and an input that a sink wrote stays ok whatever a later operator does. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bufferCount,
  concatMap,
  debounceTime,
  delay,
  EMPTY,
  filter,
  first,
  ignoreElements,
  type MonoTypeOperatorFunction,
  map,
  mergeMap,
  type OperatorFunction,
  pipe,
  Subject,
  skip,
  take,
  takeUntil,
  takeWhile,
  tap,
} from "rxjs";
import { describe, expect, it, vi } from "vitest";
import {
  batch,
  connect,
  defineSink,
  download,
  filterInputs,
  flow,
  fromIterable,
  type Input,
  type JournalRecord,
  listInputs,
  type Message,
  OperatorError,
  patch,
  type Report,
  readJournal,
  remove,
  tagMetadata,
  transform,
  upload,
  writeJsonl,
} from "../../src/index.js";
import { turns } from "../helpers/flows.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

type Operator = MonoTypeOperatorFunction<Message>;
const inputs = (count: number) =>
  fromIterable(Array.from({ length: count }, (_, n) => ({ id: `t-${n}`, text: `text ${n}` })));
const pass = transform((input) => input, { name: "pass" });
const boom =
  (id: string) =>
  (message: Message): undefined => {
    if (message.value.id === id) throw new Error("boom");
  };
const closes = ({ read, ok, failed, skipped, pending }: Report["counts"]) => read === ok + failed + skipped + pending;

describe("an error that an RxJS operator throws", () => {
  it.each<[string, Operator]>([
    ["tap", tap(boom("t-3"))],
    ["map", map((message) => boom("t-3")(message) ?? message)],
    ["filter", filter((message) => boom("t-3")(message) ?? true)],
    ["mergeMap", mergeMap((message) => boom("t-3")(message) ?? [message])],
    [
      "a composed operator",
      pipe(
        filter(() => true),
        tap(boom("t-3")),
      ),
    ],
  ])("ends the run with position, origin and id of the input, and with the report so far: %s", async (_, operator) => {
    const crate: Input[] = [];
    const sink = defineSink({ name: "crate", write: async (batch) => void crate.push(...batch.inputs) });
    const error = await flow(inputs(6))
      .pipe(pass, operator, sink())
      .run()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "ERR_OPERATOR", position: 2, origin: "values:4", id: "t-3" });
    const { message, cause, report } = error as OperatorError;
    expect(message).toBe('pipe: operator 2 threw on values:4 (id "t-3"): boom');
    expect((cause as Error).message).toBe("boom");
    expect(report?.counts.ok).toBe(crate.length);
    expect(report && closes(report.counts)).toBe(true);
    expect(report).toMatchObject({ ok: false, exitCode: 1, counts: { skipped: 0, failed: 0 } });
    expect(report?.summary()).toContain("pending");
  });

  it("rejects plan, preview, toArray and subscribe in the same way", async () => {
    const wrong = flow(inputs(6)).pipe(pass, tap(boom("t-1")));
    const named = { code: "ERR_OPERATOR", position: 2, id: "t-1" };
    await expect(wrong.plan()).rejects.toMatchObject(named);
    await expect(wrong.preview()).rejects.toMatchObject(named);
    await expect(wrong.toArray()).rejects.toMatchObject(named);
    const thrown = new Promise((resolve) => wrong.subscribe({ error: resolve }));
    expect(await thrown).toMatchObject(named);
  });

  it("names the first input of a batch, and the position of an operator behind the sink", async () => {
    const error = await flow(inputs(4))
      .pipe(
        batch(),
        tap(() => {
          throw new Error("boom");
        }),
      )
      .run()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ position: 2, origin: "values:1" });
    const sink = defineSink({ name: "crate", write: async () => undefined });
    const behind = await flow(inputs(4))
      .pipe(sink(), tap(boom("t-2")))
      .run()
      .catch((reason: unknown) => reason);
    expect(behind).toMatchObject({ position: 2, id: "t-2" });
    expect((behind as OperatorError).report?.counts.ok).toBeGreaterThanOrEqual(3);
  });

  it("names no input when the operator throws asynchronously", async () => {
    const late = concatMap(async (message: Message) => {
      await turns();
      boom("t-0")(message);
      return message;
    });
    const error = (await flow(inputs(3))
      .pipe(late)
      .run()
      .catch((reason: unknown) => reason)) as OperatorError;
    expect(error).toMatchObject({ code: "ERR_OPERATOR", position: 1, origin: undefined, id: undefined });
    expect(error.message).toMatch(
      /^pipe: operator 1 threw at some time after it got its inputs, the last of which is values:\d/,
    );
  });

  it("is named even if RxJS itself throws it", async () => {
    const empty = await flow(inputs(3))
      .pipe(
        filter(() => false),
        first(),
      )
      .run()
      .catch((reason: unknown) => reason);
    expect(empty).toMatchObject({ code: "ERR_OPERATOR", position: 2, message: expect.stringContaining("no elements") });
  });

  it.each<[string, () => unknown, string | RegExp]>([
    ["a plain object", () => ({ code: 7, why: ["a"] }), "{ code: 7, why: [ 'a' ] }"],
    ["a text", () => "torn", "torn"],
    ["undefined", () => undefined, "undefined was thrown, not an error"],
    ["null", () => null, "null"],
    ["a symbol", () => Symbol("s"), "Symbol(s)"],
    ["an object without a prototype", () => Object.create(null), "[Object: null prototype] {}"],
    ["a frozen error", () => Object.freeze(new Error("frozen")), "frozen"],
    [
      "several errors",
      () => new AggregateError([new Error("one"), new Error("two")], "both failed"),
      "both failed: one; two",
    ],
    ["an error with a cause", () => new Error("outer", { cause: { status: 503 } }), "outer ({ status: 503 })"],
    ["an error that is its own cause", () => ownCause(), /^loop \(loop/],
    ["an error whose fields throw", () => hostile(), "an error whose fields cannot be read"],
    ["an error without a text", () => new TypeError(""), /^TypeError/],
  ])("has a readable text when it is not a plain error: %s", async (_, make, text) => {
    const thrown = make();
    const failing = async () => {
      throw thrown;
    };
    const throwing = () => {
      throw thrown;
    };
    for (const apply of [failing, throwing]) {
      const report = await flow(inputs(1)).pipe(transform(apply)).run();
      expect(report.counts).toMatchObject({ failed: 1 });
      expect(report.failures[0]?.reason).toEqual(typeof text === "string" ? text : expect.stringMatching(text));
    }
    const crate = defineSink({ name: "crate", write: failing });
    for (const [operator, name] of [
      [tap<Message>(throwing), "OperatorError"],
      [crate(), "SinkError"],
    ] as const) {
      const error = (await flow(inputs(1))
        .pipe(operator as Operator)
        .run()
        .catch((reason: unknown) => reason)) as Error;
      expect(error.name).toBe(name);
      if (typeof text === "string") expect(error.message).toContain(`: ${text}`);
    }
  });

  it("closes journal and dead letters, which contain every finished input", async () => {
    const folder = temporaryFolder();
    const [journal, deadLetters] = [join(folder, "a.journal"), join(folder, "dead.jsonl")];
    const sink = defineSink({ name: "crate", write: async () => undefined });
    const failing = transform((input) => {
      if (input.id === "t-1") throw new Error("not this one");
      return input;
    });
    const error = (await flow(inputs(6))
      .pipe(failing, sink(), tap(boom("t-3")))
      .run({ journal, deadLetters })
      .catch((reason: unknown) => reason)) as OperatorError;
    const records = await recordsOf(journal);
    const { counts } = error.report as Report;
    expect(records.filter(({ state }) => state === "ok").map(({ id }) => id)).toEqual(
      expect.arrayContaining(["t-0", "t-2", "t-3"]),
    );
    expect(records.filter(({ state }) => state === "ok")).toHaveLength(counts.ok);
    const again = await flow(inputs(6)).pipe(failing, sink()).run({ journal, deadLetters });
    expect(again.counts).toMatchObject({ read: 6, failed: 1, skipped: counts.ok });
  });
});

describe("an operator behind a sink", () => {
  const storedIn = async (app: Awaited<ReturnType<typeof openStore>>["app"]) =>
    (await flow(listInputs(app)).toArray()).map(({ id }) => id).sort();

  it.each<[string, OperatorFunction<Message, never> | Operator]>([
    ["filter", filter(() => false)],
    ["skip", skip(3)],
    ["ignoreElements", ignoreElements()],
    ["debounceTime", debounceTime(5)],
    ["delay", delay(5)],
    ["mergeMap to nothing", mergeMap(() => EMPTY)],
    ["filterInputs", filterInputs(() => false)],
    ["a transform that drops", transform(() => undefined)],
    [
      "a filter and a transform",
      pipe(
        filter((message: Message) => message.value.id === "t-1"),
        pass,
      ),
    ],
    ["a split", transform((input) => [input, { ...input, id: `${input.id}-2` }])],
  ])("does not change the outcome of uploaded inputs: %s", async (_, operator) => {
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "a.journal");
    const run = () =>
      flow(inputs(10))
        .pipe(batch({ maxItems: 4 }), upload(app), operator as Operator)
        .run({ journal });
    const report = await run();
    expect(report.counts).toEqual({ read: 10, ok: 10, failed: 0, skipped: 0, pending: 0 });
    expect(await storedIn(app)).toHaveLength(10);
    const again = await run();
    expect(again.counts).toMatchObject({ ok: 0, skipped: 10 });
    expect(again.traffic.requests).toBe(0);
  });

  it.each<[string, (stop: Subject<void>) => Operator]>([
    ["take", () => take(2)],
    ["first", () => first()],
    ["takeWhile", () => takeWhile(({ value }) => value.id !== "t-2")],
    [
      "takeUntil",
      (stop) =>
        pipe(
          tap(() => stop.next()),
          takeUntil(stop),
        ),
    ],
  ])("that ends the stream leaves stored inputs ok and the others pending: %s", async (_, operator) => {
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "a.journal");
    const run = (behind: Operator) =>
      flow(inputs(200))
        .pipe(batch({ maxItems: 4 }), upload(app), behind)
        .run({ journal });
    const report = await run(operator(new Subject()));
    const stored = await storedIn(app);
    expect(report.counts).toMatchObject({ failed: 0, skipped: 0, ok: stored.length });
    expect(report.counts.pending).toBe(report.counts.read - stored.length);
    expect(closes(report.counts)).toBe(true);
    const again = await run(tap());
    expect(again.counts).toMatchObject({ read: 200, skipped: stored.length, ok: 200 - stored.length });
    expect(again.skipped).toMatchObject([{ reason: "done earlier" }]);
    expect(await storedIn(app)).toHaveLength(200);
  });

  it("counts inputs as skipped when take() stands before the sink", async () => {
    const { app } = await openStore();
    const report = await flow(inputs(200)).pipe(take(5), batch(), upload(app)).run();
    expect(report.counts).toMatchObject({ ok: 5, failed: 0, pending: 0 });
    expect(report.exitCode).toBe(0);
  });

  it("may change the type of the messages behind upload", async () => {
    const { app } = await openStore();
    const seen: unknown[] = [];
    const report = await flow(inputs(5))
      .pipe(
        batch(),
        upload(app),
        bufferCount(2),
        tap((buffer) => void seen.push(buffer.length)),
      )
      .run();
    expect(report.counts).toMatchObject({ ok: 5 });
    expect(seen).toEqual([2, 2, 1]);
  });

  it("that is a transform and throws fails the input with its reason; with a journal, the input is not sent again", async () => {
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "a.journal");
    const mark = transform(
      (input) => {
        if (input.id === "t-2") throw new Error("no mark");
        return input;
      },
      { name: "mark" },
    );
    const run = () => flow(inputs(5)).pipe(batch(), upload(app), mark).run({ journal });
    const report = await run();
    expect(report.counts).toMatchObject({ ok: 4, failed: 1 });
    expect(report.failures[0]).toMatchObject({ id: "t-2", stage: "mark", reason: "no mark" });
    const again = await run();
    expect(again.counts).toMatchObject({ ok: 0, skipped: 5 });
    expect(again.traffic.requests).toBe(0);
    const records = await recordsOf(journal);
    expect(records.find(({ id }) => id === "t-2")).toMatchObject({
      state: "ok",
      note: expect.stringContaining("no mark"),
    });
  });

  it("between two sinks that throws fails the input, and a run with the journal retries it", async () => {
    const { app } = await openStore();
    const folder = temporaryFolder();
    const journal = join(folder, "a.journal");
    const crate = defineSink({ name: "crate", write: async () => undefined });
    let isBroken = true;
    const mark = transform((input) => {
      if (isBroken && input.id === "t-2") throw new Error("no mark");
      return input;
    });
    const run = () => flow(inputs(5)).pipe(crate(), mark, batch(), upload(app)).run({ journal });
    expect((await run()).counts).toMatchObject({ ok: 4, failed: 1 });
    isBroken = false;
    expect((await run()).counts).toMatchObject({ ok: 1, skipped: 4 });
    expect(await storedIn(app)).toHaveLength(5);
  });

  it("between two sinks that drops an input leaves it ok, since the first sink wrote it", async () => {
    const { app } = await openStore();
    const path = join(temporaryFolder(), "out.jsonl");
    const kept = filter<Message>(({ value }) => value.id === "t-1");
    const report = await flow(inputs(5)).pipe(writeJsonl(path), kept, batch(), upload(app)).run();
    expect(report.counts).toMatchObject({ ok: 5, skipped: 0 });
    expect(await storedIn(app)).toEqual(["t-1"]);
  });

  it("between two sinks that ends the stream leaves inputs of the first sink pending, with that reason", async () => {
    const { app } = await openStore();
    const path = join(temporaryFolder(), "out.jsonl");
    const journal = join(temporaryFolder(), "a.journal");
    const run = (between: Operator) =>
      flow(inputs(8))
        .pipe(batch(), upload(app), between, writeJsonl(path, { append: true }))
        .run({ journal });
    const report = await run(take(3));
    expect(report.counts).toEqual({ read: 8, ok: 3, failed: 0, skipped: 0, pending: 5 });
    const reason = "an operator behind upload ended the pipe before all sinks had written it";
    expect(report.pending).toMatchObject([{ reason, count: 5 }]);
    expect((await run(tap())).counts).toMatchObject({ ok: 5, skipped: 3 });
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(8);
  });

  it("that is a second sink gets the inputs that already exist in the first app", async () => {
    const { app, store } = await openStore();
    const other = await connect({ baseUrl: store.url, pat: "any", userId: "me", appId: "other" });
    const journal = join(temporaryFolder(), "a.journal");
    const run = () => flow(inputs(6)).pipe(batch(), upload(app), batch(), upload(other)).run({ journal });
    await flow(inputs(6)).pipe(batch(), upload(app)).run();
    const report = await run();
    expect(report.counts).toMatchObject({ ok: 6, skipped: 0 });
    expect(report.notes).toEqual({ "already exists": 6 });
    expect(await storedIn(other)).toHaveLength(6);
    expect((await run()).skipped).toMatchObject([{ reason: "done earlier", count: 6 }]);
    const without = await flow(inputs(6)).pipe(batch(), upload(app), batch(), upload(other)).run();
    expect(without.skipped).toMatchObject([{ reason: "already exists", count: 6 }]);
    await other.close();
  });

  it("that is a second sink gets inputs whose metadata differ, and a single sink skips them with a reason", async () => {
    const { app, store } = await openStore();
    const other = await connect({ baseUrl: store.url, pat: "any", userId: "me", appId: "other" });
    await flow(inputs(3)).pipe(batch(), upload(app)).run();
    const tagged = () =>
      flow(inputs(3)).pipe(tagMetadata({ new: true }), batch(), upload(app, { conflict: "replace" }));
    const reason = "already exists, and other fields may differ (patch changes those)";
    expect((await tagged().run()).skipped).toMatchObject([{ reason, count: 3 }]);
    expect((await tagged().pipe(batch(), upload(other)).run()).counts).toMatchObject({ ok: 3, skipped: 0 });
    expect(await storedIn(other)).toHaveLength(3);
    await other.close();
  });

  it("gets inputs with nothing to patch, inputs downloaded earlier, and ids that no input has", async () => {
    const { app } = await openStore();
    const folder = temporaryFolder();
    const path = join(folder, "out.jsonl");
    await flow(inputs(4)).pipe(batch(), upload(app)).run();
    const listing = listInputs(app);
    const patched = await flow(listing).pipe(batch(), patch(app), writeJsonl(path)).run();
    expect([patched.counts.ok, patched.notes]).toEqual([4, { "nothing to change": 4 }]);
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(4);
    const saved = download(join(folder, "out"));
    await flow(listing).pipe(saved).run();
    writeFileSync(join(folder, "out/t-2.txt"), "TEXT 2"); // changed since, in the same size
    const moved = await flow(listing).pipe(saved, batch(), remove(app)).run();
    const replaced = "replaced a file of an earlier download that had other content";
    expect([moved.counts.ok, moved.notes]).toEqual([4, { "downloaded earlier": 3, [replaced]: 1 }]);
    expect(readFileSync(join(folder, "out/t-2.txt"), "utf8")).toBe("text 2");
    expect(await storedIn(app)).toEqual([]);
    const gone = join(folder, "gone.jsonl");
    const removed = await flow(inputs(4)).pipe(batch(), remove(app), writeJsonl(gone)).run();
    expect([removed.counts.ok, removed.notes]).toEqual([4, { "no input has this id": 4 }]);
    expect(readFileSync(gone, "utf8").trim().split("\n")).toHaveLength(4);
  });

  it("that is a second sink leaves inputs pending if the run stops while it writes them", async () => {
    const path = join(temporaryFolder(), "out.jsonl");
    const abort = new AbortController();
    const never = defineSink({
      name: "never",
      write: async (_, { signal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        signal.throwIfAborted();
      },
    });
    const running = flow(inputs(3)).pipe(writeJsonl(path), never()).run({ signal: abort.signal });
    await vi.waitFor(() => expect(turns(1)).resolves.toBeUndefined());
    await turns(20);
    abort.abort();
    const report = await running;
    expect(report).toMatchObject({ stopped: true, counts: { ok: 0, skipped: 0 } });
    expect(closes(report.counts)).toBe(true);
  });
});

async function recordsOf(journal: string): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of readJournal(journal)) records.push(record);
  return records;
}

function ownCause(): Error {
  const error = new Error("loop");
  error.cause = error;
  return error;
}

function hostile(): Error {
  const error = new Error("x");
  for (const key of ["stack", "message", "code", "name", "cause"]) {
    Object.defineProperty(error, key, {
      get: () => {
        throw new Error("hostile");
      },
    });
  }
  return error;
}

import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { Pacer } from "../../../src/clarifai/client/pacing/pacer.js";
import { Rate } from "../../../src/clarifai/client/pacing/rate.js";
import { Message } from "../../../src/core/accounting/message.js";
import { RunContext } from "../../../src/core/accounting/run-context.js";
import { Reporter } from "../../../src/core/report/reporter.js";
import { batch, dedupe, flow, type ProgressEvent, type Source } from "../../../src/index.js";
import { sinkOf, texts, turns } from "../../helpers/flows.js";
import { VirtualClock } from "../../helpers/virtual-clock.js";

/** Yields its items one after the other on request, and reports itself as idle before each. */
function dripping(): { source: Source; give: (id?: string) => void } {
  let take: ((id: string | undefined) => void) | undefined;
  const source: Source = {
    name: "dripping",
    async *read({ signal, idle }) {
      for (;;) {
        idle?.("for the next drop");
        const id = await new Promise<string | undefined>((resolve) => {
          take = resolve;
          signal.addEventListener("abort", () => resolve(undefined), { once: true });
        });
        if (id === undefined) return;
        yield { origin: `drop:${id}`, input: { id, text: id } };
      }
    },
  };
  return { source, give: (id) => take?.(id) };
}

/** Signals that depend on this one. Only an internal field of Node.js shows them. */
function dependants(signal: AbortSignal): number {
  const field = Object.getOwnPropertySymbols(signal).find(({ description }) => description === "kDependantSignals");
  const found = field && (signal as unknown as Record<symbol, Set<unknown> | undefined>)[field];
  return found?.size ?? 0;
}

describe("the memory of a run", () => {
  it("is bounded if each of a million inputs has a different reason", () => {
    const context = new RunContext();
    const reporter = new Reporter(context);
    const value = { id: "a", concepts: [], annotations: [], datasets: [], metadata: {} };
    const states = ["ok", "skipped", "pending", "failed"] as const;
    for (let n = 0; n < 1_000_000; n += 1) {
      const message = Message.read(context, `row ${n}`, value);
      const state = states[n % 4] ?? "ok";
      if (state === "ok") message.note(`note ${n}`);
      if (state === "failed") message.settle({ state, code: `code ${n}`, stage: "s", reason: `r ${n}`, attempts: 1 });
      else
        message.settle(
          state === "ok" ? { state } : { state, reason: `${state} ${n} ${n < 9 ? "x".repeat(9000) : ""}` },
        );
    }
    const report = reporter.finish(false);
    expect(report.counts).toEqual({
      read: 1_000_000,
      ok: 250_000,
      skipped: 250_000,
      pending: 250_000,
      failed: 250_000,
    });
    expect(Object.keys(report.notes)).toHaveLength(201);
    expect(report.notes["…"]).toBe(250_000 - 200);
    for (const groups of [report.skipped, report.pending]) {
      expect(groups).toHaveLength(201);
      expect(groups.at(-1)).toMatchObject({ reason: "…", count: 250_000 - 200 });
      expect(Math.max(...groups.map(({ reason }) => reason.length))).toBeLessThan(2100);
    }
    expect(report.failureGroups).toHaveLength(201);
    expect(JSON.stringify(report).length).toBeLessThan(3_000_000);
  });

  it("includes no listener on the user's signal after the run", async () => {
    const { signal } = new AbortController();
    for (let run = 0; run < 3; run += 1)
      await flow(texts(3))
        .pipe(
          batch(),
          sinkOf(() => turns(1)),
        )
        .run({ signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(dependants(signal)).toBe(0);
  });

  it("includes no listener on the signals of requests that waited for a server", async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({}, clock);
    const { signal } = new AbortController();
    for (let failure = 0; failure < 4; failure += 1) pacer.failed(clock.now());
    for (let turn = 0; turn < 3; turn += 1) await Promise.all([pacer.turn(signal), clock.run(clock.now() + 5000)]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(dependants(signal)).toBe(0);
  });
});

describe("a run of several days", () => {
  it("keeps a known rate near its value while requests are refused, and then recovers it", () => {
    const rate = new Rate(100);
    const before = rate.perSecond;
    const rates: number[] = [];
    let now = 0;
    for (let refusals = 0; refusals < 200; refusals += 1) {
      rate.passed((now += 1000), now);
      rate.refused(now, now, { isHeld: false });
      rates.push(rate.perSecond);
    }
    expect(Math.min(...rates)).toBeLessThan(before);
    expect(rates.filter((one) => one >= before * 0.85).length).toBeGreaterThan(100);
    for (let seconds = 0; seconds < 3600; seconds += 1) rate.reserve((now += 1000));
    expect(rate.perSecond).toBe(before);
  });

  it("accepts a stall limit that is longer than a timer can be", async () => {
    const stalls: unknown[] = [];
    const abort = new AbortController();
    const mute: Source = {
      name: "mute",
      read: async function* () {
        await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
      },
    };
    const running = flow(mute).run({ stallMs: 1e12, onStall: (stall) => stalls.push(stall), signal: abort.signal });
    await new Promise((resolve) => setTimeout(resolve, 30)); // where each look came after 1 ms
    abort.abort();
    await running;
    expect(stalls).toEqual([]);
  });
});

it("dedupe drops duplicates among many thousands of inputs, which it knows by digests", async () => {
  const report = await flow(texts(20_000, (n) => ({ id: `i${n % 15_000}`, text: "x" })))
    .pipe(dedupe("id"))
    .run();
  expect(report.counts).toMatchObject({ ok: 15_000, skipped: 5000 });
});

describe("a source that waits for new items", () => {
  it("does not stall while no input is in progress, and stalls when one is", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const { source, give } = dripping();
      const abort = new AbortController();
      const stalls: string[] = [];
      const events: ProgressEvent[] = [];
      let written = () => {};
      const running = flow(source)
        .pipe(sinkOf(() => new Promise<void>((resolve) => (written = resolve))))
        .run({
          signal: abort.signal,
          onStall: ({ waits }) => stalls.push(...waits),
          onProgress: (event) => events.push(event),
        });
      await turns(2);
      vi.advanceTimersByTime(3_600_000);
      expect(stalls).toEqual([]);
      expect(events.at(-1)).toMatchObject({ health: "idle", quietMs: expect.closeTo(3_600_000, -4) });
      expect(events.at(-1)?.waits).toEqual(["source dripping: for the next drop"]);
      give("a");
      await turns(2);
      vi.advanceTimersByTime(1000);
      expect(events.at(-1)).toMatchObject({ health: "working" });
      vi.advanceTimersByTime(60_000);
      expect(events.at(-1)).toMatchObject({ health: "stalled" });
      expect(stalls).toEqual(["source dripping: for the next drop", "sink testSink: for 1 batch to be written"]);
      written();
      await turns(2);
      vi.advanceTimersByTime(60_000);
      expect(events.at(-1)).toMatchObject({ health: "idle" });
      expect(stalls).toHaveLength(2);
      abort.abort();
      expect((await running).counts.ok).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it("stalls if another source does not answer", async () => {
    const { source } = dripping();
    const mute: Source = {
      name: "mute",
      read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }),
    };
    const abort = new AbortController();
    const waits = await new Promise<readonly string[]>((resolve) => {
      void flow([source, mute]).run({ signal: abort.signal, stallMs: 20, onStall: (stall) => resolve(stall.waits) });
    });
    abort.abort();
    expect(waits).toEqual(["source dripping: for the next drop", "source mute: for its next item"]);
  });

  it("lets batch() emit a batch when its time is up", async () => {
    const { source, give } = dripping();
    const abort = new AbortController();
    let arrived: (ids: string[]) => void = () => undefined;
    const first = new Promise<string[]>((resolve) => (arrived = resolve));
    const running = flow(source)
      .pipe(
        batch({ maxWaitMs: 5 }),
        sinkOf((inputs) => arrived(inputs.map(({ id }) => id))),
      )
      .run({ signal: abort.signal });
    await turns(2);
    give("alone");
    expect(await first).toEqual(["alone"]);
    abort.abort();
    await running;
  });
});

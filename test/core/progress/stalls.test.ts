import { describe, expect, it, onTestFinished, vi } from "vitest";
import { batch, flow, type RunOptions, type Source, type Stall, transform, upload } from "../../../src/index.js";
import { sinkOf, texts, turns } from "../../helpers/flows.js";
import { openStore } from "../../helpers/store.js";

const never = () => new Promise<never>(() => undefined);

/** Starts a run that stalls, and returns its first stall. The run is aborted at the end of the test. */
function stallOf(start: (options: RunOptions) => Promise<unknown>, options: RunOptions = {}): Promise<Stall> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  return new Promise((resolve, reject) => {
    start({ stallMs: 40, onStall: resolve, signal: abort.signal, ...options }).catch(reject);
  });
}

describe("a run that stalls", () => {
  it("names the source that never answers", async () => {
    const mute: Source = {
      name: "mute",
      async *read() {
        yield { origin: "mute:1", input: { id: "a", text: "a" } };
        await never();
      },
    };
    const stall = await stallOf((options) => flow([texts(3), mute]).run(options));
    expect(stall).toEqual({ forMs: 40, waits: ["source mute: for its next item"] });
  });

  it("names the transform that never answers, and its input", async () => {
    const stall = await stallOf((options) =>
      flow(texts(5))
        .pipe(transform((input) => (input.id === "t2" ? never() : Promise.resolve(input)), { concurrency: 4 }))
        .run(options),
    );
    expect(stall.waits).toEqual(["transform transform: for 1 of 3 inputs, the first is texts:3"]);
  });

  it("names the sink that never answers, and the source that waits for capacity", async () => {
    const stall = await stallOf(
      (options) =>
        flow(texts(1000))
          .pipe(batch({ maxItems: 10 }), sinkOf(never))
          .run(options),
      {
        maxInFlight: 50,
      },
    );
    expect(stall.waits).toEqual([
      expect.stringMatching(/^source texts: for capacity \(\d+ inputs with \d+ bytes are in flight\)$/),
      expect.stringMatching(/^sink testSink: for 1 batch to be written, then \d more$/),
    ]);
  });

  it("says how many requests are open and how long the server has been down", async () => {
    const { store, app } = await openStore();
    store.faults.add({ fault: { type: "cut", when: "before" } });
    let bytes = 0;
    const stall = await stallOf(
      (options) => {
        vi.spyOn(app.transport.counts, "bytesSent", "get").mockImplementation(() => bytes);
        return flow(texts(1))
          .pipe(batch({ maxWaitMs: 1 }), upload(app))
          .run(options);
      },
      { stallMs: 200 },
    );
    bytes += 1;
    expect(stall.waits).toContainEqual(expect.stringMatching(/^requests: 1 is open/));
  });

  it("names the job that it waits for, although it polls the job", async () => {
    const { app } = await openStore({ processingDelayMs: 60_000 });
    const stall = await stallOf((options) => flow(texts(20)).pipe(batch(), upload(app)).run(options), { stallMs: 400 });
    expect(stall.waits).toContainEqual("processing: for the server to process 20 inputs");
  });

  it("reports a stall once, by default in one line on stderr, and a second stall after progress", async () => {
    const written: string[] = [];
    const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
    onTestFinished(() => stderr.mockRestore());
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    let answer = () => {};
    const slow: Source = {
      name: "slow",
      async *read() {
        for (let n = 1; n <= 2; n += 1) {
          await new Promise<void>((resolve) => (answer = resolve));
          yield { origin: `slow:${n}`, input: { id: `s${n}`, text: "x" } };
        }
      },
    };
    const running = flow(slow).run();
    await turns(2);
    vi.advanceTimersByTime(29_000);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(60_000);
    const line = "sluice: nothing was read, sent or settled for 30 s; waiting: source slow: for its next item\n";
    expect(written).toEqual([line]);
    answer();
    await turns(3);
    vi.advanceTimersByTime(60_000);
    expect(written).toEqual([line, line]);
    answer();
    expect((await running).counts.ok).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not reported with stallMs: 0", async () => {
    const written: string[] = [];
    const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
    onTestFinished(() => stderr.mockRestore());
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const running = flow(texts(1))
      .pipe(sinkOf(() => turns(5)))
      .run({ stallMs: 0 });
    vi.advanceTimersByTime(600_000);
    expect(written).toEqual([]);
    await running;
  });
});

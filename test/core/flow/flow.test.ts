import { filter, mergeMap, take } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  batch,
  defineTransform,
  flow,
  fromIterable,
  type Input,
  InputError,
  SinkError,
  transform,
} from "../../../src/index.js";
import { sinkOf, texts, turns } from "../../helpers/flows.js";

const shout = defineTransform({
  name: "shout",
  apply: (input: Input) => ({ ...input, text: input.text?.toUpperCase() }),
});

describe("a flow", () => {
  it("settles every input, and its counts add up", async () => {
    const written: Input[] = [];
    const report = await flow(texts(300))
      .pipe(
        shout(),
        batch(),
        sinkOf((inputs) => void written.push(...inputs)),
      )
      .run();
    expect(report.counts).toEqual({ read: 300, ok: 300, failed: 0, skipped: 0, pending: 0 });
    expect(written.map((input) => input.text)).toEqual(Array.from({ length: 300 }, (_, n) => `TEXT ${n}`));
    expect(report.exitCode).toBe(0);
  });

  it("settles an input on which a transform throws as failed, and continues", async () => {
    const broken = defineTransform({
      name: "broken",
      apply: (input) => {
        if (input.id === "t1") throw new InputError("ERR_TEST", "no");
        return input;
      },
    });
    const report = await flow(texts(3)).pipe(broken()).run();
    expect(report.counts).toMatchObject({ read: 3, ok: 2, failed: 1 });
    expect(report.failures).toEqual([
      { origin: "texts:2", id: "t1", code: "ERR_TEST", stage: "broken", reason: "no", attempts: 1, retryable: false },
    ]);
    expect(report.exitCode).toBe(1);
  });

  it("counts inputs that an RxJS operator drops as skipped", async () => {
    const report = await flow(texts(10))
      .pipe(filter((message) => message.value.id !== "t3"))
      .run();
    expect(report.counts).toMatchObject({ read: 10, ok: 9, skipped: 1 });
    expect(report.skipped).toEqual([{ reason: "dropped by an operator", count: 1, origins: [] }]);
  });

  it("settles a split input with its last part, by the worst outcome", async () => {
    const halves = defineTransform({
      name: "halves",
      apply: (input) => [
        { ...input, id: `${input.id}a` },
        { ...input, id: `${input.id}b` },
      ],
    });
    const report = await flow(texts(2))
      .pipe(
        halves(),
        sinkOf((_, messages) => {
          for (const message of messages) if (message.value.id === "t0a") message.fail(new Error("lost"), "testSink");
        }),
      )
      .run();
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
  });

  it("keeps order through an async transform and never works on more than its concurrency", async () => {
    let running = 0;
    let most = 0;
    const slow = defineTransform({
      name: "slow",
      concurrency: 4,
      apply: async (input) => {
        running += 1;
        most = Math.max(most, running);
        await turns(Number(input.id.slice(1)) % 3);
        running -= 1;
        return input;
      },
    });
    const inputs = await flow(texts(50)).pipe(slow()).toArray();
    expect(inputs.map((input) => input.id)).toEqual(Array.from({ length: 50 }, (_, n) => `t${n}`));
    expect(most).toBe(4);
  });

  it("names an invalid item, with its source and the problem", async () => {
    const report = await flow(
      texts(2, (n) => (n === 0 ? { id: "x", geo: { longitude: 200, latitude: 0 } } : { text: "ok" })),
    ).run();
    expect(report.failures[0]).toMatchObject({ origin: "texts:1", stage: "texts", code: "ERR_INPUT_SHAPE" });
    expect(report.failures[0]?.reason).toContain("geo.longitude");
    expect(report.counts.ok).toBe(1);
  });

  it("rejects when a sink cannot continue, and closes the source", async () => {
    const source = texts(100_000);
    const sink = sinkOf(() => {
      throw new SinkError("ERR_TEST", "disk gone");
    });
    await expect(flow(source).pipe(batch(), sink).run()).rejects.toThrow("disk gone");
    expect(source.closed()).toBe(true);
    expect(source.handedOut()).toBeLessThan(10_000);
  });

  it("stops the source when the subscriber unsubscribes early", async () => {
    const source = texts(1_000_000);
    const report = await flow(source).pipe(take(5)).run();
    expect(report.counts.ok).toBe(5);
    expect(source.handedOut()).toBeLessThan(100);
    expect(source.closed()).toBe(true);
  });

  it("stops at an abort, reports the stop, and leaves the other inputs pending", async () => {
    const abort = new AbortController();
    const source = texts(1_000_000);
    const report = await flow(source)
      .pipe(
        batch({ maxItems: 10 }),
        sinkOf(() => abort.abort()),
      )
      .run({ signal: abort.signal });
    expect(report.stopped).toBe(true);
    expect(report.exitCode).toBe(130);
    const { read, ok, failed, skipped, pending } = report.counts;
    expect(read).toBe(ok + failed + skipped + pending);
    expect(source.closed()).toBe(true);
  });

  it("has closed its sinks when it ends by an error or an abort", async () => {
    const closed: string[] = [];
    const slowToClose = (name: string, write: () => void) =>
      sinkOf(write, {
        close: async () => {
          await turns(20);
          closed.push(name);
        },
      });
    const abort = new AbortController();
    const aborted = flow(texts(1000)).pipe(slowToClose("aborted", () => abort.abort()));
    await aborted.run({ signal: abort.signal });
    expect(closed).toEqual(["aborted"]);
    const failing = slowToClose("failed", () => {
      throw new SinkError("ERR_TEST", "disk gone");
    });
    await expect(flow(texts(1000)).pipe(failing).run()).rejects.toThrow("disk gone");
    expect(closed).toEqual(["aborted", "failed"]);
  });

  it("can run twice", async () => {
    const twice = flow(texts(5)).pipe(
      batch(),
      sinkOf(() => undefined),
    );
    expect((await twice.run()).counts.ok).toBe(5);
    expect((await twice.run()).counts.ok).toBe(5);
  });
});

describe("backpressure", () => {
  it("reads no further than the budget of a source of a million while a sink stalls", async () => {
    const source = texts(1_000_000);
    const stalled = sinkOf(() => new Promise<void>(() => undefined));
    const subscription = flow(source).pipe(batch(), stalled).subscribe({}, { maxInFlight: 1000 });
    await turns(200);
    expect(source.handedOut()).toBeGreaterThanOrEqual(1000);
    expect(source.handedOut()).toBeLessThanOrEqual(1000 + 128);
    subscription.unsubscribe();
    await turns(3);
    expect(source.closed()).toBe(true);
  });

  it.each<[what: string, apply: (input: Input) => Input | Promise<Input>]>([
    ["gives back the input as it is", (input) => input],
    ["changes it", (input) => ({ ...input, metadata: { seen: true } })],
    ["does so later", async (input) => input],
  ])("reads no further than the window behind a transform that %s", async (_, apply) => {
    const source = texts(100_000);
    const stalled = sinkOf(() => new Promise<void>(() => undefined));
    const subscription = flow(source).pipe(transform(apply), batch(), stalled).subscribe({}, { maxInFlight: 1000 });
    await turns(200);
    expect(source.handedOut()).toBeGreaterThanOrEqual(1000);
    expect(source.handedOut()).toBeLessThanOrEqual(1000 + 128);
    subscription.unsubscribe();
  });

  it("does not stall when the window is smaller than a batch", async () => {
    const report = await flow(texts(1000))
      .pipe(
        batch(),
        sinkOf(() => turns(1)),
      )
      .run({ maxInFlight: 10 });
    expect(report.counts.ok).toBe(1000);
  });

  it("does not stall when a batch larger than the byte budget waits to fill", async () => {
    const large = texts(50, (n) => ({ id: `t${n}`, text: "x".repeat(100_000) }));
    const sizes: number[] = [];
    const report = await flow(large)
      .pipe(
        batch({ maxWaitMs: 60_000 }),
        sinkOf((inputs) => void sizes.push(inputs.length)),
      )
      .run({ maxBytesInFlight: 1_000_000 });
    expect(report.counts.ok).toBe(50);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(11);
  });

  it("counts annotations, which are objects in memory, against the byte budget", async () => {
    const box: [number, number, number, number] = [0, 0, 1, 1];
    const boxes = Array.from({ length: 100 }, () => ({ box, concepts: ["car"] }));
    const images = fromIterable(
      Array.from({ length: 50 }, (_, n) => ({ image: { url: `https://example.com/${n}.jpg` }, annotations: boxes })),
    );
    const sizes: number[] = [];
    const report = await flow(images)
      .pipe(
        batch({ maxWaitMs: 60_000 }),
        sinkOf((inputs) => void sizes.push(inputs.length)),
      )
      .run({ maxBytesInFlight: 500_000 });
    expect(report.counts.ok).toBe(50);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
  });

  it("does not stall when a filter drops 99.9 % of the inputs", async () => {
    const report = await flow(texts(100_000))
      .pipe(
        filter((message) => message.value.id.endsWith("999")),
        batch(),
        sinkOf(() => turns(1)),
      )
      .run({ maxInFlight: 100 });
    expect(report.counts.ok).toBe(100);
    expect(report.counts.skipped).toBe(99_900);
  });

  it("counts all parts of an input that is split into a thousand", async () => {
    const source = texts(1000);
    const thousand = defineTransform({
      name: "thousand",
      apply: (input) => Array.from({ length: 1000 }, (_, n) => ({ ...input, id: `${input.id}-${n}` })),
    });
    const stalled = sinkOf(() => new Promise<void>(() => undefined));
    const subscription = flow(source).pipe(thousand(), batch(), stalled).subscribe({}, { maxInFlight: 2000 });
    await turns(100);
    expect(source.handedOut()).toBeLessThanOrEqual(4);
    subscription.unsubscribe();
  });

  it("reads no further ahead than a slow transform needs", async () => {
    const source = texts(1000);
    const subscription = flow(source)
      .pipe(transform(() => new Promise<Input>(() => undefined)))
      .subscribe({});
    await turns(100);
    expect(source.handedOut()).toBeLessThanOrEqual(17);
    subscription.unsubscribe();
  });

  it("holds few finished results behind one slow input, however many inputs wait", async () => {
    const hundred = transform((input) => Array.from({ length: 100 }, (_, n) => ({ ...input, id: `${input.id}-${n}` })));
    let finishFirst = () => {};
    const first = new Promise<void>((resolve) => void (finishFirst = resolve));
    let begun = 0;
    const slow = defineTransform({
      name: "slow",
      concurrency: 2,
      apply: async (input) => {
        begun += 1;
        if (input.id === "t0-0") await first;
        return input;
      },
    });
    const inputs = flow(texts(10)).pipe(hundred, slow()).toArray();
    await turns(100);
    expect(begun).toBe(16);
    finishFirst();
    expect((await inputs).map((input) => input.id)).toHaveLength(1000);
  });

  it("reads two sources in parallel under one budget", async () => {
    const first = texts(10_000);
    const second = texts(10_000, (n) => ({ id: `u${n}`, text: "u" }));
    const stalled = sinkOf(() => new Promise<void>(() => undefined));
    const subscription = flow([first, second]).pipe(batch(), stalled).subscribe({}, { maxInFlight: 1000 });
    await turns(100);
    expect(first.handedOut() + second.handedOut()).toBeLessThanOrEqual(1000 + 129);
    subscription.unsubscribe();
    const report = await flow([texts(10), texts(20)]).run();
    expect(report.counts.ok).toBe(30);
  });

  it("does not starve timers while operators drop everything synchronously", async () => {
    let ticks = 0;
    const timer = setInterval(() => void (ticks += 1), 1);
    await flow(texts(200_000))
      .pipe(filter(() => false))
      .run();
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });

  it("lets an RxJS operator that waits emit its messages later", async () => {
    const report = await flow(texts(100))
      .pipe(
        mergeMap(async (message) => {
          await turns(2);
          return message;
        }, 4),
        batch(),
        sinkOf(() => undefined),
      )
      .run();
    expect(report.counts.ok).toBe(100);
  });
});

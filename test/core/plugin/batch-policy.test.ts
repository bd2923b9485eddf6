/** The batch policy of a sink: the batches that reach `write`, whatever operator precedes the sink. */

import { setImmediate } from "node:timers/promises";
import { bufferCount, merge, type Observable, pipe } from "rxjs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import {
  type BatchPolicy,
  batchBy,
  defineSink,
  defineSource,
  flow,
  fromIterable,
  InputError,
  type Message,
  type Stage,
  upload,
} from "../../../src/index.js";
import { texts } from "../../helpers/flows.js";
import { openStore } from "../../helpers/store.js";

/** A sink with a policy that records the ids of each batch. */
function recorder(batch?: BatchPolicy) {
  const batches: string[][] = [];
  const record = defineSink({
    name: "record",
    ...(batch && { batch }),
    write: async ({ inputs }) => void batches.push(inputs.map(({ id }) => id)),
  });
  return { batches, sink: record() };
}

describe("a sink with a batch policy", () => {
  it("groups single inputs", async () => {
    const { batches, sink } = recorder({ maxItems: 3 });
    await flow(texts(7)).pipe(sink).run();
    expect(batches).toEqual([["t0", "t1", "t2"], ["t3", "t4", "t5"], ["t6"]]);
  });

  it("takes a batch that fits as it comes, and splits a larger one", async () => {
    const small = recorder({ maxItems: 3 });
    await flow(texts(4))
      .pipe(batchBy({ maxItems: 2 }), small.sink)
      .run();
    expect(small.batches).toEqual([
      ["t0", "t1"],
      ["t2", "t3"],
    ]);
    const single = recorder({ maxItems: 3 });
    await flow(texts(2))
      .pipe(batchBy({ maxItems: 1 }), single.sink)
      .run();
    expect(single.batches).toEqual([["t0"], ["t1"]]);
    const large = recorder({ maxItems: 3 });
    await flow(texts(4)).pipe(bufferCount(4), large.sink).run();
    expect(large.batches).toEqual([["t0", "t1", "t2"], ["t3"]]);
  });

  it("keeps lanes, lone inputs and repeated ids apart", async () => {
    const { batches, sink } = recorder({
      lane: ({ id }) => id.slice(0, 1),
      isAlone: ({ text }) => text === "alone",
    });
    const ids = ["a1", "b1", "a2", "b2", "a1"];
    const inputs = [...ids.map((id) => ({ id, text: "x" })), { id: "a9", text: "alone" }];
    await flow(fromIterable(inputs)).pipe(bufferCount(10), sink).run();
    for (const ids of batches) {
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(ids.map((id) => id.slice(0, 1))).size).toBe(1);
    }
    expect(batches.flat().sort()).toEqual(["a1", "a1", "a2", "a9", "b1", "b2"]);
  });

  it("stays below the bytes of its policy, and fails what can never fit", async () => {
    const { batches, sink } = recorder({
      maxBytes: 21,
      envelopeBytes: 1,
      separatorBytes: 1,
      measure({ text = "" }) {
        if (text.length <= 10) return text.length;
        throw new InputError("ERR_TOO_LONG", `${text.length} characters; the limit is 10`);
      },
    });
    const lengths = [9, 9, 11, 4, 4, 4];
    const report = await flow(fromIterable(lengths.map((length, n) => ({ id: `t${n}`, text: "x".repeat(length) }))))
      .pipe(sink)
      .run();
    expect(report.failures).toMatchObject([{ id: "t2", code: "ERR_TOO_LONG", stage: "record" }]);
    expect(batches).toEqual([
      ["t0", "t1"],
      ["t3", "t4", "t5"],
    ]);
  });

  it("flushes when its inputs alone hold the source back", async () => {
    const { batches, sink } = recorder({ maxWaitMs: 3_600_000, maxBytes: 1000, measure: () => 1 });
    const long = Array.from({ length: 20 }, (_, n) => ({ id: `t${n}`, text: "x".repeat(100) }));
    const report = await flow(fromIterable(long)).pipe(sink).run({ maxBytesInFlight: 500 });
    expect(report.counts.ok).toBe(20);
    expect(batches.length).toBeGreaterThan(1);
  });

  it("flushes when its source asks for it", async () => {
    const { batches, sink } = recorder({ maxWaitMs: 3_600_000, measure: () => 1 });
    const waiting = defineSource({
      name: "waiting",
      options: z.strictObject({}),
      async *read(_options, { flush }) {
        yield { origin: "a", input: { id: "a", text: "one" } };
        while (batches.length === 0) {
          flush?.();
          await setImmediate();
        }
      },
    });
    expect((await flow(waiting()).pipe(sink).run()).counts.ok).toBe(1);
    expect(batches).toEqual([["a"]]);
  });
});

describe("the lookup of a source", () => {
  const find = async (...sinks: Stage<Message, Message>[]) => {
    let found: unknown;
    const asking = defineSource({
      name: "asking",
      options: z.strictObject({}),
      // biome-ignore lint/correctness/useYield: it only asks
      async *read(_options, { lookUp }) {
        found = await lookUp?.({ id: "a", text: "one" });
      },
    });
    await sinks.reduce((piped, sink) => piped.pipe(sink), flow(asking())).run();
    return found;
  };
  const knowing = (stored: "stored" | "other" | "absent") =>
    defineSink({ name: stored, lookUp: async () => stored, write: async () => {} })();

  it("finds an input if all sinks of the flow have it", async () => {
    expect(await find(knowing("stored"), knowing("stored"))).toBe("stored");
    expect(await find(knowing("stored"), knowing("absent"))).toBe("absent");
    expect(await find(knowing("stored"), recorder().sink)).toBeUndefined();
    expect(await find()).toBeUndefined();
  });
});

it("sends full requests without batch() in the pipe", async () => {
  const { app } = await openStore();
  const report = await flow(texts(300))
    .pipe(upload(app, { wait: false }))
    .run();
  expect(report.counts.ok).toBe(300);
  expect(report.traffic.requests).toBe(3);
});

describe("a sink that an operator hides", () => {
  const { sink } = recorder();

  it("is found inside a composed operator, and behind RxJS operators", async () => {
    const both: Stage<Message, Message> = (input) => merge(input.pipe(bufferCount(2), sink), input.pipe(pipe(sink)));
    const report = await flow(texts(2)).pipe(both).run();
    expect(report.targets.map((target) => target.sink)).toEqual(["record", "record"]);
  });

  it("is refused where nothing leads back to the flow", async () => {
    const hidden = (input: Observable<Message>) => merge(input).pipe(sink);
    const other = (input: Observable<Message>) => hidden(merge(input, input));
    await expect(flow(texts(2)).pipe(other).run()).rejects.toMatchObject({
      code: "ERR_OPERATOR",
      message: expect.stringMatching(/record: .*hides/),
    });
  });
});

/** Flows as async iterables and web streams. */

import { describe, expect, it } from "vitest";
import { flow, transform } from "../../../src/index.js";
import { sinkOf, texts, turns } from "../../helpers/flows.js";

describe("for await of a flow", () => {
  it("yields the inputs in order, and ends", async () => {
    const ids: string[] = [];
    for await (const { id } of flow(texts(40))) ids.push(id);
    expect(ids).toEqual(Array.from({ length: 40 }, (_, n) => `t${n}`));
  });

  it("reads no further than a few inputs ahead of the consumer", async () => {
    const source = texts(10_000);
    const iterator = flow(source)
      .pipe(transform((input) => input))
      [Symbol.asyncIterator]();
    for (let taken = 1; taken <= 3; taken += 1) {
      await iterator.next();
      await turns(20);
      expect(source.handedOut()).toBeLessThan(taken + 20);
    }
    await iterator.return();
    expect(source.closed()).toBe(true);
  });

  it("closes sources and sinks when the loop is left", async () => {
    const source = texts(1000);
    let isClosed = false;
    const sink = sinkOf(() => undefined, { close: () => void (isClosed = true) });
    for await (const input of flow(source).pipe(sink)) {
      expect(input.id).toBe("t0");
      break;
    }
    expect(source.closed()).toBe(true);
    expect(isClosed).toBe(true);
  });

  it("runs the sinks, so the yielded inputs are written", async () => {
    const written: string[] = [];
    const sink = sinkOf((inputs) => void written.push(...inputs.map(({ id }) => id)));
    for await (const { id } of flow(texts(5)).pipe(sink)) expect(written).toContain(id);
    expect(written).toHaveLength(5);
  });

  it("throws after the last input if inputs failed, with the report", async () => {
    const odd = transform((input) => {
      if (input.id === "t1") throw new Error("odd");
      return input;
    });
    const ids: string[] = [];
    const all = async () => {
      for await (const { id } of flow(texts(3)).pipe(odd)) ids.push(id);
    };
    await expect(all()).rejects.toMatchObject({
      message: expect.stringContaining("odd"),
      report: { counts: { ok: 2, failed: 1 } },
    });
    expect(ids).toEqual(["t0", "t2"]);
  });

  it("throws the error that ended the flow", async () => {
    const source = {
      name: "broken",
      *read() {
        yield { origin: "1", input: { text: "a" } };
        throw new Error("the tape is torn");
      },
    };
    const all = async () => {
      for await (const input of flow(source)) expect(input.text).toBe("a");
    };
    await expect(all()).rejects.toThrow("broken: the tape is torn");
  });
});

describe("a flow as a web stream", () => {
  it("yields all inputs, and reads them only on request", async () => {
    const source = texts(100);
    const stream = flow(source).toReadableStream();
    await turns(20);
    expect(source.handedOut()).toBe(0);
    const ids: string[] = [];
    for await (const { id } of stream) ids.push(id);
    expect(ids).toHaveLength(100);
  });

  it("stops the flow when it is cancelled", async () => {
    const source = texts(1000);
    const reader = flow(source).toReadableStream().getReader();
    await reader.read();
    await reader.cancel();
    expect(source.closed()).toBe(true);
    expect(source.handedOut()).toBeLessThan(100);
  });

  it("stops with the reason of its signal", async () => {
    const controller = new AbortController();
    const reader = flow(texts(1000)).toReadableStream({ signal: controller.signal }).getReader();
    await reader.read();
    controller.abort(new Error("enough"));
    await expect(async () => {
      for (;;) await reader.read();
    }).rejects.toThrow("enough");
  });
});

/** Sinks that complete something in `close`. */

import { describe, expect, it } from "vitest";
import { defineSink, flow, fromIterable } from "../../../src/index.js";

function recording(opensAlways: boolean) {
  const calls: string[] = [];
  const sink = defineSink({
    name: "recording",
    opensAlways,
    open: () => void calls.push("open"),
    write: async () => void calls.push("write"),
    close: () => void calls.push("close"),
  });
  return { calls, sink };
}

describe("opensAlways", () => {
  it("opens and closes the sink once in a run that writes nothing", async () => {
    const { calls, sink } = recording(true);
    await flow(fromIterable([])).pipe(sink()).run();
    expect(calls).toEqual(["open", "close"]);
  });

  it("opens the sink once in a run that writes", async () => {
    const { calls, sink } = recording(true);
    await flow(fromIterable([{ text: "a" }]))
      .pipe(sink())
      .run();
    expect(calls).toEqual(["open", "write", "close"]);
  });

  it("does not open other sinks without an input, nor any sink in a plan that does not call it", async () => {
    const others = recording(false);
    await flow(fromIterable([])).pipe(others.sink()).run();
    const planned = recording(true);
    await flow(fromIterable([])).pipe(planned.sink()).plan();
    expect([others.calls, planned.calls]).toEqual([[], []]);
  });

  it("rejects the run with the error of open", async () => {
    const sink = defineSink({
      name: "broken",
      opensAlways: true,
      open: () => {
        throw new Error("the disk is full");
      },
      write: async () => undefined,
    });
    await expect(flow(fromIterable([])).pipe(sink()).run()).rejects.toThrow("the disk is full");
  });
});

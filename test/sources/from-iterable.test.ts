import { take } from "rxjs";
import { describe, expect, it, vi } from "vitest";
import { flow, fromIterable, type InputDraft } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { sinkOf, turns } from "../helpers/flows.js";
import { itemsOf } from "../helpers/sources.js";

const three: InputDraft[] = ["a", "b", "c"].map((id) => ({ id, text: id }));

testSource("values", async () => ({ source: fromIterable(three), ids: ["a", "b", "c"] }));

/** A generator that counts what was asked of it. */
function counted() {
  const state = { asked: 0, closed: false };
  function* generate(): Generator<InputDraft> {
    try {
      for (;;) {
        state.asked += 1;
        yield { id: `n${state.asked}`, text: "x" };
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, inputs: generate() };
}

describe("fromIterable", () => {
  it("accepts arrays, sets, generators and async generators, and keeps the order", async () => {
    async function* later() {
      for (const input of three) {
        await turns();
        yield input;
      }
    }
    for (const inputs of [three, new Set(three), three.values(), later()]) {
      const read = await flow(fromIterable(inputs)).toArray();
      expect(read.map((input) => input.id)).toEqual(["a", "b", "c"]);
    }
  });

  it("gives origins with the position of each entry", async () => {
    expect((await itemsOf(fromIterable(three))).map((item) => item.origin)).toEqual([
      "values:1",
      "values:2",
      "values:3",
    ]);
  });

  it("fails an invalid entry alone", async () => {
    const entries = [{ id: "a", text: "a" }, null, { id: "b", colour: 1 }, 7, { id: "c", text: "c" }] as InputDraft[];
    const { counts, failures } = await flow(fromIterable(entries)).run();
    expect(counts).toMatchObject({ read: 5, ok: 2, failed: 3 });
    expect(failures.map(({ origin, code }) => [origin, code])).toEqual([
      ["values:2", "ERR_INPUT_SHAPE"],
      ["values:3", "ERR_INPUT_SHAPE"],
      ["values:4", "ERR_INPUT_SHAPE"],
    ]);
  });

  it("fails an entry alone if its file is missing", async () => {
    const { counts, failures } = await flow(fromIterable([{ image: { path: "/nowhere/a.jpg" } }, ...three])).run();
    expect(counts).toMatchObject({ ok: 3, failed: 1 });
    expect(failures[0]).toMatchObject({ origin: "values:1", code: "ERR_FILE_UNREADABLE" });
  });

  it("rejects the run with the error that the iterable throws", async () => {
    function* broken() {
      yield { id: "a", text: "a" };
      throw new Error("no more paper");
    }
    await expect(flow(fromIterable(broken())).run()).rejects.toThrow("no more paper");
  });

  it("requests from an endless iterable no more than the flow has capacity for, and closes it on a stop", async () => {
    const { state, inputs } = counted();
    const stalled = sinkOf(() => new Promise<void>(() => undefined));
    const subscription = flow(fromIterable(inputs)).pipe(stalled).subscribe({}, { maxInFlight: 50 });
    await vi.waitFor(() => expect(state.asked).toBeGreaterThanOrEqual(50), { timeout: 20_000 });
    await turns(20);
    expect(state.asked).toBeLessThanOrEqual(51);
    subscription.unsubscribe();
    await vi.waitFor(() => expect(state.closed).toBe(true), { timeout: 20_000 });
  });

  it("closes the iterable when the flow needs no more inputs", async () => {
    const { state, inputs } = counted();
    const { counts } = await flow(fromIterable(inputs)).pipe(take(3)).run();
    expect(counts.ok).toBe(3);
    await vi.waitFor(() => expect(state.closed).toBe(true), { timeout: 20_000 });
  });

  it("yields nothing for an empty iterable", async () => {
    expect((await flow(fromIterable([])).run()).counts.read).toBe(0);
  });
});

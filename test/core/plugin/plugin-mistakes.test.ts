/** Mistakes of plugin authors, also without types: an error names the plugin, no run hangs, and no wrong input counts as ok. */

import { map, type OperatorFunction } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  BatchError,
  batch,
  defineSink,
  defineSource,
  defineTransform,
  type Flow,
  flow,
  fromIterable,
  type Message,
} from "../../../src/index.js";

const texts = () => fromIterable(["a", "b", "c"].map((id) => ({ id, text: id })));
const anything = (value: unknown) => value as never;

describe("a source", () => {
  const reading = (read: () => unknown) => flow(defineSource({ name: "tape", read: anything(read) })()).run();

  it.each([
    ["no item", () => [{ id: "a", text: "a" }], "tape yielded an object with id, text and no origin; an item is {"],
    ["no origin", () => [{ input: { text: "a" } }], "tape yielded an object with input and no origin; an item is {"],
    ["nothing to say", () => [{ origin: "tape:1" }], "tape yielded an object with origin; an item is {"],
    ["a text", () => ["a"], 'tape yielded "a"; an item is {'],
    ["nothing among several", () => [[undefined]], "tape yielded undefined; an item is {"],
  ])("that yields %s fails that item alone", async (_, broken, reason) => {
    const report = await reading(function* () {
      yield* broken();
      yield { origin: "tape:2", input: { id: "b", text: "b" } };
    });
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({
      code: "ERR_ITEM",
      stage: "tape",
      reason: expect.stringContaining(reason),
    });
  });

  it("whose read returns no iterable rejects the run", async () => {
    await expect(reading(async () => [])).rejects.toMatchObject({
      code: "ERR_NOT_ITERABLE",
      message: expect.stringContaining("tape: read returned a Promise; it must be a generator"),
    });
  });

  it("that throws is named in the error, which keeps the code and has the original as its cause", async () => {
    const cause = Object.assign(new Error("no such tape"), { code: "ENOENT" });
    const throwing = reading(() => {
      throw cause;
    });
    await expect(throwing).rejects.toMatchObject({
      name: "SourceError",
      code: "ENOENT",
      message: "tape: no such tape",
      cause,
    });
    const later = reading(function* () {
      yield { origin: "tape:1", input: { text: "a" } };
      throw "torn";
    });
    await expect(later).rejects.toMatchObject({ code: "ERR_UNEXPECTED", message: "tape: torn" });
  });
});

describe("a transform", () => {
  it.each([0, -1, Number.NaN])("with a concurrency of %d is refused", (concurrency) => {
    const make = defineTransform({ name: "press", concurrency: () => concurrency, apply: (input) => input });
    expect(() => make()).toThrow(`press: concurrency must be 1 or more, got ${concurrency}`);
    expect(() => defineSink({ name: "crate", concurrency, write: async () => undefined })).toThrow(
      "crate: concurrency",
    );
  });

  it.each([
    ["a number", 17, "press returned 17; it must return"],
    ["an input without its lists", { id: "a" }, "press returned an object without concepts; it must return"],
  ])("that returns %s fails the input with a clear reason", async (_, result, reason) => {
    const press = defineTransform({ name: "press", apply: () => anything(result) });
    const report = await flow(texts()).pipe(press()).run();
    expect(report.failures[0]?.reason).toContain(reason);
  });
});

describe("a sink", () => {
  it("that reports an index outside of its batch rejects the run", async () => {
    const crate = defineSink({
      name: "crate",
      write: () => Promise.reject(new BatchError("crate", new Map([[3, new Error("broken")]]))),
    });
    await expect(flow(texts()).pipe(batch(), crate()).run()).rejects.toMatchObject({
      code: "ERR_BATCH_INDEX",
      message: "crate reported input 3 of a batch of 3; indexes begin at 0",
    });
  });

  it.each(["open", "write", "close"])(
    "that throws in %s is named in the error, which has the original as its cause",
    async (where) => {
      const cause = new Error("no room");
      const at = (place: string) => async () => {
        if (place === where) throw cause;
      };
      const crate = defineSink({ name: "crate", open: at("open"), write: at("write"), close: at("close") });
      await expect(flow(texts()).pipe(crate()).run()).rejects.toMatchObject({
        name: "SinkError",
        message: "crate: no room",
        cause,
      });
    },
  );
});

describe("an operator that replaces messages by other values", () => {
  const unwrap = map((message: Message) => message.value) as OperatorFunction<Message, never>;
  const through = (...operators: OperatorFunction<never, never>[]) =>
    operators.reduce((one, operator) => one.pipe(operator) as Flow<never>, flow(texts()).pipe(unwrap));
  const refused = (stage: string) => ({
    code: "ERR_NOT_A_MESSAGE",
    message: expect.stringContaining(`${stage}: got object instead of a message`),
  });

  it.each([
    ["batch", batch()],
    ["press", defineTransform({ name: "press", apply: (input) => input })()],
    ["crate", defineSink({ name: "crate", write: async () => undefined })()],
  ])("ends the run at %s", async (stage, operator) => {
    await expect(through(anything(operator)).run()).rejects.toMatchObject(refused(stage));
  });

  it("ends the run, the list and the preview at the end of the flow", async () => {
    const end = refused("the end of the flow");
    await expect(through().run()).rejects.toMatchObject(end);
    await expect(through().toArray()).rejects.toMatchObject(end);
    await expect(through().preview()).rejects.toMatchObject(end);
    await expect(through().plan()).rejects.toMatchObject(end);
  });
});

/** through(): RxJS operators whose dropped inputs are counted at once. */

import { bufferCount, delay, filter, map, pipe, take, tap } from "rxjs";
import { expect, it } from "vitest";
import { batchBy, flow, type Message, through } from "../../../src/index.js";
import { sinkOf, texts } from "../../helpers/flows.js";

const number = (message: Message) => Number(message.value.id.slice(1));

it("settles an input that an operator drops as skipped, with its origin, during the run", async () => {
  const report = await flow(texts(5))
    .pipe(through(filter((message) => number(message) % 2 === 0)))
    .run();
  expect(report.counts).toMatchObject({ read: 5, ok: 3, skipped: 2 });
  expect(report.skipped).toEqual([{ reason: "dropped by an operator", count: 2, origins: ["texts:2", "texts:4"] }]);
});

it("counts what an operator drops after it changed it", async () => {
  const changed = (message: Message) => message.with({ ...message.value, text: "x" });
  const operator = pipe(
    map(changed),
    filter((message) => number(message) > 0),
  );
  const report = await flow(texts(3)).pipe(through(operator)).run();
  expect(report.counts).toMatchObject({ read: 3, ok: 2, skipped: 1 });
  expect(report.skipped).toMatchObject([{ reason: "dropped by an operator", origins: ["texts:1"] }]);
});

it("counts a message that an operator changed as the same input", async () => {
  const upper = (message: Message) => message.with({ ...message.value, text: "x" });
  const written: unknown[] = [];
  const sink = sinkOf((inputs) => void written.push(...inputs.map(({ text }) => text)));
  const report = await flow(texts(3))
    .pipe(through(map(upper)), sink)
    .run();
  expect(report.counts).toMatchObject({ read: 3, ok: 3 });
  expect(written).toEqual(["x", "x", "x"]);
});

it("accepts batches, and operators that end the stream", async () => {
  const report = await flow(texts(6))
    .pipe(
      batchBy({ maxItems: 2 }),
      through(tap<Message[]>(() => undefined)),
      sinkOf(() => undefined),
      through(take(2)),
    )
    .run();
  expect(report.counts).toMatchObject({ ok: 2, failed: 0 });
});

it.each([
  ["delay", delay<Message>(1)],
  ["bufferCount", bufferCount<Message>(2)],
] as const)("ends the run when an operator emits after it returned: %s", async (_, operator) => {
  const run = flow(texts(4))
    .pipe(through(operator as never))
    .run();
  await expect(run).rejects.toMatchObject({ code: "ERR_OPERATOR", message: expect.stringContaining("transform") });
});

it("fails with the error of the operator", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  await expect(
    flow(texts(2))
      .pipe(through(map(boom)))
      .run(),
  ).rejects.toThrow("boom");
});

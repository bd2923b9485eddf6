/** Sources that acknowledge outcomes: the source acknowledges each outcome before the report counts it, and may change it. */

import { filter, pipe } from "rxjs";
import { expect, it } from "vitest";
import {
  type Acknowledge,
  defineTransform,
  filterInputs,
  flow,
  type Message,
  type Source,
  type Stage,
  through,
} from "../../../src/index.js";

const sourceOf = (ids: readonly string[], acknowledge: (id: string) => Acknowledge): Source => ({
  name: "queue",
  *read() {
    for (const id of ids) yield { origin: id, input: { id, text: "x" }, acknowledge: acknowledge(id) };
    yield { origin: "broken", error: new Error("no input"), acknowledge: acknowledge("broken") };
  },
});

it("get each outcome once, and the report counts the outcome that they return", async () => {
  const reported: [string, string][] = [];
  const source = sourceOf(["a", "b", "c"], (id) => async (outcome) => {
    reported.push([id, outcome.state]);
    return id === "broken" ? { state: "skipped", reason: "handed back" } : outcome;
  });
  const report = await flow(source)
    .pipe(filterInputs((input) => input.id !== "b"))
    .run();
  expect(reported.sort()).toEqual([
    ["a", "ok"],
    ["b", "skipped"],
    ["broken", "failed"],
    ["c", "ok"],
  ]);
  expect(report.counts).toMatchObject({ read: 4, ok: 2, failed: 0, skipped: 2 });
  expect(report.skipped.map(({ reason }) => reason)).toContain("handed back");
});

it("that fail to acknowledge leave an input pending, and the run continues", async () => {
  const source = sourceOf(["a", "b"], (id) => async (outcome) => {
    if (id === "a") throw new Error("the queue is gone");
    return outcome;
  });
  const report = await flow(source).run();
  expect(report.counts).toMatchObject({ read: 3, ok: 1, failed: 1, pending: 1 });
  expect(report.pending).toMatchObject([{ reason: "queue did not acknowledge it: the queue is gone", origins: ["a"] }]);
});

it("get the outcome of an input that an operator dropped during the run", async () => {
  let tell: (reason: string) => void = () => undefined;
  const reported = new Promise<string>((resolve) => (tell = resolve));
  const source: Source = {
    name: "queue",
    acknowledges: true,
    async *read() {
      const acknowledge: Acknowledge = async (outcome) => {
        if (outcome.state === "skipped") tell(outcome.reason);
        return outcome;
      };
      yield { origin: "a", input: { id: "a", text: "x" }, acknowledge };
      await reported; // a queue that gives no more before it has its answer
    },
  };
  const report = await flow(source)
    .pipe(through(filter(() => false)))
    .run();
  expect(await reported).toBe("dropped by an operator");
  expect(report.counts).toMatchObject({ read: 1, skipped: 1 });
});

const acknowledging: Source = { ...sourceOf(["a"], () => async (outcome) => outcome), acknowledges: true };
const pass = defineTransform({ name: "pass", apply: (input) => input });

it.each<[string, Stage<Message, Message>, string]>([
  ["an operator", filter(() => true), "operator 2"],
  [
    "an operator inside a composed one",
    pipe(
      pass(),
      filter<Message>(() => true),
    ),
    "operator 2",
  ],
  [
    "an operator before a stage of ours",
    pipe(
      filter<Message>(() => true),
      pass(),
    ),
    "operator 2",
  ],
])("refuse %s outside of through when the flow is composed", (_, operator, named) => {
  const compose = () => flow(acknowledging).pipe(pass(), operator);
  expect(compose).toThrow(
    expect.objectContaining({ code: "ERR_RAW_OPERATOR", message: expect.stringContaining(named) }),
  );
});

it("accept stages of Sluice, and operators in through", async () => {
  const report = await flow(acknowledging)
    .pipe(pass(), through(filter(() => true)), pipe(pass(), pass()))
    .run();
  expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
});

it("end the run at their first input if they did not declare acknowledges and an operator could drop it", async () => {
  const source = sourceOf(["a"], () => async (outcome) => outcome);
  await expect(
    flow(source)
      .pipe(filter(() => true))
      .run(),
  ).rejects.toMatchObject({ code: "ERR_RAW_OPERATOR" });
});

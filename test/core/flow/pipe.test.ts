import { filter, map } from "rxjs";
import { expect, it } from "vitest";
import {
  addConcepts,
  batch,
  defineTransform,
  type Flow,
  filterInputs,
  flow,
  fromIterable,
  transform,
  upload,
} from "../../../src/index.js";
import { sinkOf } from "../../helpers/flows.js";

const shout = (input: { text?: string }) => ({ ...input, text: input.text?.toUpperCase() });
const plain = defineTransform({ name: "plain", apply: (input) => input });
const sink = () => sinkOf(() => undefined);

/** Invalid pipes, as programs without types may have them, with the expected error. */
const misfits: [string, readonly unknown[], string, RegExp][] = [
  [
    "a function of inputs",
    [shout, batch()],
    "ERR_OPTIONS",
    /^pipe: argument 1, shout, is not an operator.*transform\(shout\)/,
  ],
  ["an asynchronous function", [batch(), async () => []], "ERR_OPTIONS", /argument 2 .*a Promise.*transform\(…\)/],
  ["a function that the stream breaks", [(input: { text: string }) => input.text.trim()], "ERR_OPTIONS", /transform\(/],
  ["a function without a result", [() => undefined], "ERR_OPTIONS", /it returned undefined/],
  ["what is no function", [batch(), undefined], "ERR_OPTIONS", /argument 2 must be an operator, such as batch\(\)/],
  [
    "batch that was not called",
    [batch],
    "ERR_OPTIONS",
    /^batch: got the stream of the pipe; call the function in the pipe/,
  ],
  ["upload that was not called", [upload], "ERR_OPTIONS", /^upload: .*got the stream of the pipe/],
  ["a plugin that was not called", [plain], "ERR_OPTIONS", /^plain: got the stream of the pipe/],
  ["addConcepts that was not called", [addConcepts], "ERR_OPTIONS", /^addConcepts: .*got the stream of the pipe/],
  ["filterInputs that was not called", [filterInputs], "ERR_OPTIONS", /^filterInputs: .*got the stream of the pipe/],
  ["a transform after batch", [batch(), transform((input) => input)], "ERR_NOT_A_MESSAGE", /put it before batch\(\)/],
  ["a map to something else", [map(() => 5), sink()], "ERR_NOT_A_MESSAGE", /got number instead of a message/],
  [
    "a map before batch",
    [map((message: { value: unknown }) => message.value), batch()],
    "ERR_NOT_A_MESSAGE",
    /^batch: got object/,
  ],
  ["a map before a transform", [map(() => null), plain()], "ERR_NOT_A_MESSAGE", /^plain: got null/],
];

it.each(misfits)("a pipe with %s rejects, and the error names the fix", async (_, operators, code, text) => {
  const given = flow(fromIterable([{ text: "a" }])) as unknown as { pipe(...all: readonly unknown[]): Flow };
  const run = given.pipe(...operators).run();
  await expect(run).rejects.toMatchObject({
    name: "OptionsError",
    code,
    message: expect.stringMatching(text) as string,
  });
});

it("a pipe of valid operators runs", async () => {
  const report = await flow(fromIterable([{ text: "a" }]))
    .pipe(
      filter(() => true),
      plain(),
      batch(),
      sink(),
    )
    .run();
  expect(report.counts).toMatchObject({ read: 1, ok: 1 });
});

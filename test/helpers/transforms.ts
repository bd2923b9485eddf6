/** Runs inputs through a transform. */

import { type OperatorFunction, tap } from "rxjs";
import { flow, fromIterable, type Input, type InputDraft, type Message, type Report } from "../../src/index.js";

type Operator = OperatorFunction<Message, Message>;

/** Returns the results of a transform, and the report. */
export async function through(
  operator: Operator,
  inputs: readonly InputDraft[],
): Promise<{ made: Input[]; report: Report }> {
  const made: Input[] = [];
  const report = await flow(fromIterable(inputs)).pipe(operator, recorded(made)).run();
  return { made, report };
}

/** Returns the result of a transform for one input. Rejects with the code and the reason if the input fails. */
export async function one(operator: Operator, input: InputDraft): Promise<Input> {
  const { made, report } = await through(operator, [input]);
  const [failure] = report.failures;
  if (failure) throw new Error(`${failure.code}: ${failure.reason}`);
  const [first] = made;
  if (!first) throw new Error("the input was dropped");
  return first;
}

/** Returns the input before and after a transform; the same object twice if the transform emitted it unchanged. */
export async function beforeAndAfter(operator: Operator, input: InputDraft): Promise<[Input, Input]> {
  const before: Input[] = [];
  const after: Input[] = [];
  await flow(fromIterable([input]))
    .pipe(recorded(before), operator, recorded(after))
    .run();
  return [before[0] as Input, after[0] as Input];
}

function recorded(into: Input[]): Operator {
  return tap((message) => void into.push(message.value));
}

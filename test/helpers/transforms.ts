/** Running inputs through a transform. */

import { type OperatorFunction, tap } from "rxjs";
import { flow, fromIterable, type Input, type InputDraft, type Message, type Report } from "../../src/index.js";

type Operator = OperatorFunction<Message, Message>;

/** What a transform makes of inputs, and the report. */
export async function through(
  operator: Operator,
  inputs: readonly InputDraft[],
): Promise<{ made: Input[]; report: Report }> {
  const made: Input[] = [];
  const report = await flow(fromIterable(inputs)).pipe(operator, recorded(made)).run();
  return { made, report };
}

/** What a transform makes of one input; rejects with the failure's code and reason when it fails. */
export async function one(operator: Operator, input: InputDraft): Promise<Input> {
  const { made, report } = await through(operator, [input]);
  const [failure] = report.failures;
  if (failure) throw new Error(`${failure.code}: ${failure.reason}`);
  const [first] = made;
  if (!first) throw new Error("the input was dropped");
  return first;
}

/** The input before and after; the same object when the transform passed it on as it is. */
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

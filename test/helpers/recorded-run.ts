/** Runs a source through operators and records the inputs that reach the end. */

import { type OperatorFunction, tap } from "rxjs";
import { flow, type Input, type Message, type Report, type Source } from "../../src/index.js";

type Operator = OperatorFunction<Message, Message>;

/** Returns the inputs that reach the end, and the report. */
export async function recordedRun(
  source: Source | readonly Source[],
  ...operators: Operator[]
): Promise<{ inputs: Input[]; report: Report }> {
  const inputs: Input[] = [];
  let piped = flow(source);
  for (const operator of operators) piped = piped.pipe(operator);
  const report = await piped.pipe(tap((message) => void inputs.push(message.value))).run();
  return { inputs, report };
}

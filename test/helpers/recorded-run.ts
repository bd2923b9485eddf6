/** Runs a source through operators and keeps what reaches the end. */

import { type OperatorFunction, tap } from "rxjs";
import type { Message } from "../../src/core/accounting/message.js";
import { flow } from "../../src/core/flow/flow.js";
import type { Input } from "../../src/core/input/input.js";
import type { Source } from "../../src/core/plugin/source.js";
import type { Report } from "../../src/core/report/report.js";

type Operator = OperatorFunction<Message, Message>;

/** The inputs that reach the end, and the report. */
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

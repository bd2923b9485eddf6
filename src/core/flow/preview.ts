/** A preview: the first inputs that reach the end of a flow. */

import { messagesOf } from "../accounting/check-message.js";
import { RunContext } from "../accounting/run-context.js";
import type { Input } from "../input/input.js";
import { inputText } from "../input/input-text.js";
import { displayed, displayedInput, sheetHtml } from "../report/display.js";
import type { Failure } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { failureLines } from "../report/summary.js";
import type { Observable } from "../util/observable.js";

/** The first inputs of a flow. It prints each in a few lines, and in notebooks as a card. */
export interface Preview extends Iterable<Input> {
  readonly inputs: readonly Input[];
  /** Inputs that failed before the preview was complete; the first 10,000. */
  readonly failures: readonly Failure[];
}

/** Least number of inputs that may be in flight, so that batches can fill. */
const readAhead = 32;

/** Runs the stream that `build` makes as a dry run until `count` inputs reach its end; see `Flow.preview`. */
export async function previewFlow(
  build: (context: RunContext) => Observable<unknown>,
  count: number,
): Promise<Preview> {
  const abort = new AbortController();
  const context = new RunContext({ dryRun: true, signal: abort.signal, maxInFlight: Math.max(count, readAhead) });
  const reporter = new Reporter(context);
  const inputs: Input[] = [];
  const stream = build(context);
  context.stages.wholeRecords = false; // listing the members of all datasets would take longer than the preview
  context.stages.readsContents = false; // nothing is sent
  await new Promise<void>((resolve, reject) => {
    const subscription = stream.subscribe({
      next: (item) => {
        for (const message of messagesOf(item, "preview").slice(0, count - inputs.length))
          inputs.push(displayedInput(message.value));
        if (inputs.length < count) return;
        abort.abort();
        subscription?.unsubscribe();
        resolve();
      },
      error: (error: unknown) => reject(error),
      complete: () => resolve(),
    });
  }).finally(() => {
    reporter.close();
    return context.closed();
  });
  const { failures, counts } = reporter.finish(false);
  const text = () => [...inputs.map(inputText), ...failureLines(failures, counts.failed)].join("\n");
  const preview = { inputs, failures, [Symbol.iterator]: () => inputs[Symbol.iterator]() };
  return displayed(preview, text, () => sheetHtml(inputs));
}

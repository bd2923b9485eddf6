/** A preview: the first inputs that come out of a flow, to be looked at. */

import { messagesOf } from "../accounting/message-of.js";
import { RunContext } from "../accounting/run-context.js";
import type { Input } from "../input/input.js";
import { inputText } from "../input/input-text.js";
import { displayed, displayedInput, sheetHtml } from "../report/display.js";
import type { Failure } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { failureLines } from "../report/summary.js";
import type { Observable } from "../util/observable.js";

/** The first inputs of a flow; printed, it shows them in a few lines each, and in notebooks as cards. */
export interface Preview extends Iterable<Input> {
  readonly inputs: readonly Input[];
  /** Inputs that failed on the way there; the first 10,000. */
  readonly failures: readonly Failure[];
}

/** Inputs that may be on their way at once: what is not shown is not read, but for these. */
const readAhead = 32;

/** Runs what `build` makes without its sending until `count` inputs have come out; see `Flow.preview`. */
export async function previewFlow(
  build: (context: RunContext) => Observable<unknown>,
  count: number,
): Promise<Preview> {
  const abort = new AbortController();
  const context = new RunContext({ dryRun: true, signal: abort.signal, maxInFlight: Math.max(count, readAhead) });
  const reporter = new Reporter(context);
  const inputs: Input[] = [];
  const stream = build(context);
  context.stages.wholeRecords = false; // to show a few inputs, the members of all datasets are not worth reading
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

/** Iteration: the inputs that reach the end of a flow, pulled one by one. */

import type { Observable as RxObservable } from "rxjs";
import type { Message } from "../accounting/message.js";
import { messagesOf } from "../accounting/message-of.js";
import { RunContext } from "../accounting/run-context.js";
import { FlowError } from "../errors.js";
import type { Input } from "../input/input.js";
import type { Report } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import type { MessagesAtEnd } from "./compose.js";
import { type StreamOptions, withReport } from "./run.js";

/** Inputs that wait for the consumer before sources are read no further. */
const maxWaiting = 16;

/** Runs what `compose` makes, and yields each input that reaches its end; see `Flow[Symbol.asyncIterator]`. */
export async function* iterate(
  compose: (context: RunContext, messagesAtEnd: MessagesAtEnd) => RxObservable<unknown>,
  options: StreamOptions = {},
): AsyncGenerator<Input, void, void> {
  const context = new RunContext(options);
  const { budget } = context.accounting;
  const reporter = new Reporter(context);
  const waiting: Message[] = [];
  let ended: { error?: unknown } | undefined;
  let wake: () => void = () => undefined;
  budget.onSaturated(() => waiting.length >= maxWaiting);
  const end = (state: { error?: unknown }) => {
    ended ??= state;
    wake();
  };
  const subscription = compose(context, () => []).subscribe({
    next: (item) => {
      for (const message of messagesOf(item, "the end of the flow")) {
        message.hold();
        waiting.push(message);
      }
      wake();
    },
    error: (error: unknown) => end({ error }),
    complete: () => end({}),
  });
  const { signal } = context.lifecycle;
  const stop = () => end({ error: signal.reason as unknown });
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    for (;;) {
      const message = waiting.shift();
      if (message) {
        yield message.value;
        message.settle({ state: "ok" });
        budget.recheck();
      } else if (ended) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener("abort", stop);
    subscription.unsubscribe();
    await context.closed();
    reporter.close();
  }
  if ("error" in ended) throw withReport(ended.error, reporter.finish(signal.aborted, undefined, ended.error));
  const report = reporter.finish(false);
  const failed = failedInputsError(report);
  if (failed) throw withReport(failed, report);
}

/** The error of a flow whose inputs were collected, and of which some failed; undefined if none did. */
export function failedInputsError({ failures, counts }: Report): FlowError | undefined {
  const [first] = failures;
  if (!first) return undefined;
  const { code, origin, reason, stage } = first;
  return new FlowError(code, `${origin}: ${reason} [${stage}] (${counts.failed} inputs failed)`);
}

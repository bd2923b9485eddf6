/** Iteration: the inputs that reach the end of a flow, pulled one by one. */

import type { Observable as RxObservable, Subscription } from "rxjs";
import { messagesOf } from "../accounting/check-message.js";
import type { Message } from "../accounting/message.js";
import { RunContext } from "../accounting/run-context.js";
import { FlowError } from "../errors.js";
import type { Input } from "../input/input.js";
import type { Report } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { onAbort } from "../util/on-abort.js";
import type { MessagesAtEnd } from "./compose.js";
import { type StreamOptions, withReport } from "./run.js";

/** Maximum number of inputs that wait for the consumer. At this number, sources are not read. */
const maxWaiting = 16;

/** Runs what `compose` makes, and yields each input that reaches its end; see `Flow[Symbol.asyncIterator]`. */
export async function* iterate(
  compose: (context: RunContext, messagesAtEnd: MessagesAtEnd) => RxObservable<unknown>,
  options: StreamOptions = {},
): AsyncGenerator<Input, void, void> {
  const context = new RunContext(options);
  const { signal } = context.lifecycle;
  const reporter = new Reporter(context);
  const queue = new MessageQueue(
    compose(context, () => []),
    context,
  );
  const stop = () => queue.end({ error: signal.reason as unknown });
  const unlink = onAbort(signal, stop);
  if (signal.aborted) stop();
  try {
    for (let message = await queue.next(); message; message = await queue.next()) {
      yield message.value;
      message.settle({ state: "ok" });
      context.accounting.budget.recheck();
    }
  } finally {
    unlink();
    queue.close();
    await context.closed();
    reporter.close();
  }
  const { failure } = queue;
  if (failure) throw withReport(failure.error, reporter.finish(signal.aborted, {}, failure.error));
  const report = reporter.finish(false);
  const failed = failedInputsError(report);
  if (failed) throw withReport(failed, report);
}

/** Holds the messages that reach the end of a stream until the consumer asks for them. */
class MessageQueue {
  readonly #waiting: Message[] = [];
  readonly #subscription: Subscription;
  #ended: { error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: RxObservable<unknown>, { accounting }: RunContext) {
    accounting.budget.onSaturated(() => this.#waiting.length >= maxWaiting);
    this.#subscription = stream.subscribe({
      next: (item) => this.#add(messagesOf(item, "the end of the flow")),
      error: (error: unknown) => this.end({ error }),
      complete: () => this.end({}),
    });
  }

  /** Returns the next message, when there is one; undefined at the end of the stream. */
  async next(): Promise<Message | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#waiting.shift();
  }

  /** Ends the queue after the messages that wait. The first call counts. */
  end(state: { error?: unknown }): void {
    this.#ended ??= state;
    this.#wake?.();
  }

  /** The error that ended the stream, if one did. */
  get failure(): { error?: unknown } | undefined {
    return this.#ended && "error" in this.#ended ? this.#ended : undefined;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  #add(messages: readonly Message[]): void {
    for (const message of messages) message.hold();
    this.#waiting.push(...messages);
    this.#wake?.();
  }
}

/** Makes the error of a flow with failed inputs; undefined if no input failed. */
export function failedInputsError({ failures, counts }: Report): FlowError | undefined {
  const [first] = failures;
  if (!first) return undefined;
  const { code, origin, reason, stage } = first;
  return new FlowError(code, `${origin}: ${reason} [${stage}] (${counts.failed} inputs failed)`);
}

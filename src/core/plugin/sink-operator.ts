/** A sink as an RxJS operator: writes batches, passes on what was written, settles what failed. */

import { setMaxListeners } from "node:events";
import type { OperatorFunction } from "rxjs";
import { type Message, messagesOf } from "../accounting/message.js";
import type { RunContext, SinkProgress } from "../accounting/run-context.js";
import type { Target } from "../accounting/targets.js";
import { BatchError, InputError, pluginError, SinkError } from "../errors.js";
import { guarded, Observable } from "../util/observable.js";
import type { Sink } from "./plugin.js";
import { announce } from "./stages.js";

/**
 * A sink that works on messages: `write` settles those that failed or are pending; what it leaves unsettled goes on downstream.
 * It throws only when the sink cannot go on.
 */
export interface MessageSink {
  readonly name: string;
  /** Most batches written at once. Default: 1. */
  readonly concurrency?: number | undefined;
  open?(context: { signal: AbortSignal }): Promise<void> | void;
  write(messages: readonly Message[], context: { signal: AbortSignal }): Promise<void>;
  close?(): Promise<void> | void;
  /** An aborted write leaves nothing behind: it is aborted when an operator behind the sink ends the stream, and its inputs are pending. */
  readonly undoesAborted?: boolean | undefined;
  /**
   * The same sink for a plan: its `write` settles what it can tell would fail or be skipped, counts what would be sent, and sends and writes
   * nothing. Without it, a plan counts the batches and takes all inputs for ok.
   */
  rehearsal?(): MessageSink;
}

/** A sink that works on inputs, as one that works on messages. */
export function sinkOperator(plugin: Sink, target?: Target): OperatorFunction<Message | readonly Message[], Message> {
  const { name, concurrency } = plugin;
  const writing =
    (write: Sink["write"]): MessageSink["write"] =>
    async (messages, { signal }) => {
      for (const [index, error] of await failuresOf(write, messages, signal)) {
        const message = messages[index];
        // The failure would be nobody's, and the input that it is about would count as ok.
        if (!message) throw new SinkError("ERR_BATCH_INDEX", batchIndexText(name, index, messages.length));
        message.fail(error, name);
      }
    };
  const plan = plugin.plan?.bind(plugin);
  const make = (): MessageSink => ({
    name,
    concurrency,
    open: (context) => plugin.open?.(context),
    close: () => plugin.close?.(),
    write: writing((inputs, context) => plugin.write(inputs, context)),
    ...(plan && {
      rehearsal: () => ({ name, concurrency, write: writing((inputs, context) => plan(inputs, context)) }),
    }),
  });
  return messageSinkOperator(name, make, target);
}

/**
 * Makes an operator of a sink; each subscription gets one of its own from `make`. A report names its `target`, and a journal holds for that target
 * alone. Default: the name of the sink.
 *
 * It is opened before its first write and closed once, also on an error and on an early stop. Completes when all writes are done and it is
 * closed. An error of the sink itself ends the run; its messages stay unsettled. A single message counts as a batch of one.
 */
export function messageSinkOperator(
  name: string,
  make: () => MessageSink,
  target: Target = { action: name, name: "" },
): OperatorFunction<Message | readonly Message[], Message> {
  return (input) => {
    announce({ kind: "sink", target: { sink: name, ...target } });
    return new Observable((output) => {
      let sink = make();
      const concurrency = sink.concurrency ?? 1;
      const abort = new AbortController();
      const { signal } = abort;
      setMaxListeners(0, signal); // every open request listens to it
      const queue: (readonly Message[])[] = [];
      const writes = new Map<Promise<void>, readonly Message[]>();
      let running = 0;
      let completed = false;
      let ended = false;
      let closed = false;
      let opened: Promise<void> | undefined;
      let context: RunContext | undefined;
      const counts: SinkProgress = { name, done: 0, underWay: 0, batches: 0 };

      const describe = () => {
        const next = queue.length > 0 ? `, then ${queue.length} more` : "";
        if (running > 0)
          return `sink ${name}: for ${running === 1 ? "1 batch" : `${running} batches`} to be written${next}`;
        return completed ? `sink ${name}: to be closed` : undefined;
      };
      const fail = (error: unknown) => {
        ended = true;
        output.error(pluginError(error, name, SinkError));
      };
      const close = async () => {
        if (closed) return;
        closed = true;
        if (!opened) return;
        await opened;
        await sink.close?.();
      };
      const write = async (batch: readonly Message[]) => {
        opened ??= Promise.resolve(sink.open?.({ signal }));
        await opened;
        await sink.write(batch, { signal });
        counts.batches += 1;
        for (const message of batch) {
          if (message.settled) continue;
          counts.done += 1;
          message.wrote();
          const isCut = output.closed;
          if (!isCut) output.next(message);
          message.passedOn();
          if (isCut) message.letGo();
          else message.release();
        }
        counts.underWay -= batch.length;
      };
      const next = () => {
        while (running < concurrency && queue.length > 0) {
          running += 1;
          const batch = queue.shift() as readonly Message[];
          const writing = write(batch)
            .then(() => {
              running -= 1;
              writes.delete(writing);
              next();
            })
            .catch(fail);
          writes.set(writing, batch);
        }
        if (completed && running === 0 && queue.length === 0) close().then(end, fail);
      };
      const end = () => {
        ended = true;
        output.complete();
      };
      /**
       * An operator behind this sink has ended the stream. What is being written is written to its end, since the server may have it already; what waits
       * is not sent.
       */
      const finishCut = async (run: RunContext) => {
        const stop = () => abort.abort(run.signal.reason);
        run.signal.addEventListener("abort", stop, { once: true });
        for (const batch of queue.splice(0)) for (const message of batch) message.letGo();
        if (sink.undoesAborted) abort.abort();
        await Promise.all(writes.keys());
        run.signal.removeEventListener("abort", stop);
        for (const batch of writes.values()) for (const message of batch) message.letGo(); // the sink failed on them as a whole
        await close().catch(() => undefined);
        abort.abort();
      };

      const subscription = input.subscribe({
        next: guarded(output, (item) => {
          const batch = messagesOf(item, name).filter((message) => !message.settled);
          if (batch.length === 0) return;
          if (!context) {
            context = batch[0]?.context;
            context?.waits.add(describe);
            context?.sinks.add(counts);
            if (context?.rehearses) sink = sink.rehearsal?.() ?? { name, write: async () => undefined };
          }
          for (const message of batch) message.hold();
          counts.underWay += batch.length;
          queue.push(batch);
          next();
        }),
        error: (error: unknown) => {
          ended = true;
          output.error(error);
        },
        complete: () => {
          completed = true;
          next();
        },
      });
      return () => {
        const isCut = !ended && context !== undefined && !context.signal.aborted && !context.left;
        if (isCut && context) {
          context.cut ??= name;
          subscription.unsubscribe();
          context.trackWriting(finishCut(context).finally(() => context?.waits.delete(describe)));
          return;
        }
        subscription.unsubscribe();
        context?.waits.delete(describe);
        queue.length = 0;
        abort.abort();
        const closing = close().catch(() => undefined); // the run's own error, or its stop, is what is reported
        context?.track(closing);
      };
    });
  };
}

function batchIndexText(name: string, index: unknown, length: number): string {
  return `${name}: its BatchError names input ${String(index)} of a batch of ${length}; the keys are indexes from 0`;
}

async function failuresOf(
  write: Sink["write"],
  batch: readonly Message[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Error>> {
  try {
    const origins = batch.map((message) => message.origin);
    await write(
      batch.map((message) => message.value),
      { signal, origins },
    );
    return new Map();
  } catch (error) {
    if (error instanceof BatchError) return error.failures;
    if (error instanceof InputError) return new Map(batch.map((_, index) => [index, error]));
    throw error;
  }
}

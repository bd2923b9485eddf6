/** A sink as an RxJS operator: writes batches, passes on what was written, settles what failed. */

import { Observable, type OperatorFunction } from "rxjs";
import { BatchError, InputError, OptionsError } from "./errors.js";
import { Message } from "./message.js";
import type { Sink } from "./plugin.js";

/**
 * Makes an operator of a sink. Writes `concurrency` batches at once; what was written goes on downstream (and is ok at the end of
 * the flow), what failed settles. An error of the sink itself ends the run. A single message counts as a batch of one.
 */
export function sinkOperator(plugin: Sink): OperatorFunction<Message | readonly Message[], Message> {
  const concurrency = plugin.concurrency ?? 1;
  return (input) =>
    new Observable((output) => {
      const abort = new AbortController();
      const { signal } = abort;
      const queue: (readonly Message[])[] = [];
      let running = 0;
      let completed = false;
      let closed = false;
      let opened: Promise<void> | undefined;

      const close = async () => {
        if (closed) return;
        closed = true;
        await opened?.catch(() => undefined);
        await plugin.close?.();
      };
      const write = async (batch: readonly Message[]) => {
        opened ??= Promise.resolve(plugin.open?.({ signal }));
        await opened;
        const failures = await writeBatch(plugin, batch, signal);
        batch.forEach((message, index) => {
          const error = failures.get(index);
          if (error === undefined) {
            output.next(message);
            message.release();
          } else message.fail(error, plugin.name);
        });
      };
      const next = () => {
        while (running < concurrency && queue.length > 0) {
          running += 1;
          write(queue.shift() as readonly Message[])
            .then(() => {
              running -= 1;
              next();
            })
            .catch((error: unknown) => output.error(error));
        }
        if (completed && running === 0 && queue.length === 0) {
          close().then(
            () => output.complete(),
            (error: unknown) => output.error(error),
          );
        }
      };

      const subscription = input.subscribe({
        next: (item) => {
          const batch = batchOf(item, plugin.name).filter((message) => !message.settled);
          if (batch.length === 0) return;
          for (const message of batch) message.hold();
          queue.push(batch);
          next();
        },
        error: (error: unknown) => output.error(error),
        complete: () => {
          completed = true;
          next();
        },
      });
      return () => {
        subscription.unsubscribe();
        abort.abort();
        close().catch(() => undefined);
      };
    });
}

/** What a stage got, as messages; anything else is named, with the way to mend it. */
export function batchOf(item: unknown, stage: string): readonly Message[] {
  if (item instanceof Message) return [item];
  if (Array.isArray(item) && item.every((entry) => entry instanceof Message)) return item;
  throw new OptionsError(
    "ERR_NOT_A_MESSAGE",
    `${stage}: got ${item === null ? "null" : typeof item} where messages flow; an operator before it must pass messages on (change them with transform)`,
  );
}

async function writeBatch(
  plugin: Sink,
  batch: readonly Message[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Error>> {
  try {
    const origins = batch.map((message) => message.origin);
    await plugin.write(
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

/** Reading: pulls sources while the gate is open, and makes messages of what they yield. */

import { admit, fingerprintOf } from "./admit.js";
import { codeOf, describeError } from "./errors.js";
import type { Input } from "./input.js";
import type { Outcome } from "./ledger.js";
import { Message } from "./message.js";
import { Observable } from "./observable.js";
import type { Source, SourceItem } from "./plugin.js";
import type { RunContext } from "./run-context.js";

/** A source is left alone for a moment after this long, so that timers and sockets get their turn. */
const sliceMs = 4;

/** All sources as one stream, read side by side under one gate; unsubscribing closes them. */
export function readAll(sources: readonly Source[], context: RunContext): Observable<Message> {
  return new Observable((output) => {
    const abort = new AbortController();
    const stop = () => abort.abort(context.signal.reason);
    if (context.signal.aborted) stop();
    else context.signal.addEventListener("abort", stop, { once: true });
    const pumps = sources.map((source) => pump(source, context, abort.signal, (message) => output.next(message)));
    for (const pumped of pumps) context.track(pumped);
    Promise.all(pumps).then(
      () => output.complete(),
      (error: unknown) => output.error(error),
    );
    return () => {
      context.signal.removeEventListener("abort", stop);
      abort.abort();
    };
  });
}

/** Pulls a source while the gate is open; closes it at its end, on an error and on an early stop. */
async function pump(
  source: Source,
  context: RunContext,
  signal: AbortSignal,
  emit: (message: Message) => void,
): Promise<void> {
  await undefined; // nobody can unsubscribe before the subscription is there
  const items = source.read({ signal });
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let sliceEnd = performance.now() + sliceMs;
  try {
    for (let count = 1; !signal.aborted; count += 1) {
      if (!context.gate.open) {
        await context.gate.room(signal);
        sliceEnd = performance.now() + sliceMs;
        continue;
      }
      const step = iterator.next();
      const next = step instanceof Promise ? await step : step;
      if (next.done || signal.aborted) return;
      const item = next.value instanceof Promise ? await next.value : next.value;
      const admitted = take(item, source.name, context);
      const message = admitted instanceof Promise ? await admitted : admitted;
      if (message && !signal.aborted) emit(message);
      if (count % 64 === 0 && performance.now() > sliceEnd) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        sliceEnd = performance.now() + sliceMs;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.resolve(iterator.return?.()).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

/** Counts one item of a source; what was passed over or cannot be read is settled here, the rest becomes a message. */
function take(
  item: SourceItem,
  stage: string,
  context: RunContext,
): Message | undefined | Promise<Message | undefined> {
  if ("input" in item) {
    try {
      const input = admit(item.input, item.origin, item.checked);
      if (!(input instanceof Promise)) return message(context, item.origin, input);
      return input.then(
        (value) => message(context, item.origin, value),
        (error: unknown) => fail(error),
      );
    } catch (error) {
      return fail(error);
    }
  }
  if ("error" in item) return fail(item.error);
  settleUnread(context, item.origin, { state: "skipped", reason: item.skipped });
  return undefined;

  function fail(error: unknown): undefined {
    const code = codeOf(error, "ERR_ITEM");
    const reason = describeError(error);
    settleUnread(context, item.origin, { state: "failed", code, stage, reason, attempts: 1 });
  }
}

function message(context: RunContext, origin: string, input: Input): Message | undefined {
  const { store } = context;
  if (!store) return Message.read(context, origin, input);
  const fingerprint = fingerprintOf(input);
  if (!store.done(input.id, fingerprint)) return Message.read(context, origin, input, fingerprint);
  settleUnread(context, origin, { state: "skipped", reason: "done earlier" }, input.id);
  return undefined;
}

function settleUnread(context: RunContext, origin: string, outcome: Outcome, id?: string): void {
  context.ledger.settled({ sequence: context.ledger.read(), origin, id, outcome });
}

/** Reading: pulls items from sources while the budget is open, and makes messages of them. */

import type { OutcomeStore } from "../accounting/accounting.js";
import type { Reading } from "../accounting/lifecycle.js";
import type { Message } from "../accounting/message.js";
import type { RunContext } from "../accounting/run-context.js";
import { pluginError, SourceError } from "../errors.js";
import type { ReadContext, Source, SourceItem, SourceStep } from "../plugin/source.js";
import { digestOfKey } from "../util/digest-set.js";
import { formatValue } from "../util/format/format-value.js";
import { Observable } from "../util/observable.js";
import { onAbort } from "../util/on-abort.js";
import { isThenable } from "../util/thenable.js";
import { take } from "./take-item.js";

/** Time after which the reading yields to the event loop, in milliseconds, so that timers and sockets are served. */
const sliceMs = 4;

type Items = Iterator<SourceStep | Promise<SourceStep>> | AsyncIterator<SourceStep>;

/** Returns all sources as one stream. They are read in parallel under one budget; unsubscribing closes them. */
export function readAll(sources: readonly Source[], context: RunContext): Observable<Message> {
  return new Observable((output) => {
    const abort = new AbortController();
    const { signal, drain: draining } = context.lifecycle;
    const stop = () => abort.abort(signal.reason);
    const drain = () => {
      stop();
      output.complete(); // without waiting for a source that never answers
    };
    if (draining.aborted) {
      output.complete();
      return undefined;
    }
    if (signal.aborted) stop();
    const links = [onAbort(signal, stop), onAbort(draining, drain)];
    const pumps = sources.map((source) => pump(source, context, abort.signal, (message) => output.next(message)));
    for (const pumped of pumps) context.lifecycle.track(pumped);
    Promise.all(pumps).then(
      () => output.complete(),
      (error: unknown) => output.error(error),
    );
    return () => {
      for (const unlink of links) unlink();
      abort.abort();
    };
  });
}

/** A source that is being read. */
interface SourceReading extends Reading {
  /** Whether the source is asked for its next item; else the budget is full. */
  isPulling: boolean;
}

/** Reads a source while the budget is open; closes it at its end, on an error and on an early stop. */
async function pump(
  source: Source,
  context: RunContext,
  signal: AbortSignal,
  emit: (message: Message) => void,
): Promise<void> {
  await undefined; // starts after subscribe() has returned, so that the caller can unsubscribe
  const { lifecycle } = context;
  const reading: SourceReading = { idle: undefined, isPulling: true };
  const iterator = iteratorOf(source, readContextOf(context, signal, reading));
  const describe = () => waitOf(source.name, reading, context);
  lifecycle.waits.add(describe);
  lifecycle.reading.add(reading);
  try {
    await readItems(iterator, source.name, context, signal, reading, emit);
  } catch (error) {
    if (!signal.aborted) throw pluginError(error, source.name, SourceError);
  } finally {
    await Promise.resolve(iterator.return?.()).catch((error: unknown) => {
      if (!signal.aborted) throw pluginError(error, source.name, SourceError);
    });
    lifecycle.waits.delete(describe);
    lifecycle.reading.delete(reading);
  }
}

function readContextOf(context: RunContext, signal: AbortSignal, reading: Reading): ReadContext {
  return {
    signal,
    isDone: isDoneOf(context.accounting.store),
    isOtherShard: isOtherShardOf(context),
    idle: context.readsOnly ? undefined : (waitsFor) => void (reading.idle = waitsFor),
    dryRun: context.readsOnly,
    wholeRecords: context.stages.wholeRecords,
    readsContents: context.stages.readsContents,
    parts: context.stages.parts,
    atEnd: (close) => context.lifecycle.atEnd(close),
    trust: (authorize) => context.clients.trust(authorize),
    flush: () => context.accounting.budget.flush(),
    lookUp: (input) => context.stages.lookUp(input, signal),
    pace: (client) => context.clients.pace(client),
    shareRateLimiter: (limiter) => context.clients.shareRateLimiter(limiter),
  };
}

/** Returns the check of a source whether an earlier run finished an input. */
function isDoneOf({ isDone, hasFinished = true }: Partial<OutcomeStore> = {}): ReadContext["isDone"] {
  if (!isDone) return undefined;
  if (!hasFinished) return () => false;
  return (key) => {
    const text = typeof key === "function" ? key() : key;
    return text !== undefined && isDone(digestOfKey(text));
  };
}

/** Returns the check of a source whether an item belongs to another shard. */
function isOtherShardOf({ shard }: RunContext): ReadContext["isOtherShard"] {
  return shard && ((key) => !shard.has(key));
}

/** Takes the items of a source one by one, as long as the budget is open, and emits their messages. */
async function readItems(
  iterator: Items,
  sourceName: string,
  context: RunContext,
  signal: AbortSignal,
  reading: SourceReading,
  emit: (message: Message) => void,
): Promise<void> {
  const { budget } = context.accounting;
  let sliceEnd = performance.now() + sliceMs;
  let list: readonly SourceItem[] = []; // the last array that the source yielded
  let position = 0;
  let count = 0;
  while (!signal.aborted) {
    if (!budget.isOpen) {
      reading.isPulling = false;
      await budget.whenOpen(signal);
      reading.isPulling = true;
      continue;
    }
    let item = list[position];
    position += 1;
    if (position > list.length) {
      const step = iterator.next();
      const next = step instanceof Promise ? await step : step;
      if (next.done || signal.aborted) return;
      const found = isThenable(next.value) ? await next.value : next.value;
      reading.idle = undefined;
      if (isList(found)) {
        list = found;
        position = 0;
        continue;
      }
      item = found;
    }
    if (isThenable(item)) item = (await item) as SourceItem; // an array may contain promises
    const passed = pass(take(item as SourceItem, sourceName, context), signal, emit);
    if (passed) await passed;
    count += 1;
    // Also after waits: stages that are asynchronous without a timer or a file would keep timers and signals waiting.
    if (count % 8 === 0 && performance.now() > sliceEnd) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      sliceEnd = performance.now() + sliceMs;
    }
  }
}

/** Emits a message. A variable of the loop would keep the last message in memory, even after an operator dropped it. */
function pass(
  message: Message | undefined | Promise<Message | undefined>,
  signal: AbortSignal,
  emit: (message: Message) => void,
): Promise<void> | undefined {
  if (message instanceof Promise) return message.then((admitted) => void pass(admitted, signal, emit));
  if (message && !signal.aborted) emit(message);
  return undefined;
}

/** Starts reading a source, and returns its iterator. @throws {SourceError} ERR_NOT_ITERABLE */
function iteratorOf(source: Source, context: ReadContext): Items {
  let items: unknown;
  try {
    items = source.read(context);
  } catch (error) {
    throw pluginError(error, source.name, SourceError);
  }
  if (typeof items === "object" && items !== null) {
    if (Symbol.asyncIterator in items) return (items as AsyncIterable<SourceStep>)[Symbol.asyncIterator]();
    if (Symbol.iterator in items) return (items as Iterable<SourceStep>)[Symbol.iterator]();
  }
  const text = `${source.name}: read returned ${formatValue(items)}; it must be a generator (*read or async *read), or return an iterable`;
  throw new SourceError("ERR_NOT_ITERABLE", text);
}

/** Whether a step is an array. `Array.isArray` does not narrow the type of a readonly array. */
function isList(step: SourceStep): step is readonly SourceItem[] {
  return Array.isArray(step);
}

/** Describes what a source waits for. */
function waitOf(name: string, { idle, isPulling }: SourceReading, { accounting: { budget } }: RunContext): string {
  if (isPulling) return `source ${name}: ${idle ?? "for its next item"}`;
  return `source ${name}: for capacity (${budget.held} inputs with ${budget.bytes} bytes are in flight)`;
}

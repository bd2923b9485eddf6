/** Reading: pulls sources while the gate is open, and makes messages of what they yield. */

import type { Outcome } from "../accounting/ledger.js";
import type { Reading } from "../accounting/lifecycle.js";
import { Message } from "../accounting/message.js";
import type { RunContext } from "../accounting/run-context.js";
import { rawOperatorError } from "../accounting/stages.js";
import type { Tracking } from "../accounting/tracking.js";
import { codeOf, describeError, FlowError, InputError, pluginError, SourceError } from "../errors.js";
import { journalKeyOf } from "../input/each-field.js";
import type { Input, InputDraft } from "../input/input.js";
import { defaultIdOf, normalize } from "../input/normalize.js";
import { doneEarlier, type ReadContext, type Source, type SourceItem, type SourceStep } from "../plugin/source.js";
import { digestOfKey } from "../util/digest-set.js";
import { formatValue } from "../util/format-value.js";
import { Observable } from "../util/observable.js";
import { isThenable } from "../util/thenable.js";

/** A source is left alone for a moment after this long, so that timers and sockets get their turn. */
const sliceMs = 4;

/** An item with an input. */
type ReadItem = Extract<SourceItem, { input: InputDraft }>;

type Items = Iterator<SourceStep | Promise<SourceStep>> | AsyncIterator<SourceStep>;

/** All sources as one stream, read side by side under one gate; unsubscribing closes them. */
export function readAll(sources: readonly Source[], context: RunContext): Observable<Message> {
  return new Observable((output) => {
    const abort = new AbortController();
    const { signal, drain: draining } = context.lifecycle;
    const stop = () => abort.abort(signal.reason);
    const drain = () => {
      stop();
      output.complete(); // also when a source never answers
    };
    if (draining.aborted) {
      output.complete();
      return undefined;
    }
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    draining.addEventListener("abort", drain, { once: true });
    const pumps = sources.map((source) => pump(source, context, abort.signal, (message) => output.next(message)));
    for (const pumped of pumps) context.lifecycle.track(pumped);
    Promise.all(pumps).then(
      () => output.complete(),
      (error: unknown) => output.error(error),
    );
    return () => {
      signal.removeEventListener("abort", stop);
      draining.removeEventListener("abort", drain);
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
  const isDone = context.accounting.store?.isDone;
  const reading: Reading = { idle: undefined };
  const iterator = iteratorOf(source, {
    signal,
    isDone: isDone && ((key) => isDone(digestOfKey(key))),
    idle: context.readsOnly ? undefined : (waitsFor) => void (reading.idle = waitsFor),
    dryRun: context.readsOnly,
    wholeRecords: context.stages.wholeRecords,
    atEnd: (close) => context.lifecycle.atEnd(close),
    trust: (authorize) => context.clients.trust(authorize),
    flush: () => context.accounting.budget.flush(),
    lookUp: (input) => context.stages.lookUp(input, signal),
    shareRateLimiter: (limiter) => context.clients.shareRateLimiter(limiter),
  });
  let sliceEnd = performance.now() + sliceMs;
  let pulling = true;
  let several: readonly SourceItem[] = []; // what came together, and how many of it were taken
  let taken = 0;
  const describe = () => waitOf(source.name, pulling, reading, context);
  context.lifecycle.waits.add(describe);
  context.lifecycle.reading.add(reading);
  try {
    for (let count = 1; !signal.aborted; count += 1) {
      if (!context.accounting.budget.isOpen) {
        pulling = false;
        await context.accounting.budget.whenOpen(signal);
        pulling = true;
        sliceEnd = performance.now() + sliceMs;
        continue;
      }
      let item = several[taken];
      taken += 1;
      if (taken > several.length) {
        const step = iterator.next();
        const next = step instanceof Promise ? await step : step;
        if (next.done || signal.aborted) return;
        const found = isThenable(next.value) ? await next.value : next.value;
        reading.idle = undefined;
        if (isSeveral(found)) {
          several = found;
          taken = 0;
          continue;
        }
        item = found;
      }
      if (isThenable(item)) item = (await item) as SourceItem; // one of a list
      const passed = pass(take(item as SourceItem, source.name, context), signal, emit);
      if (passed) await passed;
      if (count % 64 === 0 && performance.now() > sliceEnd) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        sliceEnd = performance.now() + sliceMs;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw pluginError(error, source.name, SourceError);
  } finally {
    await Promise.resolve(iterator.return?.()).catch((error: unknown) => {
      if (!signal.aborted) throw pluginError(error, source.name, SourceError);
    });
    context.lifecycle.waits.delete(describe);
    context.lifecycle.reading.delete(reading);
  }
}

/** Passes a message on. In a function of its own: a variable of the loop would keep the last one alive, also when an operator has dropped it. */
function pass(
  message: Message | undefined | Promise<Message | undefined>,
  signal: AbortSignal,
  emit: (message: Message) => void,
): Promise<void> | undefined {
  if (message instanceof Promise) return message.then((admitted) => void pass(admitted, signal, emit));
  if (message && !signal.aborted) emit(message);
  return undefined;
}

/** Begins to read a source, whichever way it gives its items. */
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
  const text = `${source.name}: read gave ${formatValue(items)}; it is a generator (*read or async *read), or returns an iterable`;
  throw new SourceError("ERR_NOT_ITERABLE", text);
}

/** `Array.isArray` does not tell the compiler of a list that is not to be changed. */
function isSeveral(step: SourceStep): step is readonly SourceItem[] {
  return Array.isArray(step);
}

/** What a source waits for, by its place in the loop above. */
function waitOf(name: string, pulling: boolean, { idle }: Reading, { accounting: { budget } }: RunContext): string {
  if (pulling) return `source ${name}: ${idle ?? "for its next item"}`;
  return `source ${name}: for capacity (${budget.held} inputs with ${budget.bytes} bytes are in flight)`;
}

/** What keeps a value from being an item, for people; plugins may be written without types. */
function problemOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return formatValue(item);
  if (typeof (item as { origin?: unknown }).origin !== "string") return `${keysOf(item)} and no origin`;
  return "input" in item || "error" in item || "skipped" in item ? undefined : keysOf(item);
}

function keysOf(item: object): string {
  return `an object with ${Object.keys(item).join(", ") || "nothing in it"}`;
}

/** Counts one item of a source; what was passed over or cannot be read is settled here, the rest becomes a message. */
function take(
  item: SourceItem,
  stage: string,
  context: RunContext,
): Message | undefined | Promise<Message | undefined> {
  const problem = problemOf(item);
  if (problem) {
    const text = `${stage} yielded ${problem}; an item is { origin, input }, { origin, error } or { origin, skipped }`;
    return fail(context, stage, new InputError("ERR_ITEM", text));
  }
  // A source that did not declare it is refused here, before its input could vanish in the operator.
  const { rawOperator } = context.stages;
  if (rawOperator !== undefined && "acknowledge" in item && item.acknowledge)
    throw rawOperatorError(rawOperator, stage);
  if ("input" in item) {
    try {
      const { defaultId, checked: isChecked } = item;
      const input = normalize(item.input, item.origin, { isChecked, defaultId });
      return input instanceof Promise ? takeLater(item, stage, context, input) : message(context, item, stage, input);
    } catch (error) {
      return fail(context, stage, error, item);
    }
  }
  if ("error" in item) return fail(context, stage, item.error, item);
  if (item.skipped === doneEarlier) settleFinished(context, item.origin, item.id);
  else settleUnread(context, item.origin, { state: "skipped", reason: item.skipped });
  return undefined;
}

/** In a function of its own: closures would cost every item, also of those that take no time. */
async function takeLater(
  item: ReadItem,
  stage: string,
  context: RunContext,
  admitted: Promise<Input>,
): Promise<Message | undefined> {
  let input: Input;
  try {
    input = await admitted;
  } catch (error) {
    return fail(context, stage, error, item);
  }
  return message(context, item, stage, input);
}

/** Settles an input that cannot be read as failed. `item` is left out if the source yielded something else than an item. */
function fail(context: RunContext, stage: string, error: unknown, item?: SourceItem): undefined {
  const code = codeOf(error, "ERR_ITEM");
  const reason = describeError(error);
  const retryable = error instanceof FlowError && error.retryable;
  const read = item && "input" in item ? item : undefined;
  // A malformed draft is discarded: nobody could try it again.
  const input = code === "ERR_INPUT_SHAPE" || !read ? undefined : withDefaultId(read);
  const outcome: Outcome = { state: "failed", code, stage, reason, attempts: 1, retryable };
  const acknowledge = item && "acknowledge" in item ? item.acknowledge : undefined;
  const settlement = {
    sequence: context.accounting.ledger.read(),
    origin: item?.origin ?? stage,
    id: input?.id,
    outcome,
  };
  context.accounting.settle(settlement, { source: stage, key: read?.key, acknowledge }, input);
}

function message(
  context: RunContext,
  { origin, key, listed, acknowledge, sameId }: ReadItem,
  source: string,
  input: Input,
): Message | undefined {
  const { store } = context.accounting;
  if (!store && !acknowledge && !listed) return Message.read(context, origin, input, undefined, sameId);
  const tracking: Tracking = { source, key, listed, acknowledge };
  if (store?.isDone) {
    tracking.journalKey = key === undefined ? journalKeyOf(input) : digestOfKey(key);
    if (store.isDone(tracking.journalKey)) {
      const known = acknowledge && { source, acknowledge };
      settleFinished(context, origin, input.id, known);
      return undefined;
    }
  }
  return Message.read(context, origin, input, tracking, sameId);
}

/** The draft under the id that it would have had: tried again, it is the same input. */
function withDefaultId({ input, defaultId }: ReadItem): InputDraft {
  try {
    const id = input.id ?? defaultIdOf(input, defaultId);
    return id === input.id ? input : { ...input, id };
  } catch {
    return input; // a field of it cannot even be read
  }
}

/** Skips what an earlier run finished. Its id is its own in this run too: nothing else may replace what is stored under it. */
function settleFinished(context: RunContext, origin: string, id: string | undefined, kept?: Tracking): void {
  if (id !== undefined) {
    context.accounting.addFinishedId(id, origin);
  }
  settleUnread(context, origin, { state: "skipped", reason: doneEarlier }, id, kept);
}

function settleUnread(context: RunContext, origin: string, outcome: Outcome, id?: string, kept?: Tracking): void {
  context.accounting.settle({ sequence: context.accounting.ledger.read(), origin, id, outcome }, kept);
}

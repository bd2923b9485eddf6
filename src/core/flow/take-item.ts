/** Takes the items of sources: makes messages of inputs, and settles what is skipped, failed or finished. */

import type { IdOf } from "../accounting/ids/finished-ids.js";
import type { Outcome } from "../accounting/ledger.js";
import { Message } from "../accounting/message.js";
import type { RunContext } from "../accounting/run-context.js";
import { rawOperatorError } from "../accounting/stages.js";
import type { Tracking } from "../accounting/tracking.js";
import { codeOf, describeError, FlowError, InputError } from "../errors.js";
import { journalKeyOf } from "../input/fields/each-field.js";
import type { Input, InputDraft } from "../input/input.js";
import { defaultIdOf, normalize } from "../input/normalize.js";
import { doneEarlier, type SourceItem } from "../plugin/source.js";
import { digestOfKey } from "../util/digest-set.js";
import { formatValue } from "../util/format/format-value.js";
import { countOtherShard, ItemShard } from "./item-shard.js";

/** An item with an input. */
type ReadItem = Extract<SourceItem, { input: InputDraft }>;

/** Describes a value that is not a valid item; undefined for an item. Plugins may be written without types. */
function problemOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return formatValue(item);
  if (typeof (item as { origin?: unknown }).origin !== "string") return `${keysOf(item)} and no origin`;
  return "input" in item || "error" in item || "skipped" in item ? undefined : keysOf(item);
}

function keysOf(item: object): string {
  return `an object with ${Object.keys(item).join(", ") || "nothing in it"}`;
}

/** Counts one item of a source. Counts an item of another shard separately. Settles a skipped or failed item, and makes a message of any other. */
export function take(
  item: SourceItem,
  stage: string,
  context: RunContext,
): Message | undefined | Promise<Message | undefined> {
  const problem = problemOf(item);
  const itemShard = context.shard && new ItemShard(context.shard, item, problem, stage);
  if (itemShard?.isOther) return countOtherShard(context);
  if (problem) {
    const text = `${stage} yielded ${problem}; an item is { origin, input }, { origin, error } or { origin, skipped }`;
    return fail(context, stage, new InputError("ERR_ITEM", text));
  }
  // A source that did not declare `acknowledges` is refused here, before an RxJS operator can drop its input.
  const { rawOperator } = context.stages;
  if (rawOperator !== undefined && "acknowledge" in item && item.acknowledge)
    throw rawOperatorError(rawOperator, stage);
  if ("input" in item) {
    try {
      const { defaultId, checked: isChecked } = item;
      const isOtherShard = itemShard && ((id: string) => itemShard.isOtherId(id));
      const input = normalize(item.input, item.origin, { isChecked, defaultId, isOtherShard });
      if (!input) return countOtherShard(context);
      if (input instanceof Promise) return takeLater(item, stage, context, input);
      const read = message(context, item, stage, input);
      return item.notes && read ? noted(read, item.notes) : read;
    } catch (error) {
      return itemShard?.isOtherOrigin() ? countOtherShard(context) : fail(context, stage, error, item);
    }
  }
  if ("error" in item) return fail(context, stage, item.error, item);
  if (item.skipped === doneEarlier) settleFinished(context, item.origin, item.id);
  else settleUnread(context, item.origin, { state: "skipped", reason: item.skipped });
  return undefined;
}

/** Makes the message of an input that takes time. It is a separate function, since closures would slow down all other items. */
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
  const read = message(context, item, stage, input);
  return item.notes && read ? noted(read, item.notes) : read;
}

function noted(read: Message, notes: readonly string[]): Message {
  for (const note of notes) read.remark(note);
  return read;
}

/** Settles an input that cannot be read as failed. `item` is undefined if the source did not yield an item. */
function fail(context: RunContext, stage: string, error: unknown, item?: SourceItem): undefined {
  const code = codeOf(error, "ERR_ITEM");
  const reason = describeError(error);
  const retryable = error instanceof FlowError && error.retryable;
  const read = item && "input" in item ? item : undefined;
  // A malformed draft is discarded, since it cannot be retried.
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
    if (store.hasFinished !== false && store.isDone(tracking.journalKey)) {
      const known = acknowledge && { source, acknowledge };
      settleFinished(context, origin, input.id, known);
      return undefined;
    }
  }
  return Message.read(context, origin, input, tracking, sameId);
}

/** Returns the draft with the id that its input would have had, so that a retry has the same id. */
function withDefaultId({ input, defaultId }: ReadItem): InputDraft {
  try {
    const id = input.id ?? defaultIdOf(input, defaultId);
    return id === input.id ? input : { ...input, id };
  } catch {
    return input; // reading a field throws
  }
}

/** Skips an input that an earlier run finished. Its id stays claimed in this run, so that no other input replaces it. */
function settleFinished(context: RunContext, origin: string, id: string | IdOf | undefined, tracking?: Tracking): void {
  context.accounting.doneEarlier += 1;
  if (id !== undefined) context.accounting.addFinishedId(id, origin);
  const known = typeof id === "string" ? id : undefined;
  settleUnread(context, origin, { state: "skipped", reason: doneEarlier }, known, tracking);
}

function settleUnread(context: RunContext, origin: string, outcome: Outcome, id?: string, tracking?: Tracking): void {
  context.accounting.settle({ sequence: context.accounting.ledger.read(), origin, id, outcome }, tracking);
}

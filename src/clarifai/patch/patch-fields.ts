/** Sends the patches of fields, and compares the answers with the requested fields. */

import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import { isSameJson, type JsonObject } from "../../core/util/json/json-values.js";
import type { App } from "../client/app.js";
import type { InputPatch, ItemStatus, PatchAction } from "../client/app-types.js";
import { limits } from "../limits.js";
import { answersTo, type Before, inParts, settleInHalves, settleItems } from "../requests.js";
import type { FieldsPatch } from "./fields-patch.js";
import { dataOnServer, patchLists } from "./patch-lists.js";

/** What the parts of one write share. */
export interface PatchContext {
  app: App;
  signal: AbortSignal;
  /** Nothing is sent, and answers have no data. */
  dryRun: boolean;
  /** What was done for each message so far, as text. */
  done: Map<Message, string>;
}

export interface FieldsItem {
  message: Message;
  patch: FieldsPatch;
}

interface Sent extends FieldsItem {
  /** The action that an earlier attempt carried out. */
  isDone?: PatchAction | undefined;
  /** Data of the last answer. */
  data?: JsonObject | undefined;
}

const partlyDone = "its fields were patched in part";

/**
 * Patches metadata, concepts and locations. A message fails if its request is refused or if the result differs from the requested fields. All ids must
 * differ.
 */
export async function patchFields(items: readonly FieldsItem[], context: PatchContext): Promise<void> {
  const sent: Sent[] = items.map(({ message, patch }) => ({ message, patch }));
  if (!context.dryRun) await compareWithServer(sent, context);
  for (const action of ["merge", "overwrite", "remove"] as const) await send(open(sent), action, context);
  await removeLeftovers(open(sent), context);
  await checkResults(open(sent), context);
  for (const { message } of open(sent)) context.done.set(message, "its fields were patched");
}

/** Makes a function that begins the text of a failure with what was done before it. */
export function beginningFor({ done }: PatchContext): Before {
  return (message) => {
    const text = done.get(message);
    return text && `${text}, then: `;
  };
}

function open(items: readonly Sent[]): Sent[] {
  return items.filter(({ message }) => !message.settled);
}

/**
 * Looks up the server's data if a request depends on them. An overwrite instead of a merge would undo changes since the listing, so the input fails if it
 * changed. A request that an earlier attempt carried out is not sent again, because a merge would append to lists once more.
 */
async function compareWithServer(items: readonly Sent[], { app, signal }: PatchContext): Promise<void> {
  const dependent = items.filter(({ patch }) => patch.ifStill ?? (patch.appends && patch.isListed));
  for (const part of inParts(dependent, limits.maxIdsPerRequest)) {
    await settleInHalves(part, messagesOf, "patch", async (some) => {
      const now = await dataOnServer(app, idsOf(some), signal);
      for (const item of some) compare(item, now.get(item.message.value.id));
    });
  }
}

function compare(item: Sent, data: JsonObject | undefined): void {
  const { message, patch } = item;
  const { ifStill } = patch;
  if (data && patch.isListed && patch.isMerged?.(data)) item.isDone = "merge";
  if (data && ifStill && patch.problem(data) === undefined) item.isDone = "overwrite";
  if (item.isDone) item.data = data;
  if (!ifStill || item.isDone || (data && isSameJson(patchable(data), patchable(ifStill)))) return;
  const what = data ? "the input has changed since it was listed" : "the input does not exist";
  const why = "its metadata change in a way that only an overwrite of all fields can express";
  message.fail(new InputError("ERR_PATCH_CHANGED", `${what}, and ${why}; list it again`), "patch");
}

function patchable({ concepts = [], metadata = {}, geo = null }: JsonObject): JsonObject {
  return { concepts, metadata, geo };
}

/** Sends the steps of one action. */
async function send(items: readonly Sent[], action: PatchAction, context: PatchContext): Promise<void> {
  const steps = items.flatMap((item) => {
    const step = item.patch.steps.find((one) => one.action === action && item.isDone !== action);
    return step ? [{ item, patch: { id: item.message.value.id, data: step.data } }] : [];
  });
  const isOnce = (wanted: boolean) => steps.filter(({ item }) => (item.patch.appends && action === "merge") === wanted);
  await sendSteps(isOnce(false), action, context, (patches) =>
    context.app.patchInputs(patches, action, context.signal),
  );
  const has = (id: string, data: JsonObject) =>
    items.some(({ message, patch }) => message.value.id === id && patch.isMerged?.(data));
  await sendSteps(isOnce(true), action, context, (patches) => patchLists(context.app, patches, has, context.signal));
}

interface SentStep {
  item: Sent;
  patch: InputPatch;
}

async function sendSteps(
  steps: readonly SentStep[],
  action: PatchAction,
  context: PatchContext,
  call: (patches: readonly InputPatch[]) => Promise<ItemStatus[]>,
): Promise<void> {
  const messages = (some: readonly SentStep[]) => messagesOf(some.map(({ item }) => item));
  const before = beginningFor(context);
  const sendSome = async (some: readonly SentStep[]) => {
    const ids = some.map(({ patch }) => patch.id);
    const answers = await call(some.map(({ patch }) => patch));
    settleItems(messages(some), ids, answers, "patch", action === "remove" ? "removal: " : "", before);
    for (const [index, answer] of answersTo(ids, answers).entries()) {
      const item = some[index]?.item;
      if (!item || item.message.settled) continue;
      item.data = answer?.data as JsonObject | undefined;
      context.done.set(item.message, partlyDone);
    }
  };
  for (const part of inParts(steps, limits.maxInputsPerRequest)) {
    await settleInHalves(part, messages, "patch", sendSome, undefined, before);
  }
}

/** Removes the fields that an overwrite omits, from servers that keep them. */
async function removeLeftovers(items: readonly Sent[], context: PatchContext): Promise<void> {
  const steps = items.flatMap((item) => {
    const data = item.data && item.patch.leftover?.(item.data);
    return data ? [{ item, patch: { id: item.message.value.id, data } }] : [];
  });
  await sendSteps(steps, "remove", context, (patches) => context.app.patchInputs(patches, "remove", context.signal));
}

/** Fails inputs whose data differ from the requested fields. An answer with a difference is first checked against a listing. */
async function checkResults(items: readonly Sent[], context: PatchContext): Promise<void> {
  const isWrong = ({ data, patch }: Sent) => data !== undefined && patch.problem(data) !== undefined;
  const before = beginningFor(context);
  for (const part of inParts(items.filter(isWrong), limits.maxIdsPerRequest)) {
    const check = async (some: readonly Sent[]) => {
      const now = await dataOnServer(context.app, idsOf(some), context.signal);
      for (const { message, patch } of some) {
        const data = now.get(message.value.id);
        const problem = data ? patch.problem(data) : "the input does not exist";
        if (!problem) continue;
        const text = `${partlyDone}, and the data on the server differ from the requested ones: ${problem}`;
        message.fail(new InputError("ERR_PATCH_RESULT", text), "patch");
      }
    };
    await settleInHalves(part, messagesOf, "patch", check, undefined, before);
  }
}

function idsOf(items: readonly Sent[]): string[] {
  return items.map(({ message }) => message.value.id);
}

function messagesOf(items: readonly Sent[]): Message[] {
  return items.map(({ message }) => message);
}

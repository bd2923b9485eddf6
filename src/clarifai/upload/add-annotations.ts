/** Annotations of uploaded inputs: posted once each, also when an answer is lost. */

import { hash } from "node:crypto";
import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import type { Annotation } from "../../core/input/input.js";
import type { Clock } from "../../core/net/clock.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { ItemStatus } from "../client/app-types.js";
import { limits } from "../limits.js";
import { isAsAsked } from "../patch/patch-annotations.js";
import { answersTo, asFatal, inParts } from "../requests.js";
import { classify, statusText } from "../wire/status.js";

export interface AnnotateOptions {
  app: App;
  clock: Clock;
  signal: AbortSignal;
  stage: string;
  /** Longest time that a request is tried again, in milliseconds. */
  retryForMs: number;
}

interface Item {
  message: Message;
  inputId: string;
  annotation: Annotation & { id: string };
}

const maxItemAttempts = 5;

/** What became of the annotations of some messages. */
export interface AnnotationsAdded {
  /** How many each message got. */
  added: ReadonlyMap<Message, number>;
  /** Messages of which the server has an annotation of the same id with other data; it stays as it is. */
  differing: ReadonlySet<Message>;
}

/**
 * Posts the annotations of messages whose inputs are there, 128 to a request. Ids are the same in every try, so what is there already is
 * known by its id and not posted again. An input with an annotation that is refused fails.
 */
export async function addAnnotations(
  messages: readonly Message[],
  mayExist: ReadonlySet<Message>,
  options: AnnotateOptions,
): Promise<AnnotationsAdded> {
  const added = new Map<Message, number>();
  const differing = new Set<Message>();
  const items = messages.flatMap((message) => itemsOf(message));
  for (const part of inParts(items, limits.maxInputsPerRequest)) {
    const known = part.filter((item) => mayExist.has(item.message));
    const there = known.length > 0 ? await listThere(options, known) : undefined;
    for (const item of known) {
      const found = there?.get(keyOf(item));
      if (found && !isAsAsked(found, item.annotation)) differing.add(item.message);
    }
    const missing = part.filter((item) => !item.message.settled && !there?.has(keyOf(item)));
    await post(missing, options);
    for (const { message } of missing) added.set(message, (added.get(message) ?? 0) + 1);
  }
  return { added, differing };
}

async function post(items: readonly Item[], options: AnnotateOptions): Promise<void> {
  const { app, clock, signal, stage, retryForMs } = options;
  const started = clock.now();
  let rest = items;
  for (let attempts = 1; rest.length > 0; attempts += 1) {
    try {
      const { again, unsure } = judge(rest, await app.postAnnotations(rest, signal), attempts, stage);
      rest = [...again, ...(await settleUnsure(unsure, attempts, options))];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError)) throw error;
      const fatal = asFatal(error, stage);
      if (fatal) throw fatal;
      if (!error.outcomeUnknown || clock.now() - started >= retryForMs) {
        for (const { message } of rest) message.fail(refused(error.code, error.message), stage, error.attempts);
        return;
      }
      const lost = refused(error.code, error.message);
      rest = await settleUnsure(
        rest.map((item) => ({ item, error: lost, isRefused: false })),
        0, // the time bounds these tries
        options,
      );
    }
    if (rest.length > 0) await app.transport.pacer.pause(attempts, signal);
  }
}

/** An item that the server has or has not: it was refused, or the answer does not name it. */
interface Unsure {
  item: Item;
  /** What its input fails with when the server has it not. */
  error: InputError;
  /** It was refused, so it is not sent again. */
  isRefused: boolean;
}

/** The items to be sent again, and those of which only a look tells what became of them. */
function judge(items: readonly Item[], answers: readonly ItemStatus[], attempts: number, stage: string) {
  const found = answersTo(
    items.map((item) => item.annotation.id),
    answers,
  );
  const again: Item[] = [];
  const unsure: Unsure[] = [];
  for (const [index, item] of items.entries()) {
    const status = found[index]?.status;
    if (!status) {
      const error = refused("ERR_ANSWER_INCOMPLETE", "the answer does not name it, and it is not there", item);
      unsure.push({ item, error, isRefused: false });
      continue;
    }
    const meaning = classify(status);
    if (meaning === "ok" || meaning === "progress" || meaning === "duplicate") continue;
    const error = refused(String(status.code), statusText(status), item);
    if (meaning === "permanent") unsure.push({ item, error, isRefused: true });
    else if (attempts < maxItemAttempts) again.push(item);
    else item.message.fail(error, stage, attempts);
  }
  return { again, unsure };
}

/**
 * Looks for annotations that were refused, perhaps since another process has added them, or that an answer leaves out. One that is there as it was asked
 * for is added; gives back those to be sent again.
 */
async function settleUnsure(unsure: readonly Unsure[], attempts: number, options: AnnotateOptions): Promise<Item[]> {
  if (unsure.length === 0) return [];
  const there = await listThere(
    options,
    unsure.map(({ item }) => item),
  );
  return unsure.flatMap(({ item, error, isRefused }) => {
    const found = there.get(keyOf(item));
    if (item.message.settled || (found && isAsAsked(found, item.annotation))) return [];
    if (!isRefused && !found && attempts < maxItemAttempts) return [item];
    item.message.fail(found ? taken(item) : error, options.stage, Math.max(1, attempts));
    return [];
  });
}

/** Those of the annotations that the server has, by `keyOf`; inputs whose annotations cannot be asked for fail. */
async function listThere(
  { app, signal, stage }: AnnotateOptions,
  items: readonly Item[],
): Promise<ReadonlyMap<string, Annotation>> {
  const inputIds = items.map((item) => item.inputId);
  const ids = items.map((item) => item.annotation.id);
  try {
    const listed = await app.listAnnotations({ inputIds, ids, perPage: items.length, signal });
    return new Map(listed.map((one) => [`${one.inputId}\n${one.id}`, one]));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    const fatal = asFatal(error, stage);
    if (fatal) throw fatal;
    const text = `uploaded, but whether its annotations were is not known: ${error.message}`;
    for (const { message } of items) {
      message.fail(new InputError(error.code, text, { retryable: true }), stage, error.attempts);
    }
    return new Map();
  }
}

function keyOf({ inputId, annotation }: Item): string {
  return `${inputId}\n${annotation.id}`;
}

/** The annotations of a message, with ids that are the same in every try. */
function itemsOf(message: Message): Item[] {
  const { id: inputId, annotations } = message.value;
  return annotations.map((annotation, index) => {
    const id = annotation.id ?? hash("sha1", `${inputId}#${index}`, "hex").slice(0, 32);
    return { message, inputId, annotation: { ...annotation, id } };
  });
}

function taken(item: Item): InputError {
  return refused("ERR_ID_TAKEN", "it exists already with other data (patch changes it)", item);
}

function refused(code: string, reason: string, item?: Item): InputError {
  const which = item ? `its annotation ${item.annotation.id} was` : "its annotations were";
  return new InputError(code, `uploaded, but ${which} refused: ${reason}`);
}

/** Adds the annotations of inputs that exist: each once, even if an answer is lost. */

import type { Message } from "../../core/accounting/message.js";
import { codeOf, InputError } from "../../core/errors.js";
import type { Annotation } from "../../core/input/input.js";
import type { Clock } from "../../core/net/clock.js";
import { again, fail, ok, retry, unknown } from "../../core/net/retry.js";
import { inRequests } from "../annotation-requests.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { ItemStatus } from "../client/app-types.js";
import { isAsRequested } from "../patch/patch-annotations.js";
import { answersTo, asFatal } from "../requests.js";
import { classify, statusText } from "../wire/status.js";

export interface AnnotateOptions {
  app: App;
  clock: Clock;
  signal: AbortSignal;
  stage: string;
  /** Longest time that an annotation is sent again after answers that may pass or are lost, in milliseconds. */
  retryForMs: number;
  /** Makes the id of an annotation without one. It must be the same in every attempt. */
  idOf(inputId: string, annotation: Annotation, index: number): string;
  /** Beginning of the reason of an input that fails, which says what succeeded before. */
  before: string;
}

/** An annotation that is to be added. */
export interface Item {
  message: Message;
  inputId: string;
  annotation: Annotation & { id: string };
}

/** Answers may leave an annotation out so many times. */
const maxIncompleteAnswers = 4;

/** The result of adding the annotations of some messages. */
export interface AnnotationsAdded {
  /** How many annotations were added to each input. */
  added: ReadonlyMap<Message, number>;
  /** Annotations by messages of which the server has one with the same id and other data; the stored one does not change. */
  differing: ReadonlyMap<Message, Item[]>;
}

/**
 * Posts the annotations of messages whose inputs exist, at most 128 to a request. The ids are the same in every attempt, so an annotation that exists is
 * recognized by its id and not posted again. An input fails if one of its annotations is refused.
 */
export async function addAnnotations(
  messages: readonly Message[],
  mayExist: ReadonlySet<Message>,
  options: AnnotateOptions,
): Promise<AnnotationsAdded> {
  const added = new Map<Message, number>();
  const differing = new Map<Message, Item[]>();
  const items = messages.flatMap((message) => itemsOf(message, options));
  for (const part of inRequests(items)) {
    const candidates = part.filter((item) => mayExist.has(item.message));
    const existing = candidates.length > 0 ? await listExisting(options, candidates) : undefined;
    for (const item of candidates) {
      const found = existing?.get(keyOf(item));
      if (found && !isAsRequested(found, item.annotation))
        differing.set(item.message, [...(differing.get(item.message) ?? []), item]);
    }
    const missing = part.filter((item) => !item.message.settled && !existing?.has(keyOf(item)));
    await post(missing, options);
    for (const { message } of missing) added.set(message, (added.get(message) ?? 0) + 1);
  }
  return { added, differing };
}

/** Posts items until each exists or its message has failed. */
async function post(items: readonly Item[], options: AnnotateOptions): Promise<void> {
  const { app, clock, signal, stage, retryForMs, before } = options;
  const { pacer } = app.transport;
  let rest = items;
  let refusedSince: number | undefined;
  const next = (why: "items" | "lost", error: Error) => (rest.length === 0 ? ok(undefined) : again(why, error));
  const attempt = async (attempts: number) => {
    if (rest.length === 0) return ok(undefined);
    const answers = await app.postAnnotations(rest, signal);
    const mayRetry = () => clock.now() - (refusedSince ??= clock.now()) < retryForMs;
    const { repeated, unsure } = verdicts(rest, answers, { ...options, attempts, mayRetry });
    rest = [...repeated, ...(await reconcile(unsure, attempts, options))];
    return next("items", new Error(`${rest.length} annotations are to be sent again`));
  };
  try {
    await retry<undefined, "items" | "lost">(attempt, {
      rules: {
        items: { pause: ({ attempts }) => pacer.pause(attempts, signal) },
        lost: { retryForMs, pause: ({ attempts }) => pacer.pause(attempts, signal) },
      },
      clock,
      signal,
      verdictOf: (error) => {
        if (!(error instanceof ApiError)) throw error;
        const fatal = asFatal(error, stage);
        return error.outcomeUnknown && !fatal ? unknown(error) : fail(fatal ?? error);
      },
      reconcile: async (lost) => {
        const error = refused(before, codeOf(lost, "ERR_ANSWER_LOST"), lost.message);
        const unsure = rest.map((item) => ({ item, error, isRefused: false }));
        rest = await reconcile(unsure, 0, options); // the time bounds these attempts, not their number
        return next("lost", lost);
      },
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    for (const { message } of rest) message.fail(refused(before, error.code, error.message), stage, error.attempts);
  }
}

/** An item whose annotation may exist: it was refused, or the answer does not name it. */
interface Unsure {
  item: Item;
  /** The error of its input if the annotation does not exist. */
  error: InputError;
  /** A refused item is not sent again. */
  isRefused: boolean;
}

/** Returns the items that are to be sent again, and those that need a lookup. */
function verdicts(
  items: readonly Item[],
  answers: readonly ItemStatus[],
  {
    attempts,
    stage,
    before,
    mayRetry,
  }: Pick<AnnotateOptions, "stage" | "before"> & { attempts: number; mayRetry: () => boolean },
) {
  const found = answersTo(
    items.map((item) => item.annotation.id),
    answers,
  );
  const repeated: Item[] = [];
  const unsure: Unsure[] = [];
  for (const [index, item] of items.entries()) {
    const status = found[index]?.status;
    if (!status) {
      const error = refused(
        before,
        "ERR_ANSWER_INCOMPLETE",
        "the answer of the server does not name it, and it does not exist",
        item,
      );
      unsure.push({ item, error, isRefused: false });
      continue;
    }
    const meaning = classify(status);
    if (meaning === "ok" || meaning === "progress" || meaning === "duplicate") continue;
    const error = refused(before, String(status.code), statusText(status), item);
    if (meaning === "permanent") unsure.push({ item, error, isRefused: true });
    else if (mayRetry()) repeated.push(item);
    else item.message.fail(error, stage, attempts);
  }
  return { repeated, unsure };
}

/**
 * Looks up annotations that were refused, perhaps because another process added them, and those that an answer leaves out. Returns the items that are
 * to be sent again. An item whose annotation exists with the same data is done; other data fail the message.
 */
async function reconcile(unsure: readonly Unsure[], attempts: number, options: AnnotateOptions): Promise<Item[]> {
  if (unsure.length === 0) return [];
  const existing = await listExisting(
    options,
    unsure.map(({ item }) => item),
  );
  return unsure.flatMap(({ item, error, isRefused }) => {
    const found = existing.get(keyOf(item));
    if (item.message.settled || (found && isAsRequested(found, item.annotation))) return [];
    if (!isRefused && !found && attempts <= maxIncompleteAnswers) return [item];
    item.message.fail(found ? existsWithOtherData(options.before, item) : error, options.stage, Math.max(1, attempts));
    return [];
  });
}

/** Lists which of the annotations the server has, by `keyOf`. If the listing is refused, their messages fail. */
async function listExisting(
  { app, signal, stage, before }: AnnotateOptions,
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
    const text = `${before}whether its annotations exist is unknown: ${error.message}`;
    for (const { message } of items) {
      message.fail(new InputError(error.code, text, { retryable: true }), stage, error.attempts);
    }
    return new Map();
  }
}

function keyOf({ inputId, annotation }: Item): string {
  return `${inputId}\n${annotation.id}`;
}

/** Returns the annotations of a message, each with an id. */
function itemsOf(message: Message, { idOf }: AnnotateOptions): Item[] {
  const { id: inputId, annotations } = message.value;
  return annotations.map((annotation, index) => {
    const id = annotation.id ?? idOf(inputId, annotation, index);
    return { message, inputId, annotation: { ...annotation, id } };
  });
}

export function existsWithOtherData(before: string, item: Item): InputError {
  const reason = 'it already exists with other data; addAnnotations with conflict: "replace", or patch, changes it';
  return refused(before, "ERR_ID_TAKEN", reason, item);
}

function refused(before: string, code: string, reason: string, item?: Item): InputError {
  const which = item ? `its annotation ${item.annotation.id} was` : "its annotations were";
  return new InputError(code, `${before}${which} refused: ${reason}`);
}

/** Conflicts: settles inputs whose ids exist on the server. */

import type { Message } from "../../core/accounting/message.js";
import { type FlowError, InputError } from "../../core/errors.js";
import type { Clock } from "../../core/net/clock.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import { fieldsIn, overwriteProblem } from "../patch/results.js";
import { asFatal, settleWith } from "../requests.js";
import { waitUntilDeleted } from "../wait-until-deleted.js";
import type { ContentHasher } from "../wire/content-hash.js";
import { inputFromWire, type WireInput } from "../wire/decode-answers.js";
import { classify, statusText, type WireStatus } from "../wire/status.js";
import { type Found, lookUpSuffixed } from "./lookup.js";

/** What an upload does with an input whose id exists. */
export type Conflict = "skip" | "replace" | "suffix" | "error";

export interface ConflictOptions {
  app: App;
  conflict: Conflict;
  hasher: ContentHasher;
  clock: Clock;
  signal: AbortSignal;
  stage: string;
}

/** A message that the server accepted. */
export interface Accepted {
  message: Message;
  /** Its id on the server. */
  id: string;
  /** Whether it is processed. */
  done: boolean;
  /** Whether it existed, from an earlier run or a lost answer. Its annotations may exist, too, and the job of this run may not count it. */
  before?: boolean | undefined;
  /** Whether another run uploaded it, so that this one does not delete it. */
  foreign?: boolean | undefined;
}

/** What to do with inputs whose ids exist on the server. */
export interface FoundOptions {
  /** Whether an input with the same content is not a conflict. Default: true. */
  acceptsSame?: boolean;
  /** Messages that this run sent, and whose answer was lost. */
  recovered?: ReadonlySet<Message>;
  /** Whether an input that is stored exactly as requested is ok. Default: false, and it is skipped. */
  exactIsOk?: boolean;
}

/** Settles inputs by what the server has under their ids. Returns those that are to be sent; inputs that are to be replaced are deleted first. */
export async function settleFound(
  messages: readonly Message[],
  found: readonly Found[],
  accepted: Accepted[],
  options: ConflictOptions,
  { acceptsSame = true, recovered, exactIsOk = false }: FoundOptions = {},
): Promise<Message[]> {
  const { app, conflict, hasher, signal, stage } = options;
  const again: Message[] = [];
  const replace: Message[] = [];
  for (const [index, message] of messages.entries()) {
    const stored = found[index] ?? { state: "absent" };
    if (stored.state === "absent") again.push(message);
    else if (stored.state === "unreadable") message.fail(stored.error, stage);
    else if (stored.state === "same" && recovered?.has(message)) recover(message, stored.input, accepted);
    else if (conflict === "replace" && (stored.state === "other" || hasFailed(stored.input))) replace.push(message);
    else if (stored.state === "same" && exactIsOk) settleRequested(message, stored.input, accepted, options);
    else if (stored.state === "same" && acceptsSame) settleSame(message, stored.input, accepted, options);
    else if (conflict === "suffix") {
      await settleWith([message], stage, async () => {
        const suffixed = await lookUpSuffixed(app, message, hasher, signal);
        if (suffixed) settleSame(message, suffixed, accepted, options);
        else again.push(message);
      });
    } else failIdTaken(message, stage, stored.state === "same" ? "the same" : "other");
  }
  for (const [index, error] of (await removeAndWait(app, replace, options)).entries()) {
    const message = replace[index] as Message;
    if (error) message.fail(error, stage);
    else again.push(message);
  }
  return again;
}

/** Accepts an input that this run sent without getting an answer. */
export function recover(message: Message, input: WireInput, accepted: Accepted[]): void {
  message.note("recovered");
  const done = input.status !== undefined && classify(input.status) === "ok";
  accepted.push({ message, id: input.id, done, before: true });
}

function hasFailed({ status }: WireInput): boolean {
  const meaning = status ? classify(status) : "ok";
  return meaning !== "ok" && meaning !== "progress";
}

/**
 * Settles an input whose content is stored. It is skipped if it is processed and this is the last sink. If it is still in progress, it is waited for; if
 * its processing failed, it fails.
 */
function settleSame(
  message: Message,
  stored: WireInput,
  accepted: Accepted[],
  { stage }: Pick<ConflictOptions, "stage">,
  isOk = false,
): void {
  const meaning = stored.status ? classify(stored.status) : "ok";
  const hasAnnotations = message.value.annotations.length > 0;
  if (meaning === "ok" && !hasAnnotations && !isOk && message.isAtLastSink) message.doneBefore("already exists");
  else if (meaning === "ok" || meaning === "progress") {
    accepted.push({ message, id: stored.id, done: meaning === "ok", before: true, foreign: true });
  } else failExisting(message, stored.status, stage);
}

/**
 * Settles an input that should replace stored content, if both contents are the same. With the same concepts, metadata and location it is ok. Otherwise
 * it is skipped: deleting an input because its metadata differ would delete what people added to it.
 */
function settleRequested(message: Message, stored: WireInput, accepted: Accepted[], options: ConflictOptions): void {
  const { concepts, geo, datasets } = message.value;
  const before = fieldsIn({ ...stored.data, metadata: inputFromWire(stored).metadata });
  const wanted = { concepts, metadata: message.value.metadata as JsonObject, geo };
  const isExact = datasets.length === 0 && overwriteProblem(before, wanted) === undefined;
  const isProcessed = !stored.status || classify(stored.status) === "ok";
  if (!isExact && isProcessed && message.isAtLastSink) {
    const hint = message.value.annotations.length > 0 ? ", and addAnnotations adds annotations" : "";
    message.skip(`already exists, and other fields may differ (patch changes those${hint})`, true);
    return;
  }
  if (isExact) message.note("already exists");
  settleSame(message, stored, accepted, options, isExact);
}

/** Longest wait for the deletion of inputs, in milliseconds. */
const deletedWithinMs = 60_000;

/**
 * Deletes inputs that are to be replaced, and inputs of this run whose processing failed, and waits until the server has deleted them. Returns for each
 * message an error if its input may still exist.
 */
export async function removeAndWait(
  app: App,
  messages: readonly Message[],
  { clock, signal, stage }: Pick<ConflictOptions, "clock" | "signal" | "stage">,
): Promise<(FlowError | undefined)[]> {
  if (messages.length === 0) return [];
  const ids = messages.map((message) => message.value.id);
  let left: ReadonlyMap<string, WireInput>;
  try {
    await app.deleteInputs(ids, signal);
    left = await waitUntilDeleted(app, ids, { clock, signal, withinMs: deletedWithinMs });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    const fatal = asFatal(error, stage);
    if (fatal) throw fatal;
    return ids.map(() => error);
  }
  return ids.map((id) => {
    if (!left.has(id)) return undefined;
    const text = `the input "${id}" was deleted, and the server still lists it after ${deletedWithinMs / 1000} s; run it again`;
    return new InputError("ERR_NOT_DELETED", text, { retryable: true });
  });
}

/** Fails a message whose content another run uploaded, and whose processing failed. */
export function failExisting(message: Message, status: WireStatus | undefined, stage: string): void {
  const reason = `the same content is stored already, and its processing failed: ${status ? statusText(status) : "no status"}`;
  const hint = 'conflict: "replace" deletes the stored input, with its annotations, and uploads this one instead';
  message.fail(new InputError("ERR_FAILED_THERE", `${reason}; ${hint}`), stage);
}

/** Fails a message whose id belongs to another input. */
export function failIdTaken(message: Message, stage: string, content: "the same" | "other" = "other"): void {
  const hint =
    content === "other"
      ? '; give it another id (the option ids of the source, on the command line --ids), or keep both with conflict: "suffix" (--conflict suffix)'
      : "";
  const annotated = message.value.annotations.length > 0;
  const next = annotated && content === "the same" ? "; addAnnotations adds its annotations to the stored input" : "";
  const text = `the id "${message.value.id}" already exists with ${content} content${hint}${next}`;
  message.fail(new InputError("ERR_ID_TAKEN", text), stage);
}

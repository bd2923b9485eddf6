/** Conflicts: what becomes of inputs whose ids the server has already. */

import type { Message } from "../../core/accounting/message.js";
import { type FlowError, InputError } from "../../core/errors.js";
import type { Clock } from "../../core/net/clock.js";
import type { JsonObject } from "../../core/util/json-values.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import { fieldsIn, overwriteProblem } from "../patch/results.js";
import { asFatal, settleWith } from "../requests.js";
import { stillThere } from "../wait-until-gone.js";
import type { ContentHasher } from "../wire/content-hash.js";
import { inputFromWire, type WireInput } from "../wire/inputs.js";
import { classify, statusText, type WireStatus } from "../wire/status.js";
import { type Found, lookUpSuffixed } from "./lookup.js";

/** What to do with an input whose id exists already. */
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
  /** Its id there. */
  id: string;
  /** It is processed already. */
  done: boolean;
  /** It was there, in an earlier run or since a lost answer; its annotations may be too, and this run's job may not count it. */
  before?: boolean | undefined;
  /** This run did not upload it, and does not delete it. */
  foreign?: boolean | undefined;
}

/** How what is there came to be found: `recovered` ones were sent by this run, and the answer was lost. */
export interface FoundOptions {
  /** What has the same content is not in the way. Default: true. */
  acceptsSame?: boolean;
  recovered?: ReadonlySet<Message>;
  /** An input that is there exactly as it was asked for is ok. Default: false, and it is skipped. */
  exactIsOk?: boolean;
}

/** Settles what the server was found to have; gives back what is to be sent. What is to be replaced is deleted, when it can be. */
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
    const there = found[index] ?? { state: "absent" };
    if (there.state === "absent") again.push(message);
    else if (there.state === "unreadable") message.fail(there.error, stage);
    else if (there.state === "same" && recovered?.has(message)) recover(message, there.input, accepted);
    else if (conflict === "replace" && (there.state === "other" || hasFailed(there.input))) replace.push(message);
    else if (there.state === "same" && exactIsOk) settleAsked(message, there.input, accepted, options);
    else if (there.state === "same" && acceptsSame) settleSame(message, there.input, accepted, options);
    else if (conflict === "suffix") {
      await settleWith([message], stage, async () => {
        const suffixed = await lookUpSuffixed(app, message, hasher, signal);
        if (suffixed) settleSame(message, suffixed, accepted, options);
        else again.push(message);
      });
    } else failIdTaken(message, stage, there.state === "same" ? "the same" : "other");
  }
  for (const [index, error] of (await removeAndWait(app, replace, options)).entries()) {
    const message = replace[index] as Message;
    if (error) message.fail(error, stage);
    else again.push(message);
  }
  return again;
}

/** Accepts what this run sent and got no answer for. */
export function recover(message: Message, input: WireInput, accepted: Accepted[]): void {
  message.note("recovered");
  const done = input.status !== undefined && classify(input.status) === "ok";
  accepted.push({ message, id: input.id, done, before: true });
}

function hasFailed({ status }: WireInput): boolean {
  const meaning = status ? classify(status) : "ok";
  return meaning !== "ok" && meaning !== "progress";
}

/** The same content is there: it is skipped, unless it is still being processed (then it is waited for), failed there, or goes on to other sinks. */
function settleSame(
  message: Message,
  there: WireInput,
  accepted: Accepted[],
  { stage }: Pick<ConflictOptions, "stage">,
  isOk = false,
): void {
  const meaning = there.status ? classify(there.status) : "ok";
  const hasAnnotations = message.value.annotations.length > 0;
  if (meaning === "ok" && !hasAnnotations && !isOk && message.isAtLastSink) message.doneBefore("already there");
  else if (meaning === "ok" || meaning === "progress") {
    accepted.push({ message, id: there.id, done: meaning === "ok", before: true, foreign: true });
  } else failThere(message, there.status, stage);
}

/**
 * The user asked to replace the stored content by this one, and both are the same. With the same concepts, metadata and location it is ok. Otherwise it is
 * skipped: to delete an input for a change of its metadata would delete what people added to it.
 */
function settleAsked(message: Message, there: WireInput, accepted: Accepted[], options: ConflictOptions): void {
  const { concepts, geo, datasets } = message.value;
  const before = fieldsIn({ ...there.data, metadata: inputFromWire(there).metadata });
  const wanted = { concepts, metadata: message.value.metadata as JsonObject, geo };
  const isExact = datasets.length === 0 && overwriteProblem(before, wanted) === undefined;
  const isProcessed = !there.status || classify(there.status) === "ok";
  if (!isExact && isProcessed && message.isAtLastSink) {
    message.skip("already there, and other fields may differ (patch changes those)", true);
    return;
  }
  if (isExact) message.note("already there");
  settleSame(message, there, accepted, options, isExact);
}

/** Longest wait for deleted inputs to be gone. */
const goneWithinMs = 60_000;

/**
 * Deletes inputs that the user wants replaced, or that this run uploaded and saw fail, and waits until they are gone. Gives back, for each message,
 * the error when its input may still be there.
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
    left = await stillThere(app, ids, { clock, signal, withinMs: goneWithinMs });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    const fatal = asFatal(error, stage);
    if (fatal) throw fatal;
    return ids.map(() => error);
  }
  return ids.map((id) => {
    if (!left.has(id)) return undefined;
    const text = `what is there under the id "${id}" was to be deleted, and was not gone after ${goneWithinMs / 1000} s`;
    return new InputError("ERR_NOT_DELETED", text, { retryable: true });
  });
}

/** Fails a message whose content is there and failed to be processed, and not by this run. */
export function failThere(message: Message, status: WireStatus | undefined, stage: string): void {
  const reason = `the same content is there and failed to be processed: ${status ? statusText(status) : ""}`;
  const hint = 'conflict: "replace" deletes what is stored there, with its annotations, and uploads this instead';
  message.fail(new InputError("ERR_FAILED_THERE", `${reason}; ${hint}`), stage);
}

/** Fails a message whose id is another input's. */
export function failIdTaken(message: Message, stage: string, content: "the same" | "other" = "other"): void {
  const hint =
    content === "other"
      ? '; give it another id (the option ids of the source, on the command line --ids), or keep both with conflict: "suffix"'
      : "";
  const text = `the id "${message.value.id}" exists already with ${content} content${hint}`;
  message.fail(new InputError("ERR_ID_TAKEN", text), stage);
}

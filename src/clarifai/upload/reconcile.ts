/** Reconciles a batch with the server: which of its inputs arrived although no answer confirms it. */

import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import { settleWith } from "../requests.js";
import { statusCodes } from "../wire/status-codes.js";
import { type Accepted, type ConflictOptions, failIdTaken, recover, settleFound } from "./conflicts.js";
import { lookUp, lookUpSuffixed } from "./lookup.js";

/** What is known about a batch. */
export interface BatchState {
  /** Gets the inputs that arrived. */
  accepted: Accepted[];
  /** Answers so far that call ids duplicates, or leave inputs out. */
  answers: number;
  /** Messages that were sent, and absent in a lookup. The server may have added them a moment later. */
  sentBefore: ReadonlySet<Message>;
}

/** A server may contradict its own listing so many times. */
const maxContradictions = 4;

/** Looks up which inputs the server has, and returns those that it does not have. An input of other content under the same id is a conflict. */
export async function lookUpArrived(
  messages: readonly Message[],
  accepted: Accepted[],
  options: ConflictOptions,
): Promise<Message[]> {
  const { app, conflict, hasher, signal, stage } = options;
  const found = await lookUp(app, messages, hasher, signal);
  const absent: Message[] = [];
  const conflicting: Message[] = [];
  messages.forEach((message, index) => {
    const stored = found[index] ?? { state: "absent" };
    if (stored.state === "same") recover(message, stored.input, accepted);
    else if (stored.state === "other") conflicting.push(message);
    else absent.push(message); // an unreadable file fails when it is sent
  });
  if (conflict === "replace") return [...absent, ...conflicting]; // sent again, the server calls them duplicates, and duplicates are replaced
  for (const message of conflicting) {
    if (conflict !== "suffix") {
      failIdTaken(message, stage);
      continue;
    }
    await settleWith([message], stage, async () => {
      const input = await lookUpSuffixed(app, message, hasher, signal);
      if (input) recover(message, input, accepted);
      else absent.push(message);
    });
  }
  return absent;
}

/** Applies the conflict policy to inputs whose ids exist. Returns those that are to be sent again, and those that need another id. */
export async function reconcileDuplicates(
  messages: readonly Message[],
  { accepted, answers, sentBefore }: BatchState,
  options: ConflictOptions & { suffix?: boolean | undefined },
): Promise<{ absent: Message[]; suffix: Message[] }> {
  const { app, conflict, hasher, signal, stage } = options;
  const absent: Message[] = [];
  const suffix: Message[] = [];
  if (messages.length > 0 && answers > maxContradictions) {
    for (const message of messages) {
      const text = `the server refuses the id "${message.value.id}" as a duplicate, and does not list it`;
      message.fail(new InputError(String(statusCodes.INPUT_DUPLICATE), text, { retryable: true }), stage, answers);
    }
  } else if (messages.length > 0) {
    await settleWith(messages, stage, async () => {
      const found = await lookUp(app, messages, hasher, signal);
      const conflicting = new Set(messages.filter((_, index) => found[index]?.state === "other"));
      const left = await settleFound(messages, found, accepted, options, {
        acceptsSame: conflict !== "error",
        exactIsOk: conflict === "replace",
        recovered: sentBefore,
      });
      const needsSuffix = (message: Message) => conflict === "suffix" && !options.suffix && conflicting.has(message);
      for (const message of left) (needsSuffix(message) ? suffix : absent).push(message);
    });
  }
  return { absent, suffix };
}

/** Looks up inputs that an answer leaves out, and returns those that are to be sent again. */
export async function reconcileUnnamed(
  messages: readonly Message[],
  { accepted, answers }: BatchState,
  options: ConflictOptions,
): Promise<Message[]> {
  const { stage } = options;
  let absent: Message[] = [];
  if (messages.length === 0) return absent;
  await settleWith(messages, stage, async () => {
    absent = await lookUpArrived(messages, accepted, options);
  });
  if (answers <= maxContradictions) return absent;
  const error = new InputError("ERR_ANSWER_INCOMPLETE", "the answer of the server does not name the input", {
    retryable: true,
  });
  for (const message of absent) message.fail(error, stage, answers);
  return [];
}

/** Helpers of sinks that send one request for many inputs. */

import type { Message } from "../core/accounting/message.js";
import { type FlowError, InputError, SinkError } from "../core/errors.js";
import { ApiError } from "./client/api-error.js";
import type { ItemStatus } from "./client/app-types.js";
import { classify, mayBeOneItem, statusText } from "./wire/status.js";
import { statusCodes } from "./wire/status-codes.js";

/** Codes after which no request of this account, or to this address, can succeed. */
const fatalCodes: ReadonlySet<string> = new Set([
  ...[
    statusCodes.CONN_ACCOUNT_ISSUES,
    statusCodes.CONN_TOKEN_INVALID,
    statusCodes.CONN_CREDENTIALS_INVALID,
    statusCodes.CONN_EXCEED_MONTHLY_LIMIT,
    statusCodes.CONN_EXCEEDS_LIMITS,
    statusCodes.CONN_INSUFFICIENT_SCOPES,
    statusCodes.CONN_KEY_INVALID,
    statusCodes.CONN_KEY_NOT_FOUND,
    statusCodes.CONN_NO_GDPR_CONSENT,
    statusCodes.CONN_AUTH_METHOD_DISABLED,
  ].map(String),
  ...["ERR_CERTIFICATE", "ERR_PROXY", "ERR_API_MOVED"],
]);

/** Splits a list into parts of at most `size`. */
export function inParts<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}

/** Makes the error that ends the run, if an error of the API means that the sink cannot continue. */
export function asFatal(error: ApiError, stage: string): SinkError | undefined {
  if (!fatalCodes.has(error.code)) return undefined;
  return new SinkError(error.code, `${stage}: ${error.message}`, { cause: error });
}

/** Does the same for uploads: an app that does not exist accepts no input at all. */
export function asFatalToUpload(error: ApiError, stage: string): SinkError | undefined {
  if (error.code !== String(statusCodes.CONN_DOES_NOT_EXIST)) return asFatal(error, stage);
  return new SinkError(error.code, `${stage}: ${error.message}`, { cause: error });
}

/** Finds the answer to each item: by id if the ids are unique, else by position. */
export function answersTo<T extends { id: string }>(ids: readonly string[], answers: readonly T[]): (T | undefined)[] {
  if (answers.length === ids.length && ids.every((id, index) => answers[index]?.id === id)) return [...answers];
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  const isUnique = byId.size === answers.length && new Set(ids).size === ids.length;
  const isInOrder = answers.length === ids.length && !(isUnique && ids.every((id) => byId.has(id)));
  return ids.map((id, index) => (isInOrder ? answers[index] : isUnique ? byId.get(id) : undefined));
}

/** Sends one request for some messages; if it is refused, they fail with its code. */
export async function settleWith(
  messages: readonly Message[],
  stage: string,
  send: () => Promise<void>,
  fatalOf = asFatal,
  before?: Before,
): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const fatal = fatalOf(error, stage);
    if (fatal) throw fatal;
    for (const message of messages) message.fail(after(before?.(message), error), stage, error.attempts);
  }
}

/** Describes what was done for a message before a request failed, as the beginning of a sentence; undefined for nothing. */
export type Before = (message: Message) => string | undefined;

function after<E extends FlowError>(done: string | undefined, error: E): FlowError {
  if (done === undefined) return error;
  return new InputError(error.code, `${done}${error.message}`, { cause: error, retryable: error.retryable });
}

/**
 * Sends one request for some items; if it is refused, the messages of the items fail with its code. A refusal that one item may have caused is
 * narrowed down by halves, so that this item fails alone.
 */
export async function settleInHalves<T>(
  items: readonly T[],
  messagesOf: (items: readonly T[]) => readonly Message[],
  stage: string,
  send: (items: readonly T[]) => Promise<void>,
  mayBeOne: (error: ApiError) => boolean = ({ status }) => status !== undefined && mayBeOneItem(status),
  before?: Before,
): Promise<void> {
  const sendAll = async () => {
    try {
      await send(items);
    } catch (error) {
      if (!(error instanceof ApiError) || items.length === 1 || !mayBeOne(error)) throw error;
      const middle = Math.ceil(items.length / 2);
      for (const half of [items.slice(0, middle), items.slice(middle)]) {
        await settleInHalves(half, messagesOf, stage, send, mayBeOne, before);
      }
    }
  };
  await settleWith(messagesOf(items), stage, sendAll, asFatal, before);
}

/** Fails the messages whose item was refused; `ids[i]` is the id of the item of `messages[i]`. */
export function settleItems(
  messages: readonly Message[],
  ids: readonly string[],
  items: readonly ItemStatus[],
  stage: string,
  what = "",
  before?: Before,
): void {
  const answers = answersTo(ids, items);
  const fail = (message: Message, code: string, text: string) =>
    message.fail(after(before?.(message), new InputError(code, text)), stage);
  messages.forEach((message, index) => {
    const status = answers[index]?.status;
    if (!status) fail(message, "ERR_ANSWER_INCOMPLETE", "the answer of the server does not name the input");
    else if (classify(status) !== "ok" && classify(status) !== "progress") {
      fail(message, String(status.code), `${what}${statusText(status)}`);
    }
  });
}

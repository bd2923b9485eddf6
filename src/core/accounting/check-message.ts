/** Checks the items that reach a stage: messages, or batches of messages. */

import { OptionsError } from "../errors.js";
import { Message } from "./message.js";

/** Checks that an item is one message, and returns it. @throws {OptionsError} ERR_NOT_A_MESSAGE, naming the stage */
export function messageOf(item: unknown, stage: string): Message {
  if (item instanceof Message) return item;
  throw notAMessage(item, stage);
}

/** Checks that an item is a message or a batch, and returns its messages. @throws {OptionsError} ERR_NOT_A_MESSAGE, naming the stage */
export function messagesOf(item: unknown, stage: string): readonly Message[] {
  if (item instanceof Message) return [item];
  if (Array.isArray(item) && item.every((entry) => entry instanceof Message)) return item;
  throw notAMessage(item, stage);
}

function notAMessage(item: unknown, stage: string): OptionsError {
  const isBatch = Array.isArray(item) && item[0] instanceof Message;
  const text = isBatch
    ? "got a batch, and takes single inputs; put it before batch()"
    : `got ${item === null ? "null" : typeof item} instead of a message; operators before it must emit messages (change inputs with transform)`;
  return new OptionsError("ERR_NOT_A_MESSAGE", `${stage}: ${text}`);
}

/** Checks what reaches a stage: messages, or batches of them. */

import { OptionsError } from "../errors.js";
import { Message } from "./message.js";

/** Returns an item that must be one message. @throws {OptionsError} ERR_NOT_A_MESSAGE, naming the stage */
export function messageOf(item: unknown, stage: string): Message {
  if (item instanceof Message) return item;
  throw notAMessage(item, stage);
}

/** Returns the messages of an item that is one message or a batch. @throws {OptionsError} ERR_NOT_A_MESSAGE, naming the stage */
export function messagesOf(item: unknown, stage: string): readonly Message[] {
  if (item instanceof Message) return [item];
  if (Array.isArray(item) && item.every((entry) => entry instanceof Message)) return item;
  throw notAMessage(item, stage);
}

function notAMessage(item: unknown, stage: string): OptionsError {
  const isBatch = Array.isArray(item) && item[0] instanceof Message;
  const text = isBatch
    ? "got a batch where single inputs flow; put it before batch()"
    : `got ${item === null ? "null" : typeof item} where messages flow; an operator before it must pass messages on (change them with transform)`;
  return new OptionsError("ERR_NOT_A_MESSAGE", `${stage}: ${text}`);
}

/** Looks up which inputs of a batch the server has, and whether their content is the same. */

import { readFileSync } from "node:fs";
import type { Message } from "../../core/accounting/message.js";
import type { Stored } from "../../core/accounting/stages.js";
import { describeError, InputError } from "../../core/errors.js";
import { nameOfContent, openContent } from "../../core/input/content.js";
import { type Input, type InputDraft, mediaOf } from "../../core/input/input.js";
import type { App } from "../client/app.js";
import { isStoredContent } from "../stored-content/stored-hash.js";
import { type ContentHasher, contentHashText, digestOfInput, loadHasher, withText } from "../wire/content-hash.js";
import { storedContentHash, type WireInput } from "../wire/decode-answers.js";
import { classify } from "../wire/status.js";

/** Files up to this size are read at once, which takes a fifth of the time of a stream. */
const wholeBytes = 192 * 1024;

/** What the server has under the id of a message. */
export type Found =
  | { state: "absent" }
  /** An input with the same content hash. */
  | { state: "same"; input: WireInput }
  /** An input with another content hash, or with none. */
  | { state: "other"; input: WireInput }
  /** An input, while the message's own file cannot be read or has changed, so the two cannot be compared. */
  | { state: "unreadable"; error: InputError };

/**
 * Looks up one input as it was read, for a worker that must not process it. An input with annotations never counts as stored, since an earlier upload may
 * have ended before it added them.
 */
export async function lookUpStored(app: App, input: Input | InputDraft, signal: AbortSignal): Promise<Stored> {
  if (input.id === undefined) return "absent";
  const value = { annotations: [], ...input } as unknown as Input; // a worker reads inputs that were checked when they were published
  const [found] = await lookUp(app, [{ value }], await loadHasher(), signal);
  if (!found || found.state === "absent") return "absent";
  const isProcessed = found.state === "same" && (!found.input.status || classify(found.input.status) === "ok");
  return isProcessed && value.annotations.length === 0 ? "stored" : "other";
}

/** Looks up the ids of some messages, 128 at most, with one request. */
export async function lookUp(
  app: App,
  messages: readonly Pick<Message, "value">[],
  hasher: ContentHasher,
  signal: AbortSignal,
): Promise<Found[]> {
  const listed = await app.listInputs({ ids: messages.map((message) => message.value.id), signal });
  const byId = new Map(listed.map((input) => [input.id, input]));
  return Promise.all(
    messages.map(async (message): Promise<Found> => {
      const input = byId.get(message.value.id);
      if (!input) return { state: "absent" };
      try {
        const contentHash = await contentHashOf(message, hasher);
        const isSame = () => isStoredContent(app, input, message.value, contentHash, hasher, signal);
        return { state: storedContentHash(input) === contentHash || (await isSame()) ? "same" : "other", input };
      } catch (error) {
        if (error instanceof InputError) return { state: "unreadable", error };
        throw error;
      }
    }),
  );
}

/** Looks up a message that the server may have stored under its id with a suffix: by its content hash, among the first suffixes of the API. */
export async function lookUpSuffixed(
  app: App,
  message: Message,
  hasher: ContentHasher,
  signal: AbortSignal,
): Promise<WireInput | undefined> {
  const { id } = message.value;
  const candidates = Array.from({ length: 9 }, (_, index) => `${id}-${index + 1}`);
  const contentHash = await contentHashOf(message, hasher);
  const listed = await app.listInputs({ ids: candidates, signal });
  return listed.find((input) => storedContentHash(input) === contentHash);
}

/** Computes the content hash of a message, as an upload writes it. @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_CHANGED */
async function contentHashOf(message: Pick<Message, "value">, hasher: ContentHasher): Promise<string> {
  const media = mediaOf(message.value);
  if (!media || "url" in media.content) return contentHashText(digestOfInput(hasher, message.value));
  const { content } = media;
  const name = nameOfContent(content);
  const sizeBytes = "bytes" in content ? undefined : content.sizeBytes;
  let found = 0;
  let digest: bigint;
  try {
    if ("path" in content && content.offset === undefined && sizeBytes !== undefined && sizeBytes <= wholeBytes) {
      const bytes = readFileSync(content.path);
      found = bytes.length;
      digest = hasher.h64Raw(bytes);
    } else {
      const hash = hasher.create64();
      for await (const chunk of openContent(content)) {
        found += chunk.length;
        hash.update(chunk);
      }
      digest = hash.digest();
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("ERR_FILE_UNREADABLE", `${name} cannot be read: ${describeError(error)}`, { cause: error });
  }
  if (sizeBytes === undefined || found === sizeBytes) return contentHashText(withText(hasher, digest, message.value));
  throw new InputError("ERR_FILE_CHANGED", `${name} changed: it had ${sizeBytes} bytes, now it has ${found}`);
}

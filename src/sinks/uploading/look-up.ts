/** Looking up: which inputs of a batch the server has, and whether they are ours. */

import { readFileSync } from "node:fs";
import type { App } from "../../client/app.js";
import { type ContentHasher, digestOfInput, fingerprintText } from "../../client/fingerprint.js";
import { type WireInput, wireFingerprint } from "../../client/wire.js";
import { openContent } from "../../core/content.js";
import { mediaOf } from "../../core/input.js";
import type { Message } from "../../core/message.js";

/** Files up to this size are read at once, which costs a fifth of a stream. */
const wholeBytes = 192 * 1024;

/** What the server has under the id of a message. */
export type Found =
  | { state: "absent" }
  /** The same content, by its fingerprint. */
  | { state: "same"; input: WireInput }
  /** Other content, or content that no fingerprint vouches for. */
  | { state: "other"; input: WireInput };

/** Looks up the ids of some messages, 128 at most, with one request. */
export async function lookUp(
  app: App,
  messages: readonly Message[],
  hasher: ContentHasher,
  signal: AbortSignal,
): Promise<Found[]> {
  const listed = await app.listInputs({ ids: messages.map((message) => message.value.id), signal });
  const byId = new Map(listed.map((input) => [input.id, input]));
  return Promise.all(
    messages.map(async (message): Promise<Found> => {
      const input = byId.get(message.value.id);
      if (!input) return { state: "absent" };
      const same = wireFingerprint(input) === (await contentFingerprint(message, hasher));
      return { state: same ? "same" : "other", input };
    }),
  );
}

/** Finds a message that the server may have stored under its id with a suffix: by its content, among the suffixes that the API gives first. */
export async function lookUpSuffixed(
  app: App,
  message: Message,
  hasher: ContentHasher,
  signal: AbortSignal,
): Promise<WireInput | undefined> {
  const { id } = message.value;
  const candidates = Array.from({ length: 9 }, (_, index) => `${id}-${index + 1}`);
  const fingerprint = await contentFingerprint(message, hasher);
  const listed = await app.listInputs({ ids: candidates, signal });
  return listed.find((input) => fingerprint !== undefined && wireFingerprint(input) === fingerprint);
}

/** The fingerprint of a message's content, as an upload writes it. */
async function contentFingerprint(message: Message, hasher: ContentHasher): Promise<string | undefined> {
  const media = mediaOf(message.value);
  if (!media || "url" in media.content) return fingerprintText(digestOfInput(hasher, message.value));
  const { content } = media;
  try {
    if ("path" in content && content.sizeBytes !== undefined && content.sizeBytes <= wholeBytes) {
      return fingerprintText(hasher.h64Raw(readFileSync(content.path)));
    }
    const hash = hasher.create64();
    for await (const chunk of openContent(content)) hash.update(chunk);
    return fingerprintText(hash.digest());
  } catch {
    return undefined; // a file that cannot be read now is the same as nothing
  }
}

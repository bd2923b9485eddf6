/** Finds the SHA-256 of a content: of a file here, or of bytes that a server stores. */

import { createHash } from "node:crypto";
import type { Authorize } from "../../core/accounting/clients.js";
import { openContent } from "../../core/input/content.js";
import { type Content, type Input, type Kind, mediaOf } from "../../core/input/input.js";
import { readFirstPart } from "../stored-content/first-part.js";
import { mediaChunks } from "../stored-content/media-chunks.js";

export interface DigestOptions {
  authorize: Authorize;
  signal: AbortSignal;
  /** Reads every byte, also if a server names the SHA-256 of what it stores. */
  download: boolean;
}

/** Returns the contents of an input by kind; a text counts like the bytes of its file. */
export function contentsOf(input: Input): Map<Kind, Content> {
  const media = mediaOf(input);
  const contents = new Map<Kind, Content>();
  if (media) contents.set(media.kind, media.content);
  if (input.text !== undefined) contents.set("text", { bytes: Buffer.from(input.text) });
  else if (input.textUrl !== undefined) contents.set("text", { url: input.textUrl });
  return contents;
}

/** Returns the SHA-256 of a content in hex. @throws {InputError} what `readFirstPart` and `openContent` throw */
export async function sha256Of(content: Content, { authorize, signal, download }: DigestOptions): Promise<string> {
  const digest = createHash("sha256");
  if (!("url" in content)) {
    for await (const bytes of openContent(content, signal)) digest.update(bytes);
    return digest.digest("hex");
  }
  const address = content.hostedUrl ?? content.url;
  // One byte is enough to learn what the server says; a server without ranges or digests costs a second request.
  const known = download ? undefined : (await readFirstPart(authorize, address, { length: 1, signal })).sha256;
  if (known !== undefined) return known;
  for await (const bytes of mediaChunks(authorize, address, { begin: () => undefined, signal })) digest.update(bytes);
  return digest.digest("hex");
}

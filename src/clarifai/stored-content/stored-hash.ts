/** Compares a content with a stored one whose content hash is not known. */

import { InputError } from "../../core/errors.js";
import { type Input, mediaOf } from "../../core/input/input.js";
import type { App } from "../client/app.js";
import { type ContentHasher, contentHashText, digestOfInput, withText } from "../wire/content-hash.js";
import { inputFromWire, storedContentHash, type WireInput } from "../wire/decode-answers.js";
import { mediaChunks } from "./media-chunks.js";

/**
 * Returns whether an app stores a content whose hash is `contentHash`, although the metadata of the stored input do not say so: another program uploaded it, an
 * overwrite deleted the hash, or it came by URL, and the hash is that of the URL. Reads the stored bytes in these cases. If they cannot be read, the answer is no.
 */
export async function isStoredContent(
  app: App,
  stored: WireInput,
  input: Input,
  contentHash: string,
  hasher: ContentHasher,
  signal: AbortSignal,
): Promise<boolean> {
  const media = mediaOf(input);
  if ((media && "url" in media.content) || input.textUrl !== undefined) return false; // nothing is known about the bytes of a URL
  const { text, textUrl, ...kept } = inputFromWire(stored);
  const storedMedia = mediaOf(kept as Input);
  if (storedMedia?.kind !== media?.kind) return false;
  if (!media && text !== undefined) return contentHashText(digestOfInput(hasher, { text } as Input)) === contentHash;
  const content = storedMedia?.content as { url: string; hostedUrl?: string } | undefined;
  const address = media ? content?.hostedUrl : textUrl;
  const cameByUrl = media ? content?.url !== undefined && !isOwn(app, content.url) : isFetchedText(app, stored);
  if (address === undefined || !isOwn(app, address)) return false;
  // A known hash is that of the content. Only that of an image with a text may be of version 0.1, which hashed the image alone.
  const isCertain = !(media && input.text !== undefined);
  if (isCertain && storedContentHash(stored) !== undefined && !cameByUrl) return false;
  const digest = await digestOf(app, address, hasher, signal);
  return digest !== undefined && contentHashText(media ? withText(hasher, digest, { text }) : digest) === contentHash;
}

function isFetchedText(app: App, { data }: WireInput): boolean {
  const { url } = (data.text ?? {}) as { url?: unknown };
  return typeof url === "string" && !isOwn(app, url);
}

function isOwn(app: App, address: string): boolean {
  return URL.canParse(address) && app.authorize(new URL(address)) !== undefined;
}

async function digestOf(
  app: App,
  address: string,
  hasher: ContentHasher,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const hash = hasher.create64();
  try {
    const chunks = mediaChunks((url) => app.authorize(url), address, { begin: () => undefined, signal });
    for await (const chunk of chunks) hash.update(chunk);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InputError) return undefined;
    throw error;
  }
  return hash.digest();
}

/** Keys of contents: two inputs with the same content have the same key. */

import { createHash } from "node:crypto";
import { openContent } from "../../core/input/content.js";
import { type Input, mediaOf, type ReadableContent } from "../../core/input/input.js";
import { withoutSignature } from "../../core/redact-urls.js";

/**
 * Returns a text that is the same for inputs with the same bytes, text and URL. Reads the media once, and then returns a promise. A URL is not fetched, and
 * counts without its signature.
 */
export function contentKey(input: Input, signal: AbortSignal): string | Promise<string> {
  const content = mediaOf(input)?.content;
  const { text, textUrl } = input;
  if (!content) return JSON.stringify({ text, textUrl });
  if ("url" in content) return JSON.stringify({ url: withoutSignature(content.url), text, textUrl });
  return digestOf(content, signal).then((digest) => JSON.stringify({ digest, text, textUrl }));
}

async function digestOf(content: ReadableContent, signal: AbortSignal): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of openContent(content, signal)) digest.update(chunk);
  return digest.digest("hex");
}

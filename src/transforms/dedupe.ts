/** Transform: drops inputs that were there before in the same run. */

import { createHash, hash } from "node:crypto";
import { InputError, OptionsError } from "../core/errors.js";
import { openContent } from "../core/input/content.js";
import { type Input, mediaOf } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { withoutSignature } from "../core/redact-urls.js";
import { DigestSet } from "../core/util/digest-set.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

type KeyOf = (input: Input) => string | Promise<string>;

/**
 * Drops each input that equals an earlier one of the same run: by its content (sha256 of its bytes, its text or its URL; files are read once for
 * that), by its id, or by the text that a function returns, at once or as a promise. Those dropped settle as skipped ("dropped by dedupe").
 *
 * Keeps order: the first one stays. Remembers 16 to 32 bytes for each input. A file that cannot be read settles its input as failed.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(dedupe(), batch(), upload(app));
 */
export const dedupe = defineTransform({
  name: "dedupe",
  dropsAreDone: true,
  parse(by: "content" | "id" | KeyOf = "content") {
    if (by === "content" || by === "id" || typeof by === "function") return by;
    throw new OptionsError("ERR_OPTIONS", `dedupe: by must be "content", "id" or a function, not ${formatValue(by)}`);
  },
  open: () => new DigestSet(),
  apply(input, by, { signal, state: seen }) {
    const key = by === "id" ? input.id : by === "content" ? contentKey(input, signal) : by(input);
    return whenThere(key, (text) => (isFirst(text, seen) ? input : null));
  },
});

function isFirst(key: unknown, seen: DigestSet): boolean {
  if (typeof key === "string") return seen.add(hash("sha256", key, "base64url").slice(0, 16));
  throw new InputError("ERR_DEDUPE_KEY", `the key must be a text, got ${formatValue(key)}; String(…) makes one of it`);
}

async function contentKey(input: Input, signal: AbortSignal): Promise<string> {
  const content = mediaOf(input)?.content;
  const { text, textUrl } = input;
  if (!content) return JSON.stringify({ text, textUrl });
  if ("url" in content) return JSON.stringify({ url: withoutSignature(content.url), text, textUrl });
  const digest = createHash("sha256");
  for await (const chunk of openContent(content, signal)) digest.update(chunk);
  return JSON.stringify({ digest: digest.digest("hex"), text, textUrl });
}

/** Transform: drops inputs that were there before in the same run. */

import { createHash, hash } from "node:crypto";
import type { OperatorFunction } from "rxjs";
import { openContent } from "../core/content.js";
import { OptionsError } from "../core/errors.js";
import { type Input, mediaOf } from "../core/input.js";
import { DigestSet } from "../core/journal/digest-set.js";
import type { Message } from "../core/message.js";
import { withoutSignature } from "../core/secret-urls.js";
import { transformOperator } from "../core/transform-operator.js";

type KeyOf = (input: Input) => string;

/**
 * Drops each input that equals an earlier one of the same run: by its content (sha256 of its bytes, its text or its URL; files are read once for
 * that), by its id, or by what a function says. Those dropped settle as skipped ("dropped by dedupe").
 *
 * Keeps order: the first one stays. Remembers 16 to 32 bytes for each input. A file that cannot be read settles its input as failed.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(dedupe(), batch(), upload(app));
 */
export function dedupe(by: "content" | "id" | KeyOf = "content"): OperatorFunction<Message, Message> {
  if (by !== "content" && by !== "id" && typeof by !== "function") {
    throw new OptionsError(
      "ERR_OPTIONS",
      `dedupe: by must be "content", "id" or a function, not ${JSON.stringify(by)}`,
    );
  }
  return (input) => {
    const seen = new DigestSet();
    const first = (value: Input, key: string) => {
      return seen.add(hash("sha256", key, "base64url").slice(0, 16)) ? value : null;
    };
    return transformOperator({
      name: "dedupe",
      dropsAreDone: true,
      apply(value, { signal }) {
        if (by === "id") return first(value, value.id);
        if (typeof by === "function") return first(value, by(value));
        return contentKey(value, signal).then((key) => first(value, key));
      },
    })(input);
  };
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

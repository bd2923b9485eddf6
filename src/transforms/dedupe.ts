/** Transform: drops inputs that repeat an earlier input of the same run. */

import { hash } from "node:crypto";
import { InputError, OptionsError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { DigestSet } from "../core/util/digest-set.js";
import { formatValue } from "../core/util/format/format-value.js";
import { whenThere } from "../core/util/thenable.js";
import { contentKey } from "../formats/files/content-key.js";

type KeyOf = (input: Input) => string | Promise<string>;

/**
 * Drops each input that equals an earlier input of the same run. Inputs are compared by content (SHA-256 of the bytes, the text or the URL; each file
 * is read once for it), by id, or by the string that a function returns, which may be async. A dropped input settles as skipped ("dropped by dedupe").
 *
 * Keeps order and passes the first of equal inputs. Uses 16 to 32 bytes of memory per input. An input settles as failed if its file cannot be read, if
 * the function throws, or if it returns no string (ERR_DEDUPE_KEY).
 *
 * @param by "content", "id" or a function. Default: "content".
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
  throw new InputError(
    "ERR_DEDUPE_KEY",
    `the key must be a string, got ${formatValue(key)}; convert it with String(…)`,
  );
}

/** Reads lists and dictionaries as Python prints them. */

import { InputError } from "../../core/errors.js";
import { outsideStrings, refuseChangedNumbers } from "../../core/util/json/json-text.js";

const words: ReadonlyMap<string, string> = new Map([
  ["True", "true"],
  ["False", "false"],
  ["None", "null"],
]);

/** NaN and infinities as Python and JSON5 write them; JSON has no such numbers. */
const notANumber = /(?<![\w$.])[-+]?(?:nan|inf|NaN|Infinity)(?![\w$])/;
const wordPattern = /(?<![\w$.])(?:True|False|None)(?![\w$]|\s*:)/g;

/**
 * Reads a list or dictionary in Python's notation, or JSON with single quotes, comments or trailing commas. Keeps apostrophes inside of strings.
 *
 * @throws {SyntaxError} for another text
 * @throws {InputError} ERR_NUMBER for NaN, infinities, and numbers that JavaScript would change
 */
export async function pythonLiteral(text: string): Promise<unknown> {
  const { default: json5 } = await import("json5");
  refuseChangedNumbers(text);
  let translated = "";
  let done = 0;
  for (const { start, end } of outsideStrings(text)) {
    const part = text.slice(start, end);
    const [found] = notANumber.exec(part) ?? [];
    if (found !== undefined) {
      throw new InputError("ERR_NUMBER", `JSON has no number ${found}; leave it out, or write None`);
    }
    translated +=
      withLongEscapes(text.slice(done, start)) + part.replace(wordPattern, (word) => words.get(word) ?? word);
    done = end;
  }
  return json5.parse(translated + withLongEscapes(text.slice(done)));
}

/** Decodes Python's escapes for characters beyond U+FFFF, such as `\U0001F30A`, which JSON does not have. */
function withLongEscapes(text: string): string {
  if (!text.includes("\\U")) return text;
  return text.replace(/\\(?:U([\da-fA-F]{8})|.)/gs, (sequence, code?: string) =>
    code !== undefined && Number.parseInt(code, 16) <= 0x10ffff
      ? String.fromCodePoint(Number.parseInt(code, 16))
      : sequence,
  );
}

/** Parses JSON text, and refuses numbers that JavaScript would change silently. */

import { InputError } from "../../errors.js";

/** Only texts with 16 digits in a row or an exponent of two digits can have such a number; most have none. */
const suspicious = /\d{16}|[\d.][eE][+-]?\d\d/;
const numberPattern = /(?<![\w$.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/g;

/**
 * Parses JSON, and refuses a number that JavaScript would change: an integer beyond 2^53 that a double cannot represent, a number that becomes infinite,
 * and a number that becomes 0. Decimal fractions become the nearest double, as in every JSON parser.
 *
 * @throws {SyntaxError} for text that is not JSON
 * @throws {InputError} ERR_NUMBER, naming key and number
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  refuseChangedNumbers(text);
  return value;
}

/** Refuses the first number outside of strings that a double cannot represent. @throws {InputError} ERR_NUMBER */
export function refuseChangedNumbers(text: string): void {
  if (!suspicious.test(text)) return;
  for (const { start, end } of outsideStrings(text)) {
    for (const match of text.slice(start, end).matchAll(numberPattern)) {
      const [literal] = match;
      if (isRepresented(literal)) continue;
      const key = keyBefore(text.slice(0, start + match.index));
      throw new InputError(
        "ERR_NUMBER",
        `${key}the number ${literal} would become ${Number(literal)}; write it as text, in quotes`,
      );
    }
  }
}

/** Yields the parts of a JSON or Python literal that lie outside of strings. */
export function* outsideStrings(text: string): Generator<{ start: number; end: number }> {
  const quotes = /["']/g;
  for (let start = 0; start < text.length; ) {
    quotes.lastIndex = start;
    const open = quotes.exec(text);
    yield { start, end: open ? open.index : text.length };
    if (!open) return;
    let close = open.index + 1;
    for (; close < text.length && text[close] !== open[0]; close += 1) if (text[close] === "\\") close += 1;
    start = close + 1;
  }
}

function isRepresented(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  const { digits, exponent } = decimalOf(literal);
  const nearest = decimalOf(String(value));
  if (digits === nearest.digits && exponent === nearest.exponent) return true;
  const isFraction = exponent < 0;
  return isFraction && value !== 0 && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

/** Splits a number into its digits without zeros at the ends, and a power of ten: 12300 and 1.23e4 are both 123 and 2. */
function decimalOf(literal: string): { digits: string; exponent: number } {
  const [, whole = "", fraction = "", power = "0"] = /^[-+]?(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(literal) ?? [];
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  if (digits === "") return { digits: "0", exponent: 0 };
  return { digits, exponent: Number(power) - fraction.length + all.length - digits.length };
}

/** Returns the key before a value, for an error text. */
function keyBefore(text: string): string {
  const key = /(?:"((?:[^"\\]|\\.){1,60})"|'((?:[^'\\]|\\.){1,60})'|([\w$]{1,60}))\s*:\s*$/.exec(text.slice(-200));
  return key ? `${key[1] ?? key[2] ?? key[3]}: ` : "";
}

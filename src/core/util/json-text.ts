/** Parses JSON text without changing a number in silence. */

import { InputError } from "../errors.js";

/** Most texts have no number that could change: 16 digits in a row, or an exponent of two digits. */
const suspicious = /\d{16}|[\d.][eE][+-]?\d\d/;
const numberPattern = /(?<![\w$.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/g;

/**
 * Parses JSON, and refuses a number that JavaScript would change: an integer beyond 2^53 that a double does not have, one that becomes infinite, and one
 * that becomes 0. Decimal fractions become the nearest double, as in every JSON parser.
 *
 * @throws {SyntaxError} for text that is not JSON
 * @throws {InputError} ERR_NUMBER, naming key and number
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  refuseChangedNumbers(text);
  return value;
}

/** Throws for the first number outside of strings that a double cannot keep. @throws {InputError} ERR_NUMBER */
export function refuseChangedNumbers(text: string): void {
  if (!suspicious.test(text)) return;
  for (const { start, end } of outsideStrings(text)) {
    for (const match of text.slice(start, end).matchAll(numberPattern)) {
      const [literal] = match;
      if (isKept(literal)) continue;
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

function isKept(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  const { digits, exponent } = decimalOf(literal);
  const kept = decimalOf(String(value));
  if (digits === kept.digits && exponent === kept.exponent) return true;
  const isFraction = exponent < 0;
  return isFraction && value !== 0 && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

/** Takes a number apart into its digits without zeros at the ends, and the power of ten behind them: 12300 and 1.23e4 are both 123 and 2. */
function decimalOf(literal: string): { digits: string; exponent: number } {
  const [, whole = "", fraction = "", power = "0"] = /^[-+]?(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(literal) ?? [];
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  if (digits === "") return { digits: "0", exponent: 0 };
  return { digits, exponent: Number(power) - fraction.length + all.length - digits.length };
}

/** Names the key that a value stands behind. */
function keyBefore(text: string): string {
  const key = /(?:"((?:[^"\\]|\\.){1,60})"|'((?:[^'\\]|\\.){1,60})'|([\w$]{1,60}))\s*:\s*$/.exec(text.slice(-200));
  return key ? `${key[1] ?? key[2] ?? key[3]}: ` : "";
}

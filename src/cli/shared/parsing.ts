/** Values of options: checked where they are given, so that a wrong one is named with its option. */

import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { describeError, InputError, OptionsError } from "../../core/errors.js";
import { parseJson } from "../../core/util/json-text.js";

/** A whole number of a range. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** A text that is not empty. */
export function notEmpty(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It must not be empty.");
}

/** One character between cells; a tab may be written as `\\t`. */
export function separator(text: string): string {
  const character = text === "\\t" ? "\t" : text;
  if (character.length === 1 && !/["\r\n]/.test(character)) return character;
  throw new InvalidArgumentError('It must be one character, such as ";" or \\t.');
}

/** An option that may be repeated: its texts, in their order. */
export function several(text: string, before: readonly string[] = []): string[] {
  return [...before, notEmpty(text)];
}

/** As `several`, of some words only. */
export function severalOf<T extends string>(words: readonly T[]): (text: string, before?: readonly T[]) => T[] {
  return (text, before = []) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return [...before, word];
    throw new InvalidArgumentError(`It must be one of ${words.join(", ")}.`);
  };
}

/** `name: value`, or `@file` with one a line: an object. Not an option's own parser, whose errors show the value. @throws {OptionsError} ERR_OPTIONS */
export function headersOf(texts: readonly string[]): Record<string, string> {
  const lines = texts.flatMap((text) => (text.startsWith("@") ? headerLines(text.slice(1)) : [text]));
  const entries = lines.map((line) => {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) {
      throw new OptionsError("ERR_OPTIONS", "--header: it must be `name: value`, or @file with one a line");
    }
    return [name, value];
  });
  return Object.fromEntries(entries);
}

function headerLines(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `--header: ${path} cannot be read: ${describeError(error)}`);
  }
  return text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

/** `key=value`, repeated: an object. A value that is JSON is what it says, any other is text. */
export function keyValue(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("It must be key=value.");
  return { ...before, [key]: parsed(value) };
}

function parsed(value: string): unknown {
  try {
    return parseJson(value);
  } catch (error) {
    const isNumberInside = error instanceof InputError && /^\s*[[{]/.test(value);
    if (isNumberInside) throw new InvalidArgumentError(`${error.message}.`);
    return value; // a number that JavaScript would change stays text
  }
}

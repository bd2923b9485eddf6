/** Parsers for the values of options. Commander adds the name of the option to their errors. */

import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { describeError, OptionsError } from "../../core/errors.js";
import { valueOfText } from "../../core/input/filter/text-values.js";
import type { Json } from "../../core/input/input.js";

/** Returns a parser for whole numbers of a range. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** Parses a text that is not empty. */
export function notEmpty(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It must not be empty.");
}

/** Parses a character that separates cells. A tab may be written as `\\t`. */
export function separator(text: string): string {
  const character = text === "\\t" ? "\t" : text;
  if (character.length === 1 && !/["\r\n]/.test(character)) return character;
  throw new InvalidArgumentError('It must be one character, such as ";" or \\t.');
}

/** Parses an option that may be repeated, and returns its texts in order. */
export function several(text: string, before: readonly string[] = []): string[] {
  return [...before, notEmpty(text)];
}

/** Returns a parser like `several` that accepts only these words. */
export function severalOf<T extends string>(words: readonly T[]): (text: string, before?: readonly T[]) => T[] {
  return (text, before = []) => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return [...before, word];
    throw new InvalidArgumentError(`It must be one of ${words.join(", ")}.`);
  };
}

/**
 * Parses headers: `name: value`, or `@file` with one header a line. It is not the parser of the option, since Commander's errors would print the value,
 * which may be secret.
 *
 * @throws {OptionsError} ERR_OPTIONS
 */
export function headersOf(texts: readonly string[]): Record<string, string> {
  const lines = texts.flatMap((text) => (text.startsWith("@") ? headerLines(text.slice(1)) : [text]));
  const entries = lines.map((line) => {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) {
      throw new OptionsError("ERR_OPTIONS", "--header: it must be `name: value`, or @file with one header a line");
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

/** Short names of fields of `--map`. */
const aliases: Record<string, string> = {
  ...{ lon: "longitude", lng: "longitude", lat: "latitude", location: "geo" },
  ...{ label: "concept", labels: "concepts", datasets: "dataset" },
};

/** Parses the columns of fields: `id=name,text=body`. A part without `=` belongs to the name of the column before it, which has a comma. */
export function columnMap(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const columns: Record<string, string> = { ...before };
  for (const part of text.split(/,(?=[^,=]+=)/)) {
    const [, name, column] = /^\s*([^=]+?)\s*=(.*)$/s.exec(part) ?? [];
    if (name === undefined || column === undefined) throw new InvalidArgumentError("It must be field=column.");
    const field = Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;
    if (Object.hasOwn(columns, field)) throw new InvalidArgumentError(`It names two columns for ${field}.`);
    columns[field] = column.trim();
  }
  return columns;
}

/** Parses a repeated `key=value` into an object. A value that is JSON is parsed; any other value is text. */
export function keyValue(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("It must be key=value.");
  return { ...before, [key]: parsedValue(value) };
}

/** Reads a value as JSON; a text that is not JSON, or a number that JavaScript would change, stays a text. */
export function parsedValue(value: string): Json {
  try {
    return valueOfText(value);
  } catch (error) {
    throw new InvalidArgumentError(`${describeError(error)}.`);
  }
}

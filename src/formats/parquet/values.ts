/** Values of Parquet as JSON, without a silent change. */

import type { ParquetParsers } from "hyparquet";
import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import { parseJson } from "../../core/util/json/json-text.js";

/** A time; whether it is in UTC is known by its column. */
class Time {
  constructor(readonly text: string) {}
}
/** Bytes that should be a text in UTF-8, and are not. */
class BrokenText {}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Readers that keep what those of the library would change: fractions of a millisecond, byte order marks, broken UTF-8, large numbers in JSON. */
export const exactParsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (value) => timeOf(value, 1000n, 3),
  timestampFromMicroseconds: (value) => timeOf(value, 1_000_000n, 6),
  timestampFromNanoseconds: (value) => timeOf(value, 1_000_000_000n, 9),
  dateFromDays: (days) =>
    days === undefined || days === null ? undefined : (dayText(days) ?? `${days} days since 1970`),
  stringFromBytes: textOf,
  jsonFromBytes(bytes) {
    const text = textOf(bytes);
    if (typeof text !== "string") return text;
    try {
      return parseJson(text);
    } catch {
      return text; // no JSON, or a number in it that JavaScript would change
    }
  },
};

function textOf(bytes: Uint8Array | undefined): unknown {
  if (!bytes) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return new BrokenText();
  }
}

function timeOf(value: bigint | undefined, perSecond: bigint, digits: number): Time | undefined {
  if (value === undefined || value === null) return undefined;
  const rest = ((value % perSecond) + perSecond) % perSecond;
  const seconds = (value - rest) / perSecond;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return new Time(`${value} / ${perSecond} s since 1970`);
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(digits, "0").replace(/0+$/, "")}`;
  return new Time(`${date.toISOString().slice(0, -5)}${fraction}`);
}

function dayText(days: number): string | undefined {
  const date = new Date(days * 86_400_000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, -14);
}

/** Thrown for a value that JSON does not have and that stands for a missing one. */
export const missing = Symbol("NaN");

/**
 * Returns a cell as JSON. An integer beyond 2^53 becomes a text of its digits, a time ISO 8601. NaN is not a value.
 *
 * @throws {InputError} ERR_PARQUET_CELL
 */
export function jsonOf(value: unknown, column: string, isUtc: boolean): Json | typeof missing {
  if (value === undefined || value === null) return null;
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "number":
      if (Number.isNaN(value)) return missing;
      if (!Number.isFinite(value)) throw invalidCell(column, `it is ${value}, which JSON does not have`);
      return value;
  }
  if (value instanceof Time) return isUtc ? `${value.text}Z` : value.text;
  if (value instanceof BrokenText) throw invalidCell(column, "its text is not UTF-8");
  if (value instanceof Uint8Array) throw invalidCell(column, "it has bytes, which metadata cannot have");
  const nested = (entry: unknown) => {
    const json = jsonOf(entry, column, isUtc);
    return json === missing ? null : json;
  };
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return Array.from(value as unknown as Iterable<unknown>, nested);
  return Object.fromEntries(Object.entries(value as object).map(([key, entry]) => [key, nested(entry)]));
}

/** Returns the text of a cell. @throws {InputError} ERR_PARQUET_CELL */
export function cellText(value: unknown, column: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (value instanceof BrokenText) throw invalidCell(column, "its text is not UTF-8");
  throw invalidCell(column, "it is not a text");
}

/** Makes the error of a cell that cannot be used. */
export function invalidCell(column: string, fact: string): InputError {
  return new InputError("ERR_PARQUET_CELL", `parquet: the cell of the column "${column}" cannot be used: ${fact}`);
}

/** Reading single fields of requests: each type of the definition has a reader that converts or refuses a value. */

import { statusCodeFrom, statusCodes } from "../../clarifai/wire/status-codes.js";
import { shorten } from "../../core/util/format/shorten.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";

/** Reads the value of a field. Returns undefined for a value that means the same as no field. */
export type FieldReader = (value: Json, strict: boolean) => Json | undefined;

const maxLengthInMessages = 100;

/** A field has a value that its type does not allow. The path is completed while the error leaves the nested messages. */
export class Mismatch extends Error {
  path = "";
  /** Replaces the code that the request uses for mismatches. */
  readonly code: number | undefined;

  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

/** Prepends a field name or an index to the path of a mismatch; other errors pass unchanged. */
export function located(error: unknown, step: string): unknown {
  if (error instanceof Mismatch) error.path = `${step}${/^\w/.test(error.path) ? "." : ""}${error.path}`;
  return error;
}

/** Readers of the types that are no messages. */
export const scalarReaders: Readonly<Record<string, FieldReader>> = {
  any: () => undefined,
  carried: (value) => value,
  unsupported(value, strict) {
    if (!strict || isEmpty(value)) return undefined;
    throw new Mismatch(" is a field that the emulator does not support", statusCodes.NOT_IMPLEMENTED);
  },
  present(value) {
    if (isEmpty(value)) return {};
    throw new Mismatch(" must be an empty object here", statusCodes.NOT_IMPLEMENTED);
  },
  string: readText,
  bytes: readText,
  json: readObject,
  bool(value) {
    if (typeof value !== "boolean") throw mismatch("true or false", value);
    return value || undefined;
  },
  time(value) {
    if (typeof value !== "string" || Number.isNaN(Date.parse(value))) throw mismatch("a time", value);
    return value;
  },
  int: readInteger,
  "int!": readInteger,
  uint: readUnsigned,
  "uint!": readUnsigned,
  float: (value) => readFloat(value) || undefined,
  "float!": (value) => readFloat(value) || undefined,
  // The platform's first clients send true and false for the values of concepts.
  "float=1": (value) => (typeof value === "boolean" ? Number(value) : readFloat(value)),
  "share!": readShare,
  StatusCode: (value) => nonZero(statusCodeFrom(value), value),
};

/** Makes a reader of lists. */
export function listReader(readItem: FieldReader): FieldReader {
  return (value, strict) => {
    if (!Array.isArray(value)) throw mismatch("a list", value);
    const items: Json[] = [];
    for (const [index, item] of value.entries()) {
      try {
        if (item === null) throw new Mismatch(" must not be null");
        items.push(readItem(item, strict) ?? ""); // A list keeps its empty texts.
      } catch (error) {
        throw located(error, `[${index}]`);
      }
    }
    return items.length > 0 ? items : undefined;
  };
}

/** Makes a reader of an enumeration: it takes names and numbers, and returns numbers. */
export function enumReader(names: Readonly<Record<string, number>>): FieldReader {
  return (value) => {
    if (typeof value === "string" && Object.hasOwn(names, value)) return names[value] || undefined;
    const number = typeof value === "boolean" ? Number.NaN : Number(value);
    return nonZero(Object.values(names).includes(number) ? number : undefined, value);
  };
}

/** Returns the value if it is an object. @throws {Mismatch} */
export function readObject(value: Json): JsonObject {
  if (isObject(value)) return value;
  throw mismatch("an object", value);
}

function readText(value: Json): string | undefined {
  if (typeof value !== "string") throw mismatch("a text", value);
  return value === "" ? undefined : value;
}

function readInteger(value: Json): number | undefined {
  const number = readNumber(value);
  if (!Number.isSafeInteger(number)) throw mismatch("a whole number", value);
  return number || undefined;
}

function readUnsigned(value: Json): number | undefined {
  const number = readInteger(value);
  if (number !== undefined && (number < 0 || number > 0xffffffff)) throw mismatch("a whole number from 0", value);
  return number;
}

/** Reads a 32-bit float. 1e39 would become infinite, which JSON cannot write, so it is refused. */
function readFloat(value: Json): number {
  const number = float32(readNumber(value));
  if (!Number.isFinite(number)) throw mismatch("a finite number", value);
  return number;
}

/** Reads a coordinate. A value that is not a number becomes NaN, so that the range check fails only its own item. */
function readShare(value: Json): number | undefined {
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number.NaN;
  const number = readNumber(value);
  return Number.isFinite(number) ? float32(number) || undefined : Number.NaN;
}

function readNumber(value: Json): number {
  if (typeof value === "number") return value;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) throw mismatch("a number", value);
  return number;
}

/** Rounds a number to 32 bits and returns the shortest decimal number that has the same 32 bits. */
function float32(value: number): number {
  const rounded = Math.fround(value);
  if (rounded === value && Number.isInteger(value)) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(rounded.toPrecision(digits));
    if (Math.fround(short) === rounded) return short;
  }
  return Number(rounded.toPrecision(9));
}

function nonZero(number: number | undefined, value: Json): number | undefined {
  if (number === undefined) throw new Mismatch(`: ${quoted(value)} is not known`);
  return number || undefined;
}

/** Whether a value means the same as no field. */
function isEmpty(value: Json): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isEmpty);
  return value === null || value === "" || value === 0 || value === false;
}

function mismatch(expected: string, value: Json): Mismatch {
  return new Mismatch(` must be ${expected}, not ${quoted(value)}`);
}

function quoted(value: Json): string {
  return shorten(JSON.stringify(value), maxLengthInMessages);
}

/** Reading requests: JSON and parameters become what the API's definition makes of them, or are refused. */

import { statusCodeFrom } from "../../clarifai/wire/status-codes.js";
import type { Json, JsonObject } from "../store/model.js";
import { enums, messages, selecting } from "./messages.js";
import { Refusal } from "./status.js";

export interface ReadOptions {
  /**
   * Refuses fields that the definition does not have, or that the emulator does not support. Without it they are ignored, except where they
   * select something.
   */
  strict: boolean;
  /** Code of a refusal. Default: 11100. */
  code?: number | undefined;
}

/** Code of a refusal of a field that the API has and the emulator does not support. */
const notSupported = 10040;

/**
 * Reads a request by its message. Keys come out in snake_case, names of numbers as numbers, floats as 32 bits keep them; what is null,
 * empty or zero is left out, for the definition does not tell it from what is not given.
 *
 * @throws {Refusal} 11100 when a field is not known or holds what it cannot hold, 10040 when the emulator does not support it
 */
export function readMessage(value: JsonObject, name: string, { strict, code = 11100 }: ReadOptions): JsonObject {
  try {
    return readFields(value, fieldsOf(name, true), strict);
  } catch (error) {
    if (error instanceof Mismatch) throw new Refusal(error.code ?? code, `${error.path}${error.message}`);
    throw error;
  }
}

/** Reads parameters: dots nest, a list repeats its name, True is true, and a status is its code. @throws {Refusal} 11102 */
export function readParameters(parameters: URLSearchParams, name: string, strict: boolean): JsonObject {
  const value: JsonObject = {};
  const types = new Map(Object.entries(messages[name] ?? {}));
  for (const [key, text] of parameters) {
    const [first = "", second] = key.split(".").map(snakeCase);
    const type = types.get(first);
    const isFalse = /^(?:false|f|0|)$/i.test(text);
    if (type === "bool") value[first] = isFalse ? false : /^(?:true|t|1)$/i.test(text) || text;
    else if (type === "unsupported" && isFalse) continue;
    else if (type?.endsWith("[]")) {
      const item = type === "string[]" ? text : { code: text };
      value[first] = [...((value[first] as Json[] | undefined) ?? []), item];
    } else if (second !== undefined) value[first] = { ...(value[first] as JsonObject | undefined), [second]: text };
    else value[key] = text;
  }
  return readMessage(value, name, { strict, code: 11102 });
}

/** The number that a 32-bit float keeps, in its shortest form. */
function float32(value: number): number {
  const kept = Math.fround(value);
  if (kept === value && Number.isInteger(value)) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(kept.toPrecision(digits));
    if (Math.fround(short) === kept) return short;
  }
  return Number(kept.toPrecision(9));
}

/** Gives back what a field holds; undefined when that is the same as nothing. */
type Reader = (value: Json, strict: boolean) => Json | undefined;

interface Fields {
  /** Whether what is not known is refused in any case. */
  selects: boolean;
  readers: ReadonlyMap<string, Reader>;
  /** What is shown of fields that are not given. */
  shown: readonly (readonly [name: string, value: number])[];
}

/** A field holds what it cannot hold; its path is put together on the way out. */
class Mismatch extends Error {
  path = "";
  /** The code that goes with it, if it is not that of the request. */
  code: number | undefined;
}

const known = new Map<string, Fields>();

/** The fields of a message; a request may also name its app. */
function fieldsOf(name: string, isRequest = false): Fields {
  const key = isRequest ? `${name} request` : name;
  const there = known.get(key);
  if (there) return there;
  const message = messages[name];
  if (!message) throw new Error(`there is no message ${name}`);
  const types = Object.entries(isRequest ? { user_app_id: "UserAppIDSet", ...message } : message);
  const fields: Fields = {
    selects: selecting.has(name),
    readers: new Map(types.map(([field, type]) => [field, readerOf(type)])),
    shown: types
      .filter(([, type]) => type.endsWith("!") || type.endsWith("=1"))
      .map(([field, type]) => [field, type.endsWith("=1") ? 1 : 0]),
  };
  known.set(key, fields);
  return fields;
}

function readFields(value: JsonObject, { selects, readers, shown }: Fields, isStrict: boolean): JsonObject {
  const strict = isStrict || selects;
  const result: JsonObject = {};
  let name = "";
  try {
    for (const key of Object.keys(value)) {
      name = readers.has(key) ? key : snakeCase(key);
      const reader = readers.get(name);
      const entry = value[key] as Json;
      if (!reader) {
        if (strict) throw new Mismatch(" is not known");
      } else if (entry !== null) {
        const read = reader(entry, strict);
        if (read !== undefined) result[name] = read;
      }
    }
  } catch (error) {
    const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
    if (error instanceof Mismatch) error.path = `${shown}${/^\w/.test(error.path) ? "." : ""}${error.path}`;
    throw error;
  }
  for (const [field, standing] of shown) result[field] ??= standing;
  return result;
}

function readerOf(type: string): Reader {
  if (type.endsWith("[]")) return listReader(readerOf(type.slice(0, -2)));
  const plain = plainReaders[type];
  if (plain) return plain;
  const names = enums[type];
  if (names) return (value) => readEnum(value, names);
  return (value, strict) => readFields(asObject(value), fieldsOf(type), strict); // found when it is needed: messages nest
}

const plainReaders: Readonly<Record<string, Reader>> = {
  any: () => undefined,
  carried: (value) => value,
  unsupported(value, strict) {
    if (!strict || isEmpty(value)) return undefined;
    throw Object.assign(new Mismatch(" is a field that the emulator does not support"), { code: notSupported });
  },
  present(value) {
    if (isEmpty(value)) return {};
    throw Object.assign(new Mismatch(" must be an empty object here"), { code: notSupported });
  },
  string: readText,
  bytes: readText,
  json: asObject,
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
  float: (value) => readFloat(value) || undefined,
  "float!": (value) => readFloat(value) || undefined,
  // The platform's first clients send true and false for the values of concepts.
  "float=1": (value) => (typeof value === "boolean" ? Number(value) : readFloat(value)),
  "share!": readShare,
  StatusCode: (value) => nonZero(statusCodeFrom(value), value),
};

function listReader(readItem: Reader): Reader {
  return (value, strict) => {
    if (!Array.isArray(value)) throw mismatch("a list", value);
    let index = 0;
    try {
      const items: Json[] = [];
      for (; index < value.length; index += 1) {
        const item = value[index] as Json;
        if (item === null) throw new Mismatch(" must not be null");
        items.push(readItem(item, strict) ?? ""); // a list keeps its empty texts
      }
      return items.length > 0 ? items : undefined;
    } catch (error) {
      if (error instanceof Mismatch) error.path = `[${index}]${/^\w/.test(error.path) ? "." : ""}${error.path}`;
      throw error;
    }
  };
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

/** A float that 32 bits can keep: 1e39 is infinite there, and JSON has no way to write that. */
function readFloat(value: Json): number {
  const number = float32(readNumber(value));
  if (!Number.isFinite(number)) throw mismatch("a finite number", value);
  return number;
}

/** A coordinate. What is no number at all becomes NaN, which fails its own item when its range is checked. */
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

function readEnum(value: Json, names: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === "string" && Object.hasOwn(names, value)) return names[value] || undefined;
  const number = typeof value === "boolean" ? Number.NaN : Number(value);
  return nonZero(Object.values(names).includes(number) ? number : undefined, value);
}

function nonZero(number: number | undefined, value: Json): number | undefined {
  if (number === undefined) throw new Mismatch(`: ${shortened(value)} is not known`);
  return number || undefined;
}

function asObject(value: Json): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw mismatch("an object", value);
}

/** Whether a field holds the same as nothing. */
function isEmpty(value: Json): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isEmpty);
  return value === null || value === "" || value === 0 || value === false;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function mismatch(wanted: string, value: Json): Mismatch {
  return new Mismatch(` must be ${wanted}, not ${shortened(value)}`);
}

function shortened(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

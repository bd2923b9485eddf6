/** Reading requests: JSON and parameters become what the API's definition makes of them, or are refused. */

import { statusCodeFrom } from "../core/status-codes.js";
import { enums, type Message, messages } from "./messages.js";
import type { Json, JsonObject } from "./model.js";
import { Refusal } from "./status.js";

export interface ReadOptions {
  /** Refuses what the definition does not have; without it, that is passed over. */
  strict: boolean;
  /** Code of a refusal. */
  code?: number | undefined;
}

/**
 * Reads a request by its message. Keys come out in snake_case, names of numbers as numbers, floats as 32 bits keep them; what is null,
 * empty or zero is left out, for the definition does not tell it from what is not given.
 *
 * @throws {Refusal} 11100 when a field holds what it cannot hold
 */
export function readMessage(value: JsonObject, name: string, options: ReadOptions): JsonObject {
  return readFields(value, { user_app_id: "UserAppIDSet", ...messageOf(name) }, "", options);
}

/** Reads parameters: dots nest, a list repeats its name, True is true, and a status is its code. @throws {Refusal} 11102 */
export function readParameters(parameters: URLSearchParams, name: string, strict: boolean): JsonObject {
  const value: JsonObject = {};
  const message: Message = { user_app_id: "UserAppIDSet", ...messageOf(name) };
  for (const [key, text] of parameters) {
    const [first = "", second] = key.split(".").map(snakeCase);
    const type = message[first];
    if (type === "bool") value[first] = /^(true|t|1)$/i.test(text);
    else if (type?.endsWith("[]")) {
      value[first] = [...((value[first] as Json[] | undefined) ?? []), type === "string[]" ? text : { code: text }];
    } else if (second !== undefined) value[first] = { ...(value[first] as JsonObject | undefined), [second]: text };
    else value[key] = text;
  }
  return readFields(value, message, "", { strict, code: 11102 });
}

/** The number that a 32-bit float keeps, in its shortest form. */
export function float32(value: number): number {
  const kept = Math.fround(value);
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(kept.toPrecision(digits));
    if (Math.fround(short) === kept) return short;
  }
  return Number(kept.toPrecision(9));
}

function readFields(value: JsonObject, message: Message, at: string, options: ReadOptions): JsonObject {
  const result: JsonObject = {};
  for (const [key, entry] of Object.entries(value)) {
    const name = Object.hasOwn(message, key) ? key : snakeCase(key);
    const path = at === "" ? name : `${at}.${name}`;
    if (!Object.hasOwn(message, name)) {
      if (options.strict) throw refusal(`${path} is not known`, options);
      continue;
    }
    const read = entry === null ? undefined : readValue(entry, message[name] as string, path, options);
    if (read !== undefined) result[name] = read;
  }
  for (const [name, type] of Object.entries(message)) {
    if (type.endsWith("!")) result[name] ??= 0;
    else if (type.endsWith("=1")) result[name] ??= 1;
  }
  return result;
}

/** A value of a field; undefined when it is the same as nothing. */
function readValue(value: Json, type: string, at: string, options: ReadOptions): Json | undefined {
  if (type.endsWith("[]")) {
    if (!Array.isArray(value)) throw wrong("a list", value, at, options);
    const items = value.map((item, index) => {
      if (item === null) throw refusal(`${at}[${index}] must not be null`, options);
      return readValue(item, type.slice(0, -2), `${at}[${index}]`, options) ?? ""; // lists keep their empty texts
    });
    return items.length === 0 ? undefined : items;
  }
  switch (type) {
    case "any":
      return undefined;
    case "string":
    case "bytes":
      if (typeof value !== "string") throw wrong("a text", value, at, options);
      return value === "" ? undefined : value;
    case "bool":
      if (typeof value !== "boolean") throw wrong("true or false", value, at, options);
      return value || undefined;
    case "time":
      if (typeof value !== "string" || Number.isNaN(Date.parse(value))) throw wrong("a time", value, at, options);
      return value;
    case "json":
      return asObject(value, at, options);
    case "int":
    case "int!":
      return readNumber(value, at, options, Number.isSafeInteger) || undefined;
    case "float":
    case "float!":
      return float32(readNumber(value, at, options, Number.isFinite)) || undefined;
    case "float=1":
      return float32(readNumber(value, at, options, Number.isFinite));
    case "StatusCode":
      return named(statusCodeFrom(value), value, at, options);
  }
  const names = enums[type];
  if (!names) return readFields(asObject(value, at, options), messageOf(type), at, options);
  if (typeof value === "string" && Object.hasOwn(names, value)) return names[value] || undefined;
  const number = typeof value === "boolean" ? Number.NaN : Number(value);
  return named(Object.values(names).includes(number) ? number : undefined, value, at, options);
}

function readNumber(value: Json, at: string, options: ReadOptions, isRight: (number: number) => boolean): number {
  // The platform's first clients send true and false for the values of concepts.
  const isBoolean = typeof value === "boolean" && !options.strict;
  const isText = typeof value === "string" && value.trim() !== "";
  const number = typeof value === "number" || isText || isBoolean ? Number(value) : Number.NaN;
  if (!isRight(number)) throw wrong("a number", value, at, options);
  return number;
}

function named(code: number | undefined, value: Json, at: string, options: ReadOptions): number | undefined {
  if (code === undefined) throw refusal(`${at}: ${JSON.stringify(value)} is not known`, options);
  return code || undefined;
}

function asObject(value: Json, at: string, options: ReadOptions): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw wrong("an object", value, at, options);
}

function messageOf(name: string): Message {
  const message = messages[name];
  if (!message) throw new Error(`no message ${name}`);
  return message;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function wrong(wanted: string, value: Json, at: string, options: ReadOptions): Refusal {
  const text = JSON.stringify(value);
  return refusal(`${at} must be ${wanted}, not ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`, options);
}

function refusal(details: string, { code = 11100 }: ReadOptions): Refusal {
  return new Refusal(code, details);
}

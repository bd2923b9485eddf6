/** Reading requests: bodies and parameters are converted by the API's definition, or refused. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { shorten } from "../../core/util/format/shorten.js";
import type { Json, JsonObject } from "../../core/util/json/json-values.js";
import {
  enumReader,
  type FieldReader,
  listReader,
  located,
  Mismatch,
  readObject,
  scalarReaders,
} from "./field-readers.js";
import { enums } from "./messages/message.js";
import { messages, selectingMessages } from "./messages/messages.js";
import { Refusal } from "./refusals.js";

export interface ReadOptions {
  /**
   * Refuses fields that the definition does not have, or that the emulator does not support. Otherwise they are ignored, except in messages that
   * select inputs.
   */
  strict: boolean;
  /** Code of a refusal. Default: 11100. */
  code?: number | undefined;
}

const maxNameLengthInMessages = 60;

/**
 * Reads a request by its message.
 *
 * The result has keys in snake_case, numbers for the names of enumerations, and floats rounded to 32 bits. Fields that are null, empty or zero are
 * left out, because the definition does not distinguish them from missing fields.
 *
 * @throws {Refusal} 11100 if a field is unknown or has a value of another type, 10040 if the emulator does not support the field
 */
export function readMessage(value: JsonObject, name: string, options: ReadOptions): JsonObject {
  const { strict, code = statusCodes.CONN_BAD_REQUEST_FORMAT } = options;
  try {
    return readFields(value, fieldsOf(name, true), strict);
  } catch (error) {
    if (error instanceof Mismatch) throw new Refusal(error.code ?? code, `${error.path}${error.message}`);
    throw error;
  }
}

/**
 * Reads the parameters of an address by their message. A dot in a name makes an object, a repeated name makes a list, and "True" is true.
 *
 * @throws {Refusal} 11102, 10040
 */
export function readParameters(parameters: URLSearchParams, name: string, strict: boolean): JsonObject {
  const value: JsonObject = {};
  const types = new Map(Object.entries(messages[name] ?? {}));
  for (const [key, text] of parameters) {
    const [first = "", second] = key.split(".").map(snakeCase);
    const type = types.get(first);
    const isFalse = /^(?:false|f|0|)$/i.test(text);
    if (type === "unsupported" && isFalse) continue;
    if (type === "bool") {
      value[first] = isFalse ? false : /^(?:true|t|1)$/i.test(text) || text;
    } else if (type?.endsWith("[]")) {
      const item = type === "string[]" ? text : { code: text };
      value[first] = [...((value[first] as Json[] | undefined) ?? []), item];
    } else if (second !== undefined) {
      value[first] = { ...(value[first] as JsonObject | undefined), [second]: text };
    } else {
      value[key] = text;
    }
  }
  return readMessage(value, name, { strict, code: statusCodes.CONN_INVALID_REQUEST });
}

/** The fields of a message, ready to read. */
interface MessageFields {
  /** Unknown fields are refused even without `strict`. */
  selects: boolean;
  readers: ReadonlyMap<string, FieldReader>;
  /** Values of fields that the request omits. */
  defaults: readonly (readonly [name: string, value: number])[];
}

const fieldsByMessage = new Map<string, MessageFields>();

/** Returns the fields of a message. The message of a request may also name its app. */
function fieldsOf(name: string, isRequest = false): MessageFields {
  const key = isRequest ? `${name} request` : name;
  const cached = fieldsByMessage.get(key);
  if (cached) return cached;
  const message = messages[name];
  if (!message) throw new Error(`the message ${name} is not defined`);
  const types = Object.entries(isRequest ? { user_app_id: "UserAppIDSet", ...message } : message);
  const fields: MessageFields = {
    selects: selectingMessages.has(name),
    readers: new Map(types.map(([field, type]) => [field, readerOf(type)])),
    defaults: types
      .filter(([, type]) => type.endsWith("!") || type.endsWith("=1"))
      .map(([field, type]) => [field, type.endsWith("=1") ? 1 : 0]),
  };
  fieldsByMessage.set(key, fields);
  return fields;
}

function readerOf(type: string): FieldReader {
  if (type.endsWith("[]")) return listReader(readerOf(type.slice(0, -2)));
  const scalar = scalarReaders[type];
  if (scalar) return scalar;
  const names = enums[type];
  if (names) return enumReader(names);
  // Messages nest in themselves, so the fields are resolved only when a value is read.
  return (value, strict) => readFields(readObject(value), fieldsOf(type), strict);
}

function readFields(value: JsonObject, { selects, readers, defaults }: MessageFields, isStrict: boolean): JsonObject {
  const strict = isStrict || selects;
  const result: JsonObject = {};
  for (const [key, entry] of Object.entries(value)) {
    const name = readers.has(key) ? key : snakeCase(key);
    try {
      const read = readField(readers.get(name), entry, strict);
      if (read !== undefined) result[name] = read;
    } catch (error) {
      throw located(error, shorten(name, maxNameLengthInMessages));
    }
  }
  for (const [name, number] of defaults) result[name] ??= number;
  return result;
}

function readField(reader: FieldReader | undefined, value: Json, strict: boolean): Json | undefined {
  if (reader && value !== null) return reader(value, strict);
  if (!reader && strict) throw new Mismatch(" is not known");
  return undefined;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

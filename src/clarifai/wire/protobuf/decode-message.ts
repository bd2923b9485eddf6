/** Decodes the messages of exports into the JSON that the API writes. */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { InputError } from "../../../core/errors.js";
import type { Json, JsonObject } from "../../../core/util/json/json-values.js";
import { exportMessages, zeroFields } from "./export-messages.js";
import { protoFields } from "./fields.js";

/** Deepest nesting of messages, against archives that are made to exhaust the stack. */
const maxDepth = 60;

/** Decodes a batch of inputs: a message whose field 1 is a list of inputs. Throws if the bytes are no message. */
export function* inputsOfBatch(bytes: Uint8Array): Generator<() => JsonObject, void> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== 1 || type !== WireType.LengthDelimited)
      throw new Error(`the batch has the field ${field}, and only 1 is known`);
    const input = reader.bytes();
    yield () => decodeMessage(input, "Input", 0);
  }
}

/** Decodes a message. @throws {InputError} ERR_EXPORT_FIELD for a field that this release does not know */
function decodeMessage(bytes: Uint8Array, name: string, depth: number): JsonObject {
  if (depth > maxDepth)
    throw new InputError("ERR_EXPORT_FIELD", `the input has more than ${maxDepth} levels of messages`);
  if (name === "Struct") return decodeStruct(bytes, depth);
  const fields = exportMessages[name];
  const message: Record<string, Json> = {};
  for (const zero of zeroFields[name] ?? []) message[zero] = 0;
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields?.[number];
    if (!field && name !== "Input") throw unknownField(name, number);
    const [key, type] = field ?? ["", "derived"];
    if (type === "derived") {
      reader.skip(wireType, number);
      continue;
    }
    const value = readValue(reader, type.replace("[]", ""), depth);
    if (!type.endsWith("[]")) message[key] = value;
    else message[key] = [...((message[key] as Json[] | undefined) ?? []), value];
  }
  return message;
}

function readValue(reader: BinaryReader, type: string, depth: number): Json {
  if (type === "string") return reader.string();
  if (type === "float") return shortest(reader.float());
  if (type === "int") return reader.uint32();
  if (type === "bool") return reader.bool();
  const bytes = reader.bytes();
  return type === "bytes" ? Buffer.from(bytes).toString("base64") : decodeMessage(bytes, type, depth + 1);
}

/** Returns the decimal number with the fewest digits that has the same 32 bits, as JSON of the API writes it. */
function shortest(float: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const decimal = Number(float.toPrecision(digits));
    if (Math.fround(decimal) === float) return decimal;
  }
  return float;
}

function decodeStruct(bytes: Uint8Array, depth: number): JsonObject {
  const { MapEntry } = protoFields;
  const entries: [string, Json][] = [];
  for (const entry of fieldsOf(bytes)) {
    let key = "";
    let value: Json = null;
    const reader = new BinaryReader(entry);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === MapEntry.key) key = reader.string();
      else if (field === MapEntry.value) value = decodeValue(reader.bytes(), depth + 1);
      else reader.skip(type, field);
    }
    entries.push([key, value]);
  }
  return Object.fromEntries(entries); // keeps a key such as "__proto__" as it is
}

function decodeValue(bytes: Uint8Array, depth: number): Json {
  if (depth > maxDepth) throw new InputError("ERR_EXPORT_FIELD", `the metadata have more than ${maxDepth} levels`);
  const { Value } = protoFields;
  const reader = new BinaryReader(bytes);
  let value: Json = null;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === Value.numberValue) value = reader.double();
    else if (field === Value.stringValue) value = reader.string();
    else if (field === Value.boolValue) value = reader.bool();
    else if (field === Value.structValue) value = decodeStruct(reader.bytes(), depth + 1);
    else if (field === Value.listValue)
      value = [...fieldsOf(reader.bytes())].map((item) => decodeValue(item, depth + 1));
    else reader.skip(type, field); // null, which has a number of its own
  }
  return value;
}

/** Yields the bytes of field 1, the only one of a Struct and of a ListValue. */
function* fieldsOf(bytes: Uint8Array): Generator<Uint8Array, void> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) yield reader.bytes();
    else reader.skip(type, field);
  }
}

function unknownField(message: string, number: number): InputError {
  const text = `the field ${number} of ${message} is not known to this release, and is not dropped`;
  return new InputError(
    "ERR_EXPORT_FIELD",
    `${text}; export the version as clarifai_data_json, which carries every field`,
  );
}

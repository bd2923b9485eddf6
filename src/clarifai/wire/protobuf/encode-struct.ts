/** Encodes JSON objects as protobuf structs. */

import { type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { InputError } from "../../../core/errors.js";
import type { Json } from "../../../core/input/input.js";
import { protoFields } from "./fields.js";

const { Struct, MapEntry, Value, ListValue } = protoFields;

/** Nesting that readers of protobuf accept at least, with a reserve for the messages around the value. */
const maxDepth = 30;

/** Writes the fields of an object as those of a Struct, without its length. @throws {InputError} ERR_METADATA, ERR_TEXT_ENCODING */
export function writeStruct(writer: BinaryWriter, object: { readonly [key: string]: Json }, depth = 0): void {
  if (depth > maxDepth) {
    throw new InputError(
      "ERR_METADATA",
      `the metadata has more than ${maxDepth} levels; gRPC carries no more, so use wire: "rest"`,
    );
  }
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue; // JSON.stringify leaves it out
    writer.tag(Struct.fields, WireType.LengthDelimited).fork();
    writeString(writer, MapEntry.key, key);
    writer.tag(MapEntry.value, WireType.LengthDelimited).fork();
    writeValue(writer, value, depth);
    writer.join().join();
  }
}

/** Writes a text that is valid Unicode; protobuf has no form for half a surrogate pair. @throws {InputError} ERR_TEXT_ENCODING */
export function writeString(writer: BinaryWriter, field: number, text: string): void {
  if (!text.isWellFormed()) {
    const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
    throw new InputError(
      "ERR_TEXT_ENCODING",
      `${shown} has half a surrogate pair, which gRPC cannot carry; leave it out`,
    );
  }
  writer.tag(field, WireType.LengthDelimited).string(text);
}

function writeValue(writer: BinaryWriter, value: Json, depth: number): void {
  switch (typeof value) {
    case "number":
      writer.tag(Value.numberValue, WireType.Bit64).double(value + 0); // JSON has no -0 either
      return;
    case "string":
      writeString(writer, Value.stringValue, value);
      return;
    case "boolean":
      writer.tag(Value.boolValue, WireType.Varint).bool(value);
      return;
    default:
      break;
  }
  if (Array.isArray(value)) {
    writer.tag(Value.listValue, WireType.LengthDelimited).fork();
    for (const entry of value as readonly Json[]) {
      writer.tag(ListValue.values, WireType.LengthDelimited).fork();
      writeValue(writer, entry, depth + 1);
      writer.join();
    }
    writer.join();
  } else if (typeof value === "object" && value !== null) {
    writer.tag(Value.structValue, WireType.LengthDelimited).fork();
    writeStruct(writer, value as { readonly [key: string]: Json }, depth + 1);
    writer.join();
  } else writer.tag(Value.nullValue, WireType.Varint).int32(0);
}

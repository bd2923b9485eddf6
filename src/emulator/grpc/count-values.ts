/** Limits the number of values in a message: a value needs much more memory than its few bytes. */

import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { Refusal } from "../wire/refusals.js";

/** The limit of REST is higher, because a value of JSON needs less memory. */
const maxValues = 1_000_000;
/** A value has at least a key and one byte. */
const minValueBytes = 2;
/** Numbers of a packed list have no keys. Four bytes of them count as one value. */
const packedBytes = 4;
/** Deeper messages are refused when they are decoded. */
const maxDepth = 100;

/** The definition of a nested message: of a field, or of the entries of a map, whose value it is. */
type Inner = { message: DescMessage } | { entryWith: DescMessage | undefined };

/** Refuses a message with too many values. @throws {Refusal} 11100 */
export function checkValueCount(message: DescMessage, bytes: Uint8Array): void {
  if (bytes.length < maxValues * minValueBytes) return;
  const counter = { values: 0 };
  count(new BinaryReader(bytes), bytes.length, { message }, counter, 0);
}

function count(reader: BinaryReader, end: number, inner: Inner, counter: { values: number }, depth: number): void {
  while (reader.pos < end) {
    const [fieldNumber, type] = reader.tag();
    counter.values += 1;
    if (type !== WireType.LengthDelimited) {
      reader.skip(type, fieldNumber);
    } else {
      const length = reader.uint32();
      const next = innerOf(inner, fieldNumber);
      if (next === "packed") counter.values += length / packedBytes;
      else if (next && depth < maxDepth) count(reader, reader.pos + length, next, counter, depth + 1);
      if (!next || next === "packed" || depth >= maxDepth) reader.pos += length;
    }
    if (counter.values <= maxValues) continue;
    throw new Refusal(statusCodes.CONN_BAD_REQUEST_FORMAT, `the message has more than ${maxValues} values`);
  }
}

/** Returns what a field with bytes contains. Undefined: a text or plain bytes. */
function innerOf(inner: Inner, fieldNumber: number): Inner | "packed" | undefined {
  if ("entryWith" in inner) return fieldNumber === 2 && inner.entryWith ? { message: inner.entryWith } : undefined;
  const field = inner.message.fields.find(({ number }) => number === fieldNumber);
  if (!field) return undefined;
  if (field.fieldKind === "map") return { entryWith: field.message };
  if (field.message) return { message: field.message };
  return field.fieldKind === "list" && field.packed ? "packed" : undefined;
}

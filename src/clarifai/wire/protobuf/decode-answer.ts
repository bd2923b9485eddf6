/** Decodes the answers of gRPC calls into the JSON that the REST API answers with, as far as uploads read it. */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { protoFields } from "./fields.js";

type Json = Record<string, unknown>;

/** Decodes a MultiInputResponse: its status, and id and status of its inputs. Throws if the bytes are no message. */
export function decodeInputsAnswer(bytes: Uint8Array): Json {
  const { MultiInputResponse } = protoFields;
  const inputs: Json[] = [];
  const answer: Json = { inputs };
  eachField(bytes, (field, value) => {
    if (field === MultiInputResponse.status) answer.status = decodeStatus(value);
    else if (field === MultiInputResponse.inputs) inputs.push(decodeInput(value));
  });
  return answer;
}

/** Decodes an answer that has a status in its field 1, as all answers of the API have. Throws if the bytes are no message. */
export function decodeStatusAnswer(bytes: Uint8Array): Json {
  const answer: Json = {};
  eachField(bytes, (field, value) => {
    if (field === protoFields.SingleStatusCodeResponse.status) answer.status = decodeStatus(value);
  });
  return answer;
}

function decodeInput(bytes: Uint8Array): Json {
  const { Input } = protoFields;
  const input: Json = {};
  eachField(bytes, (field, value) => {
    if (field === Input.id) input.id = textOf(value);
    else if (field === Input.status) input.status = decodeStatus(value);
  });
  return input;
}

function decodeStatus(bytes: Uint8Array): Json {
  const { Status } = protoFields;
  const status: Json = {};
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === Status.code && type === WireType.Varint) status.code = reader.int32();
    else if (field === Status.description && type === WireType.LengthDelimited) status.description = reader.string();
    else if (field === Status.details && type === WireType.LengthDelimited) status.details = reader.string();
    else if (field === Status.reqId && type === WireType.LengthDelimited) status.req_id = reader.string();
    else reader.skip(type, field);
  }
  return status;
}

/** Calls `take` with each field that has bytes: messages and texts. */
function eachField(bytes: Uint8Array, take: (field: number, value: Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === WireType.LengthDelimited) take(field, reader.bytes());
    else reader.skip(type, field);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** The messages of gRPC as the JSON that routes read and answer. */

import { type DescMessage, fromBinary, fromJson, type Registry, toBinary, toJson } from "@bufbuild/protobuf";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import { GrpcError, grpcCodes } from "./grpc-error.js";

/**
 * Converts a message to the JSON of its request.
 *
 * Names are those of the definition, enumerations are numbers. Fields that the definition does not have are ignored.
 *
 * @throws {GrpcError} INTERNAL: the message is not valid protobuf, or has a value that JSON cannot express
 */
export function requestJson(desc: DescMessage, bytes: Uint8Array, registry: Registry): JsonObject {
  try {
    const message = fromBinary(desc, bytes, { readUnknownFields: false });
    const json = toJson(desc, message, { registry, enumAsInteger: true, useProtoFieldName: true }) as JsonObject;
    return withZeroValues(desc, json) as JsonObject;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GrpcError(grpcCodes.INTERNAL, `the message is not a valid ${desc.typeName}: ${reason}`);
  }
}

/**
 * Adds the value 0 to concepts without a value.
 *
 * JSON does not write a 0, and routes read a concept without a value as 1, because REST defines it so. On the wire of gRPC, it means 0.
 */
function withZeroValues(desc: DescMessage, json: Json): Json {
  if (Array.isArray(json)) return json.map((item) => withZeroValues(desc, item));
  if (!isObject(json) || desc.typeName.startsWith("google.protobuf.")) return json;
  if (desc.typeName === "clarifai.api.Concept") json.value ??= 0;
  for (const { name, message, fieldKind } of desc.fields) {
    const value = json[name];
    if (message && fieldKind !== "map" && value !== undefined) json[name] = withZeroValues(message, value);
  }
  return json;
}

/** Converts the JSON of an answer to its message. Fields that the definition does not have are left out. */
export function answerBytes(desc: DescMessage, json: JsonObject, registry: Registry): Uint8Array {
  return toBinary(desc, fromJson(desc, json as never, { registry, ignoreUnknownFields: true }));
}

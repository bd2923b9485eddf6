/** Reads the inputs of one batch of an export. */

import { describeError, InputError } from "../../../core/errors.js";
import { decodeData, readContent } from "../../../core/input/content.js";
import { isDeeper } from "../../../core/input/frozen-json.js";
import type { ReadableContent } from "../../../core/input/input.js";
import { parseJson } from "../../../core/util/json/json-text.js";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import { inputsOfBatch } from "../../wire/protobuf/decode-message.js";

import { bytesOfEntry } from "./entry-size.js";

/** Largest batch, in bytes: it is in memory as a whole. */
const maxBatchBytes = 128_000_000;
/** Maximum number of levels of an input in JSON: those of the metadata, and of the fields around them. */
const maxDepth = 110;

/** The inputs of a batch. Each is a function, because one that cannot be read does not concern the others. */
export type BatchInputs = Iterable<() => JsonObject>;

/** Reads a batch. @throws {InputError} ERR_EXPORT_BATCH, ERR_JSON, and the errors of the archive */
export async function readBatch(
  content: ReadableContent,
  encoding: "protobuf" | "json",
  signal: AbortSignal,
): Promise<BatchInputs> {
  const sizeBytes = bytesOfEntry(content);
  if (sizeBytes > maxBatchBytes) {
    throw new InputError("ERR_EXPORT_BATCH", `the batch has ${sizeBytes} bytes; the limit is ${maxBatchBytes}`);
  }
  const bytes = await readContent(content, signal);
  return encoding === "protobuf" ? inputsInMessage(bytes) : inputsInJson(bytes);
}

function inputsInMessage(bytes: Uint8Array): BatchInputs {
  try {
    return [...inputsOfBatch(bytes)];
  } catch (error) {
    throw new InputError("ERR_EXPORT_BATCH", `the batch is not a message: ${describeError(error)}`, { cause: error });
  }
}

function inputsInJson(bytes: Uint8Array): BatchInputs {
  const text = decodeData(bytes, "the batch");
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("ERR_JSON", `the batch is not JSON: ${describeError(error)}`, { cause: error });
  }
  const inputs = isObject(value) ? value.inputs : undefined;
  if (!Array.isArray(inputs)) throw new InputError("ERR_EXPORT_BATCH", "the batch has no list of inputs");
  return inputs.map((input: unknown) => () => {
    if (!isObject(input)) throw new InputError("ERR_INPUT_SHAPE", "an input of the batch is not an object");
    if (isDeeper(input, maxDepth))
      throw new InputError("ERR_INPUT_SHAPE", `the input is nested more than ${maxDepth} levels deep`);
    return input as JsonObject;
  });
}

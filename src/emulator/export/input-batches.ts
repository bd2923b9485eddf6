/** Archives of batches of inputs, in protobuf or in JSON: only `id` and `data` of each input are set. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { type OutgoingContext, outgoingData, outgoingInput } from "../wire/outgoing.js";
import { joinData, type SnapshotInput } from "./snapshot.js";
import type { ZipFile } from "./zip-file.js";

/** The folder of the batches. The name of a folder is the split of its inputs, and a dataset of the emulator has no splits. */
const split = "all";
/** Largest number of inputs in a batch, and the size of its JSON after which it ends. */
const maxInputs = 128;
const maxLength = 4_000_000;

/** The only field of the message InputBatch. */
const inputsField = 1;

export type BatchFormat = "protobuf" | "json";

/** Writes the archive: the entry `mimetype`, and one entry for each batch, whose name ends with `_n` and the number of its inputs. */
export async function writeBatches(
  zip: ZipFile,
  format: BatchFormat,
  inputs: Iterable<SnapshotInput>,
  context: OutgoingContext,
): Promise<void> {
  await zip.add("mimetype", [Buffer.from(`application/x.clarifai-data+${format}`)]);
  const encode = format === "json" ? encodeJson : await protobufEncoder();
  let number = 0;
  for (const batch of batchesOf(inputs, context)) {
    number += 1;
    await zip.add(`${split}/${String(number).padStart(6, "0")}_n${batch.length}`, [encode(batch)]);
    await new Promise<void>((resolve) => setImmediate(resolve)); // requests get their turn
  }
}

/** Returns an input as an export has it. */
export function exportedInput({ row, fields, annotations }: SnapshotInput, context: OutgoingContext): JsonObject {
  const { id, data } = outgoingInput(row, context, { media: JSON.parse(row.media) as JsonObject, fields });
  const drawn = annotations.map((annotation) => outgoingData(annotation, context));
  return { id: id as string, data: joinData([data as JsonObject, ...drawn]) };
}

function* batchesOf(inputs: Iterable<SnapshotInput>, context: OutgoingContext): Generator<JsonObject[], void> {
  let batch: JsonObject[] = [];
  let length = 0;
  for (const input of inputs) {
    const exported = exportedInput(input, context);
    batch.push(exported);
    length += JSON.stringify(exported).length;
    if (batch.length < maxInputs && length < maxLength) continue;
    yield batch;
    batch = [];
    length = 0;
  }
  if (batch.length > 0) yield batch;
}

function encodeJson(batch: readonly JsonObject[]): Buffer {
  return Buffer.from(JSON.stringify({ inputs: batch }));
}

/** Loads the definitions of messages, which the emulator otherwise loads only for gRPC. */
async function protobufEncoder(): Promise<(batch: readonly JsonObject[]) => Uint8Array> {
  const [{ loadRegistry }, { answerBytes }] = await Promise.all([
    import("../wire/registry.js"),
    import("../grpc/request-json.js"),
  ]);
  const registry = loadRegistry();
  const input = registry.getMessage("clarifai.api.Input");
  if (!input) throw new Error("the definitions have no message clarifai.api.Input");
  return (batch) => {
    const writer = new BinaryWriter();
    for (const one of batch) writer.tag(inputsField, WireType.LengthDelimited).bytes(answerBytes(input, one, registry));
    return writer.finish();
  };
}

/** Finds out how an export archive is built, by the names of its entries. */

import { FlowError, SourceError } from "../../../core/errors.js";
import { readContent } from "../../../core/input/content.js";
import type { ReadableContent } from "../../../core/input/input.js";
import type { ArchiveEntry } from "../../../formats/archive/entry.js";
import { zipEntries } from "../../../formats/archive/zip-entries.js";
import { bytesOfEntry } from "./entry-size.js";

/** Batches of inputs of the platform, or files of inputs and annotations of the vendor's SDK. */
export type Layout =
  | { kind: "batches"; encoding: "protobuf" | "json" }
  | { kind: "files"; records: ReadonlyMap<string, ReadableContent> };

const mimeTypePrefix = "application/x.clarifai-data+";
/** Longest content of the entry `mimetype`, in bytes. */
const maxMimeTypeBytes = 100;

/** A file of an input or of its annotations: `train/inputs/photo-1.png`, `train/annotations/photo-1.json`. */
export const fileName = /^(?:(.+)\/)?(inputs|annotations)\/([^/]+)\.(png|txt|mp3|mp4|json)$/;

/**
 * Reads the directory of the archive. The annotation files of the SDK's layout are indexed by split and id, about 300 bytes of memory for each.
 *
 * @throws {SourceError} ERR_EXPORT_ARCHIVE
 */
export async function layoutOf(path: string, signal: AbortSignal): Promise<Layout> {
  const records = new Map<string, ReadableContent>();
  let hasInputs = false;
  let hasJson = false;
  for await (const entry of zipEntries(path)) {
    signal.throwIfAborted();
    if (entry.name === "mimetype") return { kind: "batches", encoding: await encodingOf(path, entry) };
    hasJson ||= entry.name.endsWith(".json");
    const [, split = "", folder, id = ""] = fileName.exec(entry.name) ?? [];
    hasInputs ||= folder === "inputs";
    if (folder === "annotations" && "content" in entry) records.set(keyOf(split, id), entry.content);
  }
  if (hasInputs) return { kind: "files", records };
  const coco = "a COCO archive has no inputs, only boxes and polygons; export the version as clarifai_data_json";
  throw notAnExport(path, hasJson ? coco : "it has neither the entry mimetype nor files in inputs/");
}

/** Whether a zip archive is an export of the platform: it has an entry `mimetype` that says so. */
export async function isPlatformExport(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await layoutOf(path, signal)).kind === "batches";
  } catch (error) {
    if (error instanceof FlowError) return false;
    throw error;
  }
}

/** Makes the key of an annotation file. */
export function keyOf(split: string, id: string): string {
  return `${split}/${id}`;
}

async function encodingOf(path: string, entry: ArchiveEntry): Promise<"protobuf" | "json"> {
  if (!("content" in entry)) throw notAnExport(path, "its entry mimetype cannot be read");
  const sizeBytes = bytesOfEntry(entry.content);
  if (sizeBytes > maxMimeTypeBytes) throw notAnExport(path, `its entry mimetype has ${sizeBytes} bytes`);
  const type = (await readContent(entry.content)).toString("utf8").trim();
  const encoding = type.startsWith(mimeTypePrefix) ? type.slice(mimeTypePrefix.length) : "";
  if (encoding === "protobuf" || encoding === "json") return encoding;
  throw notAnExport(path, `its entry mimetype is ${JSON.stringify(type)}`);
}

function notAnExport(path: string, fact: string): SourceError {
  return new SourceError("ERR_EXPORT_ARCHIVE", `datasetExport: ${path} is not an export of a dataset: ${fact}`);
}

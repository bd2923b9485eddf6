/** Makes inputs of the entries of an archive: their bytes go to files of the store. */

import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { limits } from "../../clarifai/limits.js";
import { InputError } from "../../core/errors.js";
import { decodeText, openContent, readContent } from "../../core/input/content.js";
import { describeContent } from "../../core/input/describe.js";
import type { ReadableContent } from "../../core/input/input.js";
import type { Kind } from "../../core/input/kinds.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import type { ArchiveEntry } from "../../formats/archive/entry.js";
import type { MediaFiles, StoredMedia } from "../media/media-files.js";

/** Fields that every input of an archive gets, and what to do with an id that exists. */
export interface IngestPlan {
  data: JsonObject;
  datasets: string[];
  suffix: boolean;
}

/** What an entry becomes: an input, a failed input, or nothing. */
export type EntryResult = { kind: Kind; value: JsonObject; stored?: StoredMedia } | "failed" | "ignored";

/** Longer ids end with a hash. */
const hashLength = 12;

/**
 * Returns the id of the input of an entry: its path without the ending, in the characters of an id. The API does not say how ids of unpacked inputs are made;
 * its resolution of conflicts implies that names decide.
 */
export function idOfEntry(name: string): string | undefined {
  const id = name
    .replace(/\.[^./]*$/, "")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (id.length <= limits.maxIdLength) return id === "" ? undefined : id;
  return `${id.slice(0, limits.maxIdLength - hashLength - 1)}-${hash("sha256", name, "hex").slice(0, hashLength)}`;
}

/** Reads an entry. Files that are no media or texts are ignored, as are hidden files. @throws errors of the disk */
export async function readEntry(
  entry: ArchiveEntry,
  { data, datasets }: IngestPlan,
  files: MediaFiles,
  placeholder: string,
): Promise<EntryResult> {
  if ("error" in entry) return "failed";
  if ("skipped" in entry || entry.name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX"))
    return "ignored";
  const { name, content } = entry;
  try {
    const { kind, text } = await describeContent(content, undefined, name);
    if (kind === undefined) return "ignored";
    const id = idOfEntry(name);
    const common = { ...(id === undefined ? {} : { id }), ...(datasets.length > 0 ? { dataset_ids: datasets } : {}) };
    if (kind === "text") {
      const raw = text ?? decodeText(await readContent(content), name);
      return { kind, value: { ...common, data: { ...data, text: { raw } } } };
    }
    const stored = await store(content, kind, name, files);
    return { kind, value: { ...common, data: { ...data, [kind]: { base64: placeholder } } }, stored };
  } catch (error) {
    if (error instanceof InputError) return "failed"; // of the entry: its bytes, its type, its checksum
    throw error;
  }
}

async function store(content: ReadableContent, kind: Kind, name: string, files: MediaFiles): Promise<StoredMedia> {
  const maxBytes = kind === "video" ? limits.maxLargeVideoBytes : limits.maxItemBytes[kind];
  const writer = files.create();
  let checksum = 0;
  try {
    for await (const chunk of openContent(content)) {
      checksum = crc32(chunk, checksum);
      if (writer.sizeBytes + chunk.length > maxBytes)
        throw new InputError("ERR_ITEM_TOO_LARGE", `${name} has more than ${maxBytes} bytes`);
      writer.write(Buffer.from(chunk));
    }
    checkStored(content, name, checksum);
  } catch (error) {
    writer.discard();
    throw error;
  }
  return { ...writer.finish(true), isUnpacked: true };
}

/** Compares the checksum of an entry that a zip stores without compression; the opener compares those of the others. */
function checkStored(content: ReadableContent, name: string, checksum: number): void {
  if (!("path" in content) || !/^[0-9a-f]{8}$/.test(content.version ?? "")) return;
  const found = checksum.toString(16).padStart(8, "0");
  if (found !== content.version)
    throw new InputError("ERR_ARCHIVE_DAMAGED", `${name}: its checksum is ${found}, not ${content.version}`);
}

/** Parts of remote archives: entries that lie there unpacked, and bytes for readers of archives. */

import { openUri } from "../../core/content/open-uri.js";
import { defineOpener, type OpenRange } from "../../core/content/openers.js";
import type { UriContent } from "../../core/input/input.js";
import { blocksOf } from "../remote/blocks.js";
import type { RemoteFile } from "../remote/range.js";
import { entryUri, mapEntryPath, parseEntryUri } from "./entry-uri.js";

/** Reads `part:` URIs: bytes of a remote file from a position. Small parts come from blocks that the entries share. */
export const partOpener = defineOpener({ name: "archive (remote)", scheme: "part", open, mapPath: mapEntryPath });

function open(uri: string, { offset, length, version, signal }: OpenRange): AsyncIterable<Buffer> {
  const { path, numbers } = parseEntryUri(uri, ["at", "size"]);
  const rest = Math.max(0, Math.min(length, numbers.size - offset));
  return blocksOf(path).read({ offset: numbers.at + offset, length: rest, version, signal });
}

/** Names a part of a remote file. */
export function partOf(path: string, at: number, size: number, name: string, version?: string): UriContent {
  const uri = entryUri("part", { path, numbers: { at, size }, name });
  return { uri, sizeBytes: size, ...(version !== undefined && { version }) };
}

/** Reads bytes of a remote file, and continues after faults that may pass. Fewer bytes come back at the end of the file. */
export async function readRemotePart(
  file: RemoteFile,
  at: number,
  wanted: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const size = Math.max(0, Math.min(wanted, (file.sizeBytes ?? 0) - at));
  if (size === 0) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of openUri(partOf(file.uri, at, size, "-", file.version), { signal })) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

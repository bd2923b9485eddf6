/** The file of an archive, on this machine or elsewhere. */

import { openUri } from "../../core/content/open-uri.js";
import type { RemoteFile } from "../remote/range.js";
import { nameOfRemote, openRemote } from "../remote/remote-file.js";
import { partOf } from "./remote-part.js";

/** The path of a file on this machine, or a remote file. */
export type ArchiveFile = string | RemoteFile;

/** Names an archive in errors. */
export function nameOfArchive(file: ArchiveFile): string {
  return typeof file === "string" ? file : nameOfRemote(file.uri);
}

/** Yields a whole remote file. A server with ranges is asked for the rest if a connection breaks. @throws {InputError} */
export async function* readWhole(file: RemoteFile, signal: AbortSignal | undefined): AsyncGenerator<Buffer, void> {
  const { uri, sizeBytes, version, hasRanges } = file;
  if (hasRanges && sizeBytes !== undefined) {
    yield* openUri(partOf(uri, 0, sizeBytes, "-", version), { signal });
    return;
  }
  const length = sizeBytes ?? Number.MAX_SAFE_INTEGER;
  const { body } = await openRemote(uri, { offset: 0, length, version, signal });
  try {
    yield* body as AsyncIterable<Buffer>;
  } finally {
    body.on("error", () => undefined).destroy();
  }
}

/** Opens an archive by its first bytes, whatever its name. */

import { closeSync, openSync, readSync } from "node:fs";
import { describeError, SourceError } from "../../core/errors.js";
import type { ArchiveEntry } from "./entry.js";
import "./tar-gzip-opener.js";
import "./zip-opener.js";

/** Returns the entries of an archive, in its order. @throws {SourceError} ERR_ARCHIVE_UNREADABLE */
export async function entriesOf(path: string, signal: AbortSignal): Promise<AsyncIterable<ArchiveEntry>> {
  const start = startOf(path);
  if (start.toString("latin1", 0, 2) === "PK") return (await import("./zip-entries.js")).zipEntries(path);
  if (start.readUInt16BE(0) === 0x1f8b) {
    return (await import("./tar-gzip-entries.js")).tarGzipEntries(path, signal);
  }
  if (start.toString("latin1", 257, 262) === "ustar") {
    return (await import("./tar-entries.js")).tarEntries(path);
  }
  throw new SourceError("ERR_ARCHIVE_UNREADABLE", `archive: ${path} is no zip, tar or tar.gz`);
}

function startOf(path: string): Buffer {
  const start = Buffer.alloc(512);
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, start, 0, start.length, 0);
      return start;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Makes the error for an archive that cannot be read. */
export function unreadable(path: string, cause: unknown): SourceError {
  return new SourceError("ERR_ARCHIVE_UNREADABLE", `archive: ${path} cannot be read: ${describeError(cause)}`, {
    cause,
  });
}

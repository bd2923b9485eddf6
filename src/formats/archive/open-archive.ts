/** Opens an archive by its first bytes, whatever its name. */

import { closeSync, openSync, readSync } from "node:fs";
import { describeError, SourceError } from "../../core/errors.js";
import { findRemote } from "../remote/find-remote.js";
import { nameOfRemote, withoutRanges } from "../remote/remote-file.js";
import type { ArchiveFile } from "./archive-file.js";
import type { ArchiveEntry } from "./entry.js";
import "./tar-gzip-opener.js";
import "./zip-opener.js";

/** Returns the entries of an archive, in its order. @throws {SourceError} ERR_ARCHIVE_UNREADABLE */
export function entriesOf(path: string, signal: AbortSignal): Promise<AsyncIterable<ArchiveEntry>> {
  return entriesByStart(path, startOf(path), path, signal);
}

/** Returns the entries of an archive in a bucket or on a web server. @throws {SourceError} ERR_ARCHIVE_UNREADABLE */
export async function entriesOfRemote(uri: string, signal: AbortSignal): Promise<AsyncIterable<ArchiveEntry>> {
  const name = nameOfRemote(uri);
  const found = await findRemote(uri, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreadable(name, error);
  });
  const { file, start } = found;
  const isStream = start.readUInt16BE(0) === gzip;
  if (!isStream && (!file.hasRanges || file.sizeBytes === undefined)) throw unreadable(name, withoutRanges(uri));
  return entriesByStart(file, start, name, signal);
}

const gzip = 0x1f8b;

async function entriesByStart(
  file: ArchiveFile,
  start: Buffer,
  name: string,
  signal: AbortSignal,
): Promise<AsyncIterable<ArchiveEntry>> {
  if (start.toString("latin1", 0, 2) === "PK") return (await import("./zip-entries.js")).zipEntries(file, signal);
  if (start.readUInt16BE(0) === gzip) return (await import("./tar-gzip-entries.js")).tarGzipEntries(file, signal);
  if (start.toString("latin1", 257, 262) === "ustar") {
    return (await import("./tar-entries.js")).tarEntries(file, signal);
  }
  throw new SourceError("ERR_ARCHIVE_UNREADABLE", `archive: ${name} is not a zip, tar or tar.gz`);
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

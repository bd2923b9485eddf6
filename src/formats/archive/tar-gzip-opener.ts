/** Opens large entries of compressed tars: unpacks the archive up to the entry. */

import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { defineOpener, type OpenRange } from "../../core/content/openers.js";
import { describeError, InputError } from "../../core/errors.js";
import { findRemote } from "../remote/find-remote.js";
import { isRemote } from "../remote/is-remote.js";
import { type ArchiveFile, nameOfArchive, readWhole } from "./archive-file.js";
import { versionOf } from "./archive-version.js";
import { damaged } from "./entry.js";
import { mapEntryPath, parseEntryUri } from "./entry-uri.js";

/** Reads `tgz:` URIs, which `archive()` makes for files above 32 MB. Each call unpacks the archive from its start. */
export const tarGzipOpener = defineOpener({
  name: "archive (tar.gz)",
  scheme: "tgz",
  open: unpack,
  mapPath: mapEntryPath,
});

async function* unpack(uri: string, { offset, length, version, signal }: OpenRange): AsyncGenerator<Buffer, void> {
  const { path, numbers, name } = parseEntryUri(uri, ["at"]);
  const file: ArchiveFile = isRemote(path)
    ? (await findRemote(path, signal ?? new AbortController().signal)).file
    : path;
  const found = typeof file === "string" ? await versionOf(file) : file.version;
  if (version !== undefined && found !== version) {
    throw new InputError(
      "ERR_FILE_CHANGED",
      `${nameOfArchive(file)} changed: ${name} may be another file now, so list the archive again`,
    );
  }
  const packed = typeof file === "string" ? createReadStream(file, { signal }) : Readable.from(readWhole(file, signal));
  const unpacked = pipeline(packed, createGunzip(), () => undefined); // the error also ends the iteration
  const start = numbers.at + offset;
  const end = start + length;
  let position = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      const part = chunk.subarray(Math.max(0, start - position), Math.max(0, end - position));
      position += chunk.length;
      if (part.length > 0) yield part;
      if (position >= end) return;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof InputError) throw error;
    throw damaged(`${nameOfArchive(file)}: ${name}`, describeError(error), error);
  } finally {
    unpacked.destroy();
    packed.destroy();
  }
}

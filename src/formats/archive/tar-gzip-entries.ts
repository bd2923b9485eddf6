/** Lists the entries of a compressed tar, which can only be unpacked from its start to its end. */

import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { describeError } from "../../core/errors.js";
import { type ArchiveFile, nameOfArchive, readWhole } from "./archive-file.js";
import { versionOf } from "./archive-version.js";
import { type ArchiveEntry, damaged } from "./entry.js";
import { entryUri } from "./entry-uri.js";
import { entryOf } from "./tar-entries.js";

/** Larger files are unpacked a second time when they are sent, since they would take too much memory. */
const maxBytes = 32 * 1024 * 1024;

/**
 * Yields the entries of a tar that gzip compressed, in its order. The archive is unpacked as the entries are requested: a file of up to 32 MB comes as bytes, a
 * larger one as a URI of the scheme `tgz`, which unpacks the archive again up to that file.
 *
 * @throws {InputError} ERR_ARCHIVE_DAMAGED with the entry after which the archive cannot be read, ERR_FILE_UNREADABLE
 */
export async function* tarGzipEntries(file: ArchiveFile, signal: AbortSignal): AsyncGenerator<ArchiveEntry, void> {
  const isLocal = typeof file === "string";
  const path = isLocal ? resolve(file) : file.uri;
  const version = isLocal ? await versionOf(file) : file.version;
  const parser = extract();
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined); // it counts only while something is read
  parser.on("error", fail);
  const packed: Readable = isLocal ? createReadStream(file, { signal }) : Readable.from(readWhole(file, signal));
  const unpacked = createGunzip();
  packed.on("error", (error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  const feed = async () => {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once("drain", resolve));
    }
    parser.end(undefined);
  };
  feed().catch(fail);
  let last = "its start";
  try {
    for await (const stream of untilFailed(parser, failed)) {
      const header = stream.header as Header & { byteOffset: number };
      const { name, size = 0, byteOffset: at } = header;
      const uri = () => ({
        uri: entryUri("tgz", { path, numbers: { at }, name }),
        sizeBytes: size,
        ...(version !== undefined && { version }),
      });
      const entry = entryOf(header, uri);
      const isWhole = size <= maxBytes && entry !== undefined && "content" in entry;
      const chunks: Buffer[] = [];
      for await (const chunk of untilFailed<unknown>(stream, failed)) if (isWhole) chunks.push(chunk as Buffer);
      if (isWhole) yield { name: entry.name, content: { bytes: Buffer.concat(chunks) } };
      else if (entry) yield entry;
      last = name;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw damaged(nameOfArchive(file), `${describeError(error)}; what follows ${last} cannot be read`, error);
  } finally {
    parser.destroy();
    unpacked.destroy();
    packed.destroy();
  }
}

/** Passes items on, and rejects as soon as `failed` does: a parser whose input breaks off leaves its readers waiting. */
async function* untilFailed<T>(items: AsyncIterable<T>, failed: Promise<never>): AsyncGenerator<T, void> {
  const iterator = items[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), failed]);
    if (next.done) return;
    yield next.value;
  }
}

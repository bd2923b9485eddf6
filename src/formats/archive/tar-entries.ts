/** Lists the entries of a tar by their headers. The bytes of its files are not read. */

import { open } from "node:fs/promises";
import { extract, type Header } from "tar-stream";
import { describeError, InputError } from "../../core/errors.js";
import type { ReadableContent } from "../../core/input/input.js";
import type { RemoteFile } from "../remote/range.js";
import { type ArchiveFile, nameOfArchive } from "./archive-file.js";
import { type ArchiveEntry, damaged, pathOfEntry } from "./entry.js";
import { partOf, readRemotePart } from "./remote-part.js";

const blockBytes = 512;
/** Bytes of one read. Most entries have one header; long names have three. */
const readBytes = 2048;

/** A header, where its file begins, and where the next header is. */
interface TarHeader {
  header: Header;
  offset: number;
  next: number;
}

/** A tar whose blocks are read. */
interface TarFile {
  /** Name for errors. */
  name: string;
  sizeBytes: number;
  /** Reads blocks from a position; fewer bytes come back at the end. */
  readBlocks(position: number): Promise<Buffer>;
  /** Makes the content of an entry. */
  contentOf(offset: number, length: number, name: string): ReadableContent;
  close(): Promise<void>;
}

/**
 * Yields the entries of a tar, in its order. Each file is a part of the archive. An entry that cannot be read has its own error.
 *
 * @throws {InputError} ERR_ARCHIVE_DAMAGED if a header is damaged or the archive ends in an entry, ERR_FILE_UNREADABLE
 */
export async function* tarEntries(archive: ArchiveFile, signal?: AbortSignal): AsyncGenerator<ArchiveEntry, void> {
  const file = typeof archive === "string" ? await localTar(archive) : remoteTar(archive, signal);
  try {
    for (let at = 0; ; ) {
      const found = await nextHeader(file.name, at, file.readBlocks);
      if (!found) return;
      const { header, offset, next } = found;
      const { size = 0 } = header;
      if (offset + size > file.sizeBytes) throw damaged(file.name, `it ends in the entry ${header.name}`);
      const entry = entryOf(header, () => file.contentOf(offset, size, header.name));
      if (entry) yield entry;
      at = next;
    }
  } finally {
    await file.close();
  }
}

async function localTar(path: string): Promise<TarFile> {
  const file = await open(path).catch((cause: unknown) => {
    throw new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(cause)}`, { cause });
  });
  const { size: sizeBytes } = await file.stat();
  return {
    name: path,
    sizeBytes,
    readBlocks: async (position) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(readBytes), 0, readBytes, position);
      return buffer.subarray(0, bytesRead);
    },
    contentOf: (offset, length) => ({ path, offset, length }),
    close: () => file.close(),
  };
}

function remoteTar(file: RemoteFile, signal: AbortSignal | undefined): TarFile {
  return {
    name: nameOfArchive(file),
    sizeBytes: file.sizeBytes ?? 0,
    readBlocks: (position) => readRemotePart(file, position, readBytes, signal),
    contentOf: (offset, length, name) => partOf(file.uri, offset, length, name, file.version),
    close: async () => undefined,
  };
}

/** Makes the entry of a header; undefined for a directory. */
export function entryOf({ name, type, linkname }: Header, contentOf: () => ReadableContent): ArchiveEntry | undefined {
  if (type === "directory") return undefined;
  if (type === "symlink") return { name, skipped: "symbolic link" };
  if (type === "link") return { name, skipped: `hard link to ${linkname}` };
  if (type !== "file" && type !== "contiguous-file") return { name, skipped: "not a regular file" };
  try {
    return { name: pathOfEntry(name), content: contentOf() };
  } catch (error) {
    return { name, error: error as Error };
  }
}

/** Reads the next header with the long names before it; undefined at the end of the archive. */
async function nextHeader(
  path: string,
  start: number,
  readBlocks: (position: number) => Promise<Buffer>,
): Promise<TarHeader | undefined> {
  const parser = extract();
  let found: TarHeader | undefined;
  let failure: Error | undefined;
  parser.on("error", (error: Error) => {
    failure = error;
  });
  parser.on("entry", (header, stream) => {
    const offset = start + (header as Header & { byteOffset: number }).byteOffset;
    found = { header, offset, next: offset + Math.ceil((header.size ?? 0) / blockBytes) * blockBytes };
    stream.on("error", () => undefined);
  });
  try {
    for (let at = start; !found; ) {
      const blocks = await readBlocks(at);
      if (isEnd(blocks)) {
        if (at === start) return undefined;
        throw damaged(path, `it ends in the header at byte ${start}`);
      }
      await new Promise<void>((resolve) => {
        parser.write(blocks);
        setImmediate(resolve);
      });
      if (failure) throw damaged(path, `${describeError(failure)} at byte ${start}`, failure);
      if (!found && blocks.length < readBytes) throw damaged(path, `it ends in the header at byte ${start}`);
      at += blocks.length;
    }
    return found;
  } finally {
    parser.destroy();
  }
}

/** Two empty blocks end an archive. Some programs write one, or none. */
function isEnd(blocks: Buffer): boolean {
  return blocks.subarray(0, 2 * blockBytes).every((byte) => byte === 0);
}

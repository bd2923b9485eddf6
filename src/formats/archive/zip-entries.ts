/** Lists the entries of a zip by its directory, which is at its end. No entry is unpacked. */

import { resolve } from "node:path";
import type { Entry, ZipFile } from "yauzl";
import { describeError, InputError } from "../../core/errors.js";
import type { ReadableContent } from "../../core/input/input.js";
import { type ArchiveFile, nameOfArchive } from "./archive-file.js";
import { type ArchiveEntry, damaged, pathOfEntry } from "./entry.js";
import { entryUri } from "./entry-uri.js";

/** Methods of compression that can be read. */
const stored = 0;
const deflated = 8;

/** File types in the mode of an entry that a Unix program made. */
const typeMask = 0xf000;
const regularFile = 0x8000;
const symbolicLink = 0xa000;
const unix = 3;

/**
 * Yields the entries of a zip, in the order of its directory. A stored entry is a part of the archive; a compressed entry has a URI of the scheme `zip`. An entry
 * that cannot be read has its own error. Reads the directory piece by piece, also that of a zip64.
 *
 * @throws {InputError} ERR_ARCHIVE_DAMAGED if the directory cannot be read, ERR_FILE_UNREADABLE
 */
export async function* zipEntries(file: ArchiveFile, signal?: AbortSignal): AsyncGenerator<ArchiveEntry, void> {
  const library = await yauzl();
  const name = nameOfArchive(file);
  const zip: ZipFile = await openZip(library, file, signal).catch((error: unknown) => {
    throw asArchiveError(name, error);
  });
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileNameRaw, generalPurposeBitFlag, extraFields } = entry;
      const entryName = library.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false);
      if (!entryName.endsWith("/")) yield await asEntry(zip, entry, entryName, file);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw asArchiveError(name, error);
  } finally {
    zip.close();
  }
}

async function openZip(library: Yauzl, file: ArchiveFile, signal: AbortSignal | undefined): Promise<ZipFile> {
  const options = { decodeStrings: false, autoClose: false };
  if (typeof file === "string") return library.openPromise(file, options);
  const { remoteReader } = await import("./remote-reader.js");
  return library.fromRandomAccessReaderPromise(await remoteReader(file, signal), file.sizeBytes ?? 0, options);
}

interface ZipOptions {
  decodeStrings: boolean;
  autoClose: boolean;
}

/** The types of yauzl lack the functions that promise. */
interface Yauzl {
  openPromise(path: string, options: ZipOptions): Promise<ZipFile>;
  fromRandomAccessReaderPromise(reader: unknown, sizeBytes: number, options: ZipOptions): Promise<ZipFile>;
  getFileNameLowLevel(flags: number, name: Buffer, extraFields: Entry["extraFields"], strict: boolean): string;
}

async function yauzl(): Promise<Yauzl> {
  const { default: library } = await import("yauzl");
  return library as unknown as Yauzl;
}

async function asEntry(zip: ZipFile, entry: Entry, name: string, file: ArchiveFile): Promise<ArchiveEntry> {
  const type = entry.versionMadeBy >>> 8 === unix ? (entry.externalFileAttributes >>> 16) & typeMask : regularFile;
  if (type === symbolicLink) return { name, skipped: "symbolic link" };
  // Info-ZIP marks an entry that it read from a pipe as a pipe, and it has bytes like a file.
  const isFile = type === regularFile || type === 0 || entry.uncompressedSize > 0;
  if (!isFile) return { name, skipped: "not a regular file" };
  try {
    return { name: pathOfEntry(name), content: await contentOf(zip, entry, name, file) };
  } catch (error) {
    if (error instanceof InputError) return { name, error };
    return { name, error: damaged(`${nameOfArchive(file)}: ${name}`, describeError(error), error) };
  }
}

async function contentOf(zip: ZipFile, entry: Entry, name: string, file: ArchiveFile): Promise<ReadableContent> {
  const { compressionMethod: method, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader: at } = entry;
  if (entry.isEncrypted()) {
    const text = `${nameOfArchive(file)}: ${name} is encrypted; unpack the archive with its password, and read the folder`;
    throw new InputError("ERR_ARCHIVE_ENCRYPTED", text);
  }
  const version = entry.crc32.toString(16).padStart(8, "0");
  const isLocal = typeof file === "string";
  if (method === deflated || (method === stored && !isLocal)) {
    const path = isLocal ? resolve(file) : file.uri;
    const numbers = { at, packed: compressedSize, size: uncompressedSize, ...(method === stored && { method }) };
    return { uri: entryUri("zip", { path, numbers, name }), sizeBytes: uncompressedSize, version };
  }
  if (method !== stored || !isLocal) {
    const text = `${nameOfArchive(file)}: ${name} is compressed by method ${method}; only stored and deflated entries can be read`;
    throw new InputError("ERR_ARCHIVE_METHOD", `${text}: unpack the archive, and read the folder`);
  }
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  return { path: file, offset: fileDataStart, length: uncompressedSize, version };
}

function asArchiveError(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  if (error instanceof Error && "syscall" in error) {
    return new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  return damaged(path, describeError(error), error);
}

/** Lists the entries of a zip by its directory, which is at its end. No entry is unpacked. */

import { resolve } from "node:path";
import type { Entry, ZipFile } from "yauzl";
import { describeError, InputError } from "../../core/errors.js";
import type { ReadableContent } from "../../core/input/input.js";
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
export async function* zipEntries(path: string): AsyncGenerator<ArchiveEntry, void> {
  const { getFileNameLowLevel, openPromise } = await yauzl();
  const zip: ZipFile = await openPromise(path, { decodeStrings: false, autoClose: false }).catch((error: unknown) => {
    throw asArchiveError(path, error);
  });
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileNameRaw, generalPurposeBitFlag, extraFields } = entry;
      const name = getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false);
      if (!name.endsWith("/")) yield await asEntry(zip, entry, name, path);
    }
  } catch (error) {
    throw asArchiveError(path, error);
  } finally {
    zip.close();
  }
}

/** The types of yauzl lack the functions that promise. */
interface Yauzl {
  openPromise(path: string, options: { decodeStrings: boolean; autoClose: boolean }): Promise<ZipFile>;
  getFileNameLowLevel(flags: number, name: Buffer, extraFields: Entry["extraFields"], strict: boolean): string;
}

async function yauzl(): Promise<Yauzl> {
  const { default: library } = await import("yauzl");
  return library as unknown as Yauzl;
}

async function asEntry(zip: ZipFile, entry: Entry, name: string, path: string): Promise<ArchiveEntry> {
  const type = entry.versionMadeBy >>> 8 === unix ? (entry.externalFileAttributes >>> 16) & typeMask : regularFile;
  if (type === symbolicLink) return { name, skipped: "symbolic link" };
  // Info-ZIP marks an entry that it read from a pipe as a pipe, and it has bytes like a file.
  const isFile = type === regularFile || type === 0 || entry.uncompressedSize > 0;
  if (!isFile) return { name, skipped: "not a regular file" };
  try {
    return { name: pathOfEntry(name), content: await contentOf(zip, entry, name, path) };
  } catch (error) {
    if (error instanceof InputError) return { name, error };
    return { name, error: damaged(`${path}: ${name}`, describeError(error), error) };
  }
}

async function contentOf(zip: ZipFile, entry: Entry, name: string, path: string): Promise<ReadableContent> {
  const { compressionMethod: method, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader: at } = entry;
  if (entry.isEncrypted()) {
    const text = `${path}: ${name} is encrypted; unpack the archive with its password, and read the folder`;
    throw new InputError("ERR_ARCHIVE_ENCRYPTED", text);
  }
  const version = entry.crc32.toString(16).padStart(8, "0");
  if (method === deflated) {
    const uri = entryUri("zip", {
      path: resolve(path),
      numbers: { at, packed: compressedSize, size: uncompressedSize },
      name,
    });
    return { uri, sizeBytes: uncompressedSize, version };
  }
  if (method !== stored) {
    const text = `${path}: ${name} is compressed by method ${method}; only stored and deflated entries can be read`;
    throw new InputError("ERR_ARCHIVE_METHOD", `${text}: unpack the archive, and read the folder`);
  }
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  return { path, offset: fileDataStart, length: uncompressedSize, version };
}

function asArchiveError(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  if (error instanceof Error && "syscall" in error) {
    return new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  return damaged(path, describeError(error), error);
}

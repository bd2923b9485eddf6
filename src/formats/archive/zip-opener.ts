/** Opens compressed entries of zip archives, by their positions. */

import { open } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { openUri } from "../../core/content/open-uri.js";
import { defineOpener, type OpenRange } from "../../core/content/openers.js";
import { describeError, InputError } from "../../core/errors.js";
import { isRemote } from "../remote/is-remote.js";
import { nameOfRemote } from "../remote/remote-file.js";
import { damaged } from "./entry.js";
import { mapEntryPath, parseEntryUri } from "./entry-uri.js";
import { partOf } from "./remote-part.js";

/** Entries of up to this size, packed and unpacked, are unpacked at once: two streams for each would cost more than the entry. */
const smallBytes = 256 * 1024;
const headerBytes = 30;
const headerSignature = 0x04034b50;

/** Method of an entry whose bytes are not compressed. Only remote archives name it in URIs. */
const stored = 0;

/** Reads `zip:` URIs, which `archive()` makes. An entry is unpacked from its start each time; its checksum is compared when its last byte is read. */
export const zipOpener = defineOpener({ name: "archive", scheme: "zip", open: unpack, mapPath: mapEntryPath });

/** The file of an archive, as far as an entry needs it. */
interface ZipSource {
  /** Reads bytes from a position; fewer at the end. */
  bytesAt(position: number, length: number): Promise<Buffer>;
  streamOf(start: number, length: number): Readable;
  close(): Promise<void>;
}

async function* unpack(uri: string, { offset, length, version, signal }: OpenRange): AsyncGenerator<Buffer, void> {
  const { path, numbers, name } = parseEntryUri(uri, ["at", "packed", "size"]);
  const isStored = Number(new URLSearchParams(/\?([^#]*)/.exec(uri)?.[1]).get("method") ?? Number.NaN) === stored;
  const what = `${isRemote(path) ? nameOfRemote(path) : path}: ${name}`;
  const source = isRemote(path) ? remoteSource(path, name, signal) : await localSource(path, signal);
  try {
    if (numbers.packed === 0 && !isStored) throw damaged(what, "it is compressed and has no bytes");
    const start = await dataStart(source, numbers.at, what);
    if (numbers.packed <= smallBytes && numbers.size <= smallBytes) {
      const packed = await source.bytesAt(start, numbers.packed);
      const bytes = isStored ? packed : inflate(packed, numbers.size, what);
      if (bytes.length > numbers.size) throw damaged(what, tooLong(numbers.size));
      checkSum(crc32(bytes), version, what);
      yield bytes.subarray(offset, offset + length);
      return;
    }
    const packed = source.streamOf(start, numbers.packed);
    const unpacked = isStored ? packed : pipeline(packed, createInflateRaw(), () => undefined); // the error also ends the iteration
    let position = 0;
    let checksum = 0;
    const end = offset + length;
    try {
      for await (const chunk of unpacked as AsyncIterable<Buffer>) {
        checksum = crc32(chunk, checksum);
        const part = chunk.subarray(Math.max(0, offset - position), Math.max(0, end - position));
        position += chunk.length;
        if (position > numbers.size) throw damaged(what, tooLong(numbers.size));
        if (part.length > 0) yield part;
        if (position >= end && end < numbers.size) return; // without its rest, the checksum cannot be compared
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof InputError) throw error;
      throw damaged(what, describeError(error), error);
    } finally {
      unpacked.destroy();
      packed.destroy();
    }
    checkSum(checksum, version, what);
  } finally {
    await source.close();
  }
}

/** Unpacks a whole entry. @throws {InputError} ERR_ARCHIVE_DAMAGED */
function inflate(packed: Buffer, size: number, what: string): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: size + 1 });
  } catch (error) {
    const isLonger = error instanceof RangeError; // Node.js throws it at maxOutputLength
    throw damaged(what, isLonger ? tooLong(size) : describeError(error), error);
  }
}

/** Compares the checksum of an entry with that of the directory. @throws {InputError} ERR_ARCHIVE_DAMAGED */
function checkSum(checksum: number, version: string | undefined, what: string): void {
  const found = checksum.toString(16).padStart(8, "0");
  if (version !== undefined && found !== version) throw damaged(what, `its checksum is ${found}, not ${version}`);
}

function tooLong(size: number): string {
  return `it has more than the ${size} bytes that the archive says`;
}

async function localSource(path: string, signal: AbortSignal | undefined): Promise<ZipSource> {
  const file = await open(path).catch((cause: unknown) => {
    throw new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(cause)}`, { cause });
  });
  return {
    bytesAt: async (position, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    streamOf: (start, length) => file.createReadStream({ start, end: start + length - 1, autoClose: false, signal }),
    close: () => file.close(),
  };
}

function remoteSource(path: string, name: string, signal: AbortSignal | undefined): ZipSource {
  const part = (at: number, size: number) => openUri(partOf(path, at, size, name), { signal });
  return {
    bytesAt: async (position, length) => {
      const chunks: Buffer[] = [];
      for await (const chunk of part(position, length)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    streamOf: (start, length) => Readable.from(part(start, length)),
    close: async () => undefined,
  };
}

/** Finds where the data of an entry begin: behind its local header. */
async function dataStart(source: ZipSource, at: number, what: string): Promise<number> {
  const buffer = await source.bytesAt(at, headerBytes);
  if (buffer.length < headerBytes || buffer.readUInt32LE(0) !== headerSignature) {
    throw new InputError("ERR_FILE_CHANGED", `${what} is no longer at position ${at}: the archive changed`);
  }
  return at + headerBytes + buffer.readUInt16LE(26) + buffer.readUInt16LE(28);
}

/** Opens compressed entries of zip archives, by their positions. */

import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { defineOpener, type OpenRange } from "../../core/content/openers.js";
import { describeError, InputError } from "../../core/errors.js";
import { damaged } from "./entry.js";
import { mapEntryPath, parseEntryUri } from "./entry-uri.js";

const headerBytes = 30;
const headerSignature = 0x04034b50;

/** Reads `zip:` URIs, which `archive()` makes. An entry is unpacked from its start each time; its checksum is compared when its last byte is read. */
export const zipOpener = defineOpener({ name: "archive", scheme: "zip", open: unpack, mapPath: mapEntryPath });

async function* unpack(uri: string, { offset, length, version, signal }: OpenRange): AsyncGenerator<Buffer, void> {
  const { path, numbers, name } = parseEntryUri(uri, ["at", "packed", "size"]);
  const what = `${path}: ${name}`;
  const file = await open(path).catch((cause: unknown) => {
    throw new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(cause)}`, { cause });
  });
  try {
    if (numbers.packed === 0) throw damaged(what, "it is compressed and has no bytes");
    const start = await dataStart(file, numbers.at, what);
    const packed = file.createReadStream({ start, end: start + numbers.packed - 1, autoClose: false, signal });
    const unpacked = pipeline(packed, createInflateRaw(), () => undefined); // the error also ends the iteration
    let position = 0;
    let checksum = 0;
    const end = offset + length;
    try {
      for await (const chunk of unpacked as AsyncIterable<Buffer>) {
        checksum = crc32(chunk, checksum);
        const part = chunk.subarray(Math.max(0, offset - position), Math.max(0, end - position));
        position += chunk.length;
        if (position > numbers.size)
          throw damaged(what, `it has more than the ${numbers.size} bytes that the archive says`);
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
    const found = checksum.toString(16).padStart(8, "0");
    if (version !== undefined && found !== version) throw damaged(what, `its checksum is ${found}, not ${version}`);
  } finally {
    await file.close();
  }
}

/** Finds where the data of an entry begin: behind its local header. */
async function dataStart(file: Awaited<ReturnType<typeof open>>, at: number, what: string): Promise<number> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, at);
  if (bytesRead < headerBytes || buffer.readUInt32LE(0) !== headerSignature) {
    throw new InputError("ERR_FILE_CHANGED", `${what} is no longer at position ${at}: the archive changed`);
  }
  return at + headerBytes + buffer.readUInt16LE(26) + buffer.readUInt16LE(28);
}

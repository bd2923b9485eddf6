/** Writes a zip of stored entries, piece by piece: the length and checksum of an entry are written into its header when it ends. */

import { closeSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

interface WrittenEntry {
  name: Buffer;
  at: number;
  sizeBytes: number;
  checksum: number;
}

/** The largest sizes and counts of a zip without the extension zip64. */
const maxBytes = 0xffff_ffff;
const maxEntries = 0xffff;

/** The bit for names in UTF-8. */
const utf8Names = 1 << 11;
const version = 20;
/** 1980-01-01, the first day that a zip can express: the bytes of an archive depend on its content alone. */
const firstDay = 0x21;
/** Made on Unix: a regular file that its owner can write. */
const madeBy = (3 << 8) | version;
const fileMode = 0o100644 * 2 ** 16;

export class ZipFile {
  readonly #file: number;
  readonly #entries: WrittenEntry[] = [];
  #position = 0;

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  /** Writes an entry of these pieces. @throws {RangeError} if the archive would need zip64 */
  async add(name: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const entry: WrittenEntry = { name: Buffer.from(name), at: this.#position, sizeBytes: 0, checksum: 0 };
    if (this.#entries.length === maxEntries)
      throw new RangeError(`the archive has ${maxEntries} entries, the most of a zip`);
    this.#append(localHeader(entry));
    for await (const piece of pieces) {
      entry.checksum = crc32(piece, entry.checksum);
      entry.sizeBytes += piece.length;
      this.#append(piece);
    }
    writeAll(this.#file, localHeader(entry), entry.at);
    this.#entries.push(entry);
  }

  /** Writes the directory and closes the file. Returns the size of the archive. */
  finish(): number {
    const start = this.#position;
    for (const entry of this.#entries) this.#append(directoryHeader(entry));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(this.#entries.length, 8);
    end.writeUInt16LE(this.#entries.length, 10);
    end.writeUInt32LE(this.#position - start, 12);
    end.writeUInt32LE(start, 16);
    this.#append(end);
    this.close();
    return this.#position;
  }

  /** Closes the file; an archive that was not finished cannot be read. */
  close(): void {
    closeSync(this.#file);
  }

  #append(bytes: Uint8Array): void {
    if (this.#position + bytes.length > maxBytes)
      throw new RangeError(`the archive has more than ${maxBytes} bytes, the most of a zip`);
    writeAll(this.#file, bytes, this.#position);
    this.#position += bytes.length;
  }
}

function localHeader({ name, sizeBytes, checksum }: WrittenEntry): Buffer {
  const header = Buffer.alloc(30 + name.length);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(version, 4);
  writeFacts(header, 6, { name, sizeBytes, checksum });
  name.copy(header, 30);
  return header;
}

function directoryHeader(entry: WrittenEntry): Buffer {
  const header = Buffer.alloc(46 + entry.name.length);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(madeBy, 4);
  header.writeUInt16LE(version, 6);
  writeFacts(header, 8, entry);
  header.writeUInt32LE(fileMode, 38);
  header.writeUInt32LE(entry.at, 42);
  entry.name.copy(header, 46);
  return header;
}

/** Writes the fields that both headers have, from the flags on. The method is 0: stored. */
function writeFacts(header: Buffer, at: number, { name, sizeBytes, checksum }: Omit<WrittenEntry, "at">): void {
  header.writeUInt16LE(utf8Names, at);
  header.writeUInt16LE(firstDay, at + 6);
  header.writeUInt32LE(checksum, at + 8);
  header.writeUInt32LE(sizeBytes, at + 12);
  header.writeUInt32LE(sizeBytes, at + 16);
  header.writeUInt16LE(name.length, at + 20);
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at);
}

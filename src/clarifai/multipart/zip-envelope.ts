/** Puts one file into a zip without compression: the bytes before it and behind it. */

const localHeaderBytes = 30;
const directoryBytes = 46;
const endBytes = 22;
/** Version 2.0 of the format, and names in UTF-8. */
const version = 20;
const utf8 = 0x0800;
/** 1980-01-01, the first date of the format: the same file always makes the same zip. */
const firstDate = 0x0021;

export interface ZipEnvelope {
  before: Buffer;
  after: Buffer;
}

/** Makes the envelope of a file below 4 GB. A reader of the zip compares the file with `crc32`. */
export function zipEnvelope(name: string, sizeBytes: number, crc32: number): ZipEnvelope {
  const nameBytes = Buffer.from(name);
  const before = Buffer.alloc(localHeaderBytes + nameBytes.length);
  before.writeUInt32LE(0x04034b50, 0);
  writeFacts(before, 4);
  nameBytes.copy(before, localHeaderBytes);

  const directory = Buffer.alloc(directoryBytes + nameBytes.length);
  directory.writeUInt32LE(0x02014b50, 0);
  directory.writeUInt16LE(version, 4);
  writeFacts(directory, 6);
  nameBytes.copy(directory, directoryBytes);

  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(before.length + sizeBytes, 16);
  return { before, after: Buffer.concat([directory, end]) };

  /** The fields that both headers have in the same order. */
  function writeFacts(header: Buffer, at: number): void {
    header.writeUInt16LE(version, at);
    header.writeUInt16LE(utf8, at + 2);
    header.writeUInt16LE(firstDate, at + 8);
    header.writeUInt32LE(crc32, at + 10);
    header.writeUInt32LE(sizeBytes, at + 14);
    header.writeUInt32LE(sizeBytes, at + 18);
    header.writeUInt16LE(nameBytes.length, at + 22);
  }
}

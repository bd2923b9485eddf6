/** Lines of a journal: JSON that begins with a checksum of the rest, which reveals truncated and damaged lines. */

import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";

/** The beginning of a line: `{"sum":"0123abcd",`; the fields follow. */
const before = Buffer.from('{"sum":"');
const after = Buffer.from('",');
const sumAt = before.length;
const sumLength = 8;
const bodyAt = sumAt + sumLength + after.length;
/** Positions in the line of an outcome, which begins with `"fingerprint":"…16…","state":"…`. The fingerprint is the journal key of the input. */
const keyAt = bodyAt + '"fingerprint":"'.length;
const stateAt = keyAt + 16 + '","state":"'.length;

const blockBytes = 1024 * 1024;
const newline = 10;
const letters = { f: 102, j: 106, k: 107, o: 111, r: 114, s: 115 };

/** The CRC-32 of each byte. A call of `crc32` of zlib would take longer than a short line takes here. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Encodes a record as a line. The record of an outcome has to begin with `fingerprint` and `state`. */
export function encodeLine(record: object): string {
  const body = JSON.stringify(record).slice(1);
  return `{"sum":"${crc32(body).toString(16).padStart(sumLength, "0")}",${body}\n`;
}

/** Decodes a line without its line break; undefined if its checksum is wrong. */
export function decodeLine(line: Buffer): object | undefined {
  let record: object | undefined;
  eachLine(Buffer.concat([line, Buffer.from([newline])]), (start, end, isIntact) => {
    if (isIntact) record = JSON.parse(line.toString("utf8", start, end)) as object;
  });
  return record;
}

/**
 * Calls `line` with the bounds of each line of a block, without its line break. `isIntact` says whether the line has its line break and a correct checksum.
 */
export function eachLine(block: Buffer, line: (start: number, end: number, isIntact: boolean) => void): void {
  const { length } = block;
  for (let start = 0; start < length; ) {
    let end = start;
    const body = Math.min(start + bodyAt, length);
    while (end < body && block[end] !== newline) end += 1;
    let sum = -1;
    for (; end < length; end += 1) {
      const byte = block[end] as number;
      if (byte === newline) break;
      sum = (table[(sum ^ byte) & 255] as number) ^ (sum >>> 8);
    }
    line(start, end, end > body && end < length && ~sum === sumOf(block, start));
    start = end + 1;
  }
}

/** Whether an intact line is a header. */
export function isHeaderLine(block: Buffer, start: number): boolean {
  return block[start + bodyAt + 1] === letters.j;
}

/** Whether an intact line says that a run began or ended. Such a line begins with `"run"`. */
export function isRunLine(block: Buffer, start: number): boolean {
  return block[start + bodyAt + 1] === letters.r;
}

/** Returns the position of the journal key in an intact line if its outcome counts as done (ok, or skipped because it already exists); else -1. */
export function doneKeyAt(block: Buffer, start: number): number {
  if (block[start + bodyAt + 1] !== letters.f) return -1;
  const isOk = block[start + stateAt] === letters.o;
  const isSkipped = block[start + stateAt] === letters.s && block[start + stateAt + 1] === letters.k;
  return isOk || isSkipped ? start + keyAt : -1;
}

/**
 * Yields a file as blocks of whole lines. The last block contains what follows the last line break. A block is valid until the next one is requested.
 */
export async function* blocksOf(file: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, filled, blockBytes - filled, position);
    position += bytesRead;
    filled += bytesRead;
    const lineEnd = buffer.subarray(0, filled).lastIndexOf(newline) + 1;
    // A journal writes no line that is longer than a block: the pieces of such a line count as damaged lines.
    const end = bytesRead === 0 || (lineEnd === 0 && filled === blockBytes) ? filled : lineEnd;
    if (end > 0) yield buffer.subarray(0, end);
    if (bytesRead === 0) return;
    buffer.copyWithin(0, end, filled);
    filled -= end;
  }
}

/** Reads the checksum at the beginning of a line, as a signed number; NaN if the line begins in another way. */
function sumOf(block: Buffer, start: number): number {
  for (let at = 0; at < before.length; at += 1) if (block[start + at] !== before[at]) return Number.NaN;
  for (let at = 0; at < after.length; at += 1) {
    if (block[start + sumAt + sumLength + at] !== after[at]) return Number.NaN;
  }
  let sum = 0;
  for (let at = start + sumAt; at < start + sumAt + sumLength; at += 1) {
    const code = block[at] as number;
    const digit = code >= 97 && code <= 102 ? code - 87 : code - 48;
    if (digit < 0 || digit > 15 || (digit > 9 && code < 97)) return Number.NaN;
    sum = (sum << 4) | digit;
  }
  return sum;
}

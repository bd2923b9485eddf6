/** Parts: the pieces of an image file that stay, and the bytes that replace others. */

import { InputError } from "../../core/errors.js";
import type { ByteRange } from "../../formats/exif/byte-range.js";

/** A piece of the file that stays, or bytes that are written in its place. */
export type Part = { start: number; end: number } | { bytes: Buffer };

/** What stays of a file. */
export interface Kept {
  parts: Part[];
  /** Whether the file has data behind the end of the image: a second picture, a video, or padding. */
  hasAppended: boolean;
}

/** A file in memory, and its minimal EXIF block. */
export interface Stripping {
  file: Buffer;
  /** The EXIF block that the result has; undefined if it needs none. */
  exif: Buffer | undefined;
}

/** Collects parts, and joins neighbours. */
export class PartList {
  readonly parts: Part[] = [];

  keep(start: number, end: number): void {
    const last = this.parts.at(-1);
    if (last && "end" in last && last.end === start) last.end = end;
    else this.parts.push({ start, end });
  }

  write(...bytes: (Buffer | string)[]): void {
    this.parts.push({ bytes: Buffer.concat(bytes.map((piece) => Buffer.from(piece as string, "latin1"))) });
  }
}

/**
 * Moves the parts to the beginning of `memory`, which has the file at `fileAt`. So a file is in memory once. The bytes that parts write must not be longer
 * than `fileAt`.
 */
export function compact(memory: Buffer, fileAt: number, parts: readonly Part[]): Buffer {
  let length = 0;
  for (const part of parts) {
    if ("bytes" in part) length += part.bytes.copy(memory, length);
    else {
      memory.copyWithin(length, fileAt + part.start, fileAt + part.end);
      length += part.end - part.start;
    }
  }
  return memory.subarray(0, length);
}

/** Makes the error for an input whose metadata cannot be removed. */
export function notStripped(reason: string): InputError {
  return new InputError("ERR_NOT_STRIPPED", `the metadata cannot be removed: ${reason}`);
}

/** Reads a file in memory without the limit on the bytes of one read. */
export function rangeOfFile(file: Buffer): ByteRange {
  return { size: file.length, read: (position, length) => file.subarray(position, position + length) };
}

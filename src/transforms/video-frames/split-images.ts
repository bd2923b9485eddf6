/** Splits a stream of images that follow each other: JPEG or PNG, as ffmpeg writes them to a pipe. */

import { InputError } from "../../core/errors.js";

/** How far an image was examined. */
interface Position {
  /** The next byte to examine. */
  at: number;
  /** Whether that byte belongs to the compressed data of a JPEG, which have no length. */
  inData: boolean;
  /** Whether the image ends at `at`. */
  ended: boolean;
}

/** Collects chunks, and returns the images that are complete. */
export class ImageSplitter {
  readonly #advance: (bytes: Buffer, position: Position) => boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #position: Position = { at: 0, inData: false, ended: false };

  constructor(format: "jpeg" | "png") {
    this.#advance = format === "jpeg" ? advanceJpeg : advancePng;
  }

  /** Number of bytes of an image that is not complete. */
  get rest(): number {
    return this.#bytes.length;
  }

  /** Adds a chunk. Returns the images that it completes, each in memory of its own. @throws {InputError} ERR_VIDEO for other data */
  push(chunk: Buffer): Buffer[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const images: Buffer[] = [];
    while (this.#advance(this.#bytes, this.#position)) {
      const { at, ended } = this.#position;
      if (!ended || at > this.#bytes.length) continue;
      images.push(Buffer.from(this.#bytes.subarray(0, at)));
      this.#bytes = this.#bytes.subarray(at);
      this.#position = { at: 0, inData: false, ended: false };
    }
    return images;
  }
}

/** Moves on by a marker, a segment, or compressed data. Returns false if more bytes are needed. */
function advanceJpeg(bytes: Buffer, position: Position): boolean {
  if (position.inData) return skipData(bytes, position);
  const { at } = position;
  if (at + 2 > bytes.length) return false;
  const marker = bytes[at + 1] as number;
  if (bytes[at] !== 0xff) throw unexpected("JPEG");
  if (marker === 0xd8 || marker === 0xd9) {
    position.at += 2;
    position.ended = marker === 0xd9;
    return true;
  }
  if (at + 4 > bytes.length) return false;
  position.at += 2 + bytes.readUInt16BE(at + 2);
  position.inData = marker === 0xda;
  return true;
}

/** Moves to the next marker behind compressed data, in which 0xff is followed by 0 or by the number of a restart. */
function skipData(bytes: Buffer, position: Position): boolean {
  for (;;) {
    const at = position.at >= bytes.length ? -1 : bytes.indexOf(0xff, position.at);
    if (at === -1) {
      position.at = Math.max(position.at, bytes.length);
      return false;
    }
    position.at = at;
    if (at + 1 >= bytes.length) return false;
    const next = bytes[at + 1] as number;
    if (next === 0xff) position.at += 1;
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) position.at += 2;
    else {
      position.inData = false;
      return true;
    }
  }
}

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Moves on by a chunk. Returns false if more bytes are needed. */
function advancePng(bytes: Buffer, position: Position): boolean {
  const { at, ended } = position;
  if (ended || at + 8 > bytes.length) return false;
  if (at === 0) {
    if (!bytes.subarray(0, 8).equals(pngSignature)) throw unexpected("PNG");
    position.at = 8;
    return true;
  }
  const end = at + 12 + bytes.readUInt32BE(at);
  if (end > bytes.length) return false;
  position.at = end;
  position.ended = bytes.toString("latin1", at + 4, at + 8) === "IEND";
  return true;
}

function unexpected(format: string): InputError {
  return new InputError("ERR_VIDEO", `ffmpeg wrote data that are not a ${format}`);
}

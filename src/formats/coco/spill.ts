/** Groups the annotations of a file by image: in memory while they are few, and in a temporary file beyond that. */

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bytes that a group collects before they become a block. */
const blockBytes = 32 * 1024;
/** Bytes of blocks in memory; further blocks go to the temporary file. */
const maxMemoryBytes = 8 * 1024 * 1024;
/** Bytes of annotations that a group should have, since one group at a time is in memory as a whole. */
const groupBytes = 4 * 1024 * 1024;
/** Most groups at a time, each with a block that fills. */
const maxGroups = 512;
/** Before each annotation: number of its image, its length, and its position in the file. */
const headBytes = 16;

/** A full block: in memory, or its place in the temporary file. */
type Block = Buffer | { position: number; length: number };

/** An annotation as it is in the file. */
export interface RawAnnotation {
  json: string;
  /** Position in the file. */
  at: number;
}

/** Annotations by the numbers of their images. */
export class Spill {
  readonly #imagesPerGroup: number;
  readonly #blocks: Block[][] = [];
  readonly #open: { bytes: Buffer; length: number }[] = [];
  #memory = 0;
  #file: number | undefined;
  #folder: string | undefined;
  #fileBytes = 0;
  #group = Buffer.alloc(0);

  /** @param expectedBytes bytes of all annotations, at most */
  constructor(images: number, expectedBytes: number) {
    const groups = Math.max(1, Math.min(maxGroups, images, Math.ceil(expectedBytes / groupBytes)));
    this.#imagesPerGroup = Math.max(1, Math.ceil(images / groups));
  }

  /** Adds an annotation of an image. */
  add(image: number, bytes: Buffer, start: number, end: number, at: number): void {
    const number = Math.floor(image / this.#imagesPerGroup);
    const length = end - start + headBytes;
    let block = this.#open[number];
    if (block && block.length + length > block.bytes.length) {
      this.#store(number);
      block = this.#open[number];
      if (block && length > block.bytes.length) block = undefined;
    }
    if (!block) {
      block = { bytes: Buffer.allocUnsafeSlow(Math.max(length, blockBytes)), length: 0 };
      this.#open[number] = block;
    }
    block.bytes.writeUInt32LE(image, block.length);
    block.bytes.writeUInt32LE(end - start, block.length + 4);
    block.bytes.writeDoubleLE(at, block.length + 8);
    bytes.copy(block.bytes, block.length + headBytes, start, end);
    block.length += length;
  }

  /** Returns a function that returns the annotations of an image. Images must be asked for in order. */
  reader(): (image: number) => RawAnnotation[] {
    let current = -1;
    let group: Group | undefined;
    return (image) => {
      const number = Math.floor(image / this.#imagesPerGroup);
      if (number !== current) {
        current = number;
        group = this.#take(number);
      }
      return group?.annotationsOf(image - number * this.#imagesPerGroup) ?? [];
    };
  }

  /** Removes the temporary file. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#blocks.length = 0;
    this.#open.length = 0;
  }

  #store(number: number): void {
    const open = this.#open[number];
    if (!open) return;
    delete this.#open[number];
    const blocks = (this.#blocks[number] ??= []);
    if (this.#memory + open.bytes.length <= maxMemoryBytes) {
      this.#memory += open.bytes.length;
      blocks.push(open.bytes.subarray(0, open.length));
      return;
    }
    this.#file ??= this.#create();
    for (let done = 0; done < open.length; ) {
      done += writeSync(this.#file, open.bytes, done, open.length - done, this.#fileBytes + done);
    }
    blocks.push({ position: this.#fileBytes, length: open.length });
    this.#fileBytes += open.length;
    // The next block fills the same memory: thousands of discarded buffers would wait for the garbage collector.
    if (open.bytes.length === blockBytes) this.#open[number] = { bytes: open.bytes, length: 0 };
  }

  /** Creates the temporary file. Where the system allows it, the file has no name from the start, so that also a killed process leaves none. */
  #create(): number {
    this.#folder = mkdtempSync(join(tmpdir(), "sluice-coco-"));
    const file = openSync(join(this.#folder, "annotations"), "wx+", 0o600);
    try {
      rmSync(this.#folder, { recursive: true });
      this.#folder = undefined;
    } catch {
      // Windows keeps the name of an open file; `close` removes it.
    }
    return file;
  }

  /** Reads a group and frees its blocks. */
  #take(number: number): Group | undefined {
    const open = this.#open[number];
    const blocks = this.#blocks[number] ?? [];
    delete this.#open[number];
    delete this.#blocks[number];
    if (open) blocks.push(open.bytes.subarray(0, open.length));
    if (blocks.length === 0) return undefined;
    const total = blocks.reduce((sum, { length }) => sum + length, 0);
    // One group is used at a time, so all of them take turns in the same memory.
    if (this.#group.length < total) this.#group = Buffer.allocUnsafeSlow(total + (total >> 2));
    const bytes = this.#group.subarray(0, total);
    let at = 0;
    for (const block of blocks) {
      if (!("position" in block)) block.copy(bytes, at);
      else {
        for (let done = 0; done < block.length; ) {
          done += readSync(this.#file as number, bytes, at + done, block.length - done, block.position + done);
        }
      }
      at += block.length;
    }
    return new Group(bytes, number * this.#imagesPerGroup, this.#imagesPerGroup);
  }
}

/** The annotations of a range of images. */
class Group {
  readonly #bytes: Buffer;
  /** Position of the first annotation of each image, from 1; 0 for none. */
  readonly #first: Float64Array;
  /** Number of annotations of each image. */
  readonly #counts: Uint32Array;
  readonly #positions: Float64Array;

  constructor(bytes: Buffer, firstImage: number, images: number) {
    this.#bytes = bytes;
    this.#counts = new Uint32Array(images);
    let total = 0;
    for (let at = 0; at < bytes.length; at += headBytes + bytes.readUInt32LE(at + 4)) {
      const image = bytes.readUInt32LE(at) - firstImage;
      this.#counts[image] = (this.#counts[image] as number) + 1;
      total += 1;
    }
    this.#first = new Float64Array(images);
    this.#positions = new Float64Array(total);
    let sum = 0;
    for (const [image, count] of this.#counts.entries()) {
      this.#first[image] = sum;
      sum += count;
    }
    const next = this.#first.slice();
    for (let at = 0; at < bytes.length; at += headBytes + bytes.readUInt32LE(at + 4)) {
      const image = bytes.readUInt32LE(at) - firstImage;
      this.#positions[next[image] as number] = at;
      next[image] = (next[image] as number) + 1;
    }
  }

  annotationsOf(image: number): RawAnnotation[] {
    const first = this.#first[image] as number;
    return Array.from({ length: this.#counts[image] ?? 0 }, (_, index) => {
      const at = this.#positions[first + index] as number;
      const start = at + headBytes;
      const length = this.#bytes.readUInt32LE(at + 4);
      return { json: this.#bytes.toString("utf8", start, start + length), at: this.#bytes.readDoubleLE(at + 8) };
    });
  }
}

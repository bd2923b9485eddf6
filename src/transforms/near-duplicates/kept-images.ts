/** The images that were kept: their hashes, and their names in one block of memory. */

import { resolve } from "node:path";
import type { Content } from "../../core/input/input.js";
import type { Hash64 } from "../../formats/perceptual-hash/hash.js";
import { HashIndex } from "./hash-index.js";

/** An image that was kept. */
export interface KeptImage {
  id: string;
  origin: string;
  /** Where it can be read again; undefined for bytes in memory. */
  content?: Content | undefined;
  /** The part of a dataset that it belongs to, where that matters. */
  split?: string | undefined;
}

/** An image that is like another one. */
export interface Match {
  kept: KeptImage;
  /** Number of bits that differ. */
  distance: number;
}

/** Names and hashes of images. A text of JSON for each is packed into growing memory, since millions of objects would take several times as much. */
export class KeptImages {
  readonly #index: HashIndex;
  #texts = Buffer.alloc(64 * 1024);
  #ends = new Float64Array(1024);

  constructor(distance: number) {
    this.#index = new HashIndex(distance);
  }

  get size(): number {
    return this.#index.size;
  }

  add(hash: Hash64, { id, origin, content, split }: KeptImage): void {
    const isSameFile = content && "path" in content && content.offset === undefined && content.path === resolve(origin);
    const text = JSON.stringify([id, origin, isSameFile ? 1 : content, ...(split === undefined ? [] : [split])]);
    const position = this.#index.size;
    const start = this.#startOf(position);
    const length = Buffer.byteLength(text);
    while (start + length > this.#texts.length) {
      const texts = Buffer.allocUnsafe(this.#texts.length * 2);
      this.#texts.copy(texts);
      this.#texts = texts;
    }
    if (position === this.#ends.length) {
      const ends = new Float64Array(this.#ends.length * 2);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#texts.write(text, start);
    this.#ends[position] = start + length;
    this.#index.add(hash);
  }

  /** Returns the kept images that are like this one, the most similar first. */
  *like(hash: Hash64): Generator<Match> {
    for (const { position, distance } of this.#index.near(hash)) yield { kept: this.#imageAt(position), distance };
  }

  #startOf(position: number): number {
    return position === 0 ? 0 : (this.#ends[position - 1] as number);
  }

  #imageAt(position: number): KeptImage {
    const text = this.#texts.toString("utf8", this.#startOf(position), this.#ends[position]);
    const [id, origin, content, split] = JSON.parse(text) as [string, string, Content | 1 | null, string?];
    return { id, origin, content: content === 1 ? { path: resolve(origin) } : (content ?? undefined), split };
  }
}

/** An index of 64-bit hashes: finds those within a number of bits. Takes 24 bytes for each hash, and 1 MB. */

import { bitsIn, type Hash64 } from "../../formats/perceptual-hash/hash.js";

const bands = 4;
const bandBits = 16;
const buckets = 1 << bandBits;
/** A larger distance would need so many look-ups that comparing all hashes is as fast. */
export const maxDistance = 11;

/** A hash that was found, by its position in the order of adding. */
export interface Neighbour {
  position: number;
  distance: number;
}

/**
 * Hashes that differ in at most `distance` bits differ in at most a quarter of that in one of four bands of 16 bits. So a look-up tries the values of each band
 * that are so near, and compares the hashes that have them.
 */
export class HashIndex {
  #hashes = new Uint32Array(2 * 1024);
  /** The next hash with the same value in a band, plus one; 0 ends the chain. */
  #next = new Int32Array(bands * 1024);
  readonly #first = new Int32Array(bands * buckets);
  readonly #masks: number[];
  readonly #distance: number;
  #size = 0;

  constructor(distance: number) {
    this.#distance = distance;
    this.#masks = masksOf(Math.floor(distance / bands));
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a hash; its position is the number of hashes before it. */
  add({ high, low }: Hash64): void {
    if (2 * this.#size === this.#hashes.length) this.#grow();
    const position = this.#size;
    this.#size += 1;
    this.#hashes[2 * position] = high;
    this.#hashes[2 * position + 1] = low;
    for (let band = 0; band < bands; band += 1) {
      const bucket = band * buckets + bandOf(high, low, band);
      this.#next[bands * position + band] = this.#first[bucket] as number;
      this.#first[bucket] = position + 1;
    }
  }

  /** Returns the hashes within the distance, the nearest first, and the earliest of equally near ones. */
  near({ high, low }: Hash64): Neighbour[] {
    const found = new Map<number, number>();
    for (let band = 0; band < bands; band += 1) {
      const value = bandOf(high, low, band);
      for (const mask of this.#masks) {
        let at = this.#first[band * buckets + (value ^ mask)] as number;
        for (; at !== 0; at = this.#next[bands * (at - 1) + band] as number) {
          const position = at - 1;
          const distance =
            bitsIn(high ^ (this.#hashes[2 * position] as number)) +
            bitsIn(low ^ (this.#hashes[2 * position + 1] as number));
          if (distance <= this.#distance) found.set(position, distance);
        }
      }
    }
    const neighbours = [...found].map(([position, distance]) => ({ position, distance }));
    return neighbours.sort((one, other) => one.distance - other.distance || one.position - other.position);
  }

  #grow(): void {
    const [hashes, next] = [this.#hashes, this.#next];
    this.#hashes = new Uint32Array(hashes.length * 2);
    this.#hashes.set(hashes);
    this.#next = new Int32Array(next.length * 2);
    this.#next.set(next);
  }
}

function bandOf(high: number, low: number, band: number): number {
  const half = band < 2 ? high : low;
  return (band % 2 === 0 ? half >>> bandBits : half) & (buckets - 1);
}

/** Returns the masks with at most this many of 16 bits. */
function masksOf(radius: number): number[] {
  const masks: number[] = [];
  for (let mask = 0; mask < buckets; mask += 1) if (bitsIn(mask) <= radius) masks.push(mask);
  return masks;
}

/** A set of digests that takes twelve bytes for each. */

import { hash } from "node:crypto";

const wordsPerDigest = 3;
/** Slots at the start. Their number doubles when three quarters are full. */
const firstCapacity = 1024;

/** Six bits for each character of base64url. */
const bits = new Uint8Array(256);
for (const [value, character] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].entries()) {
  bits[character.charCodeAt(0)] = value;
}

/** Returns the digest of a text, such as the key by which a source knows an input: 16 characters of base64url. */
export function digestOfKey(key: string): string {
  return hash("sha1", key, "base64url").slice(0, 16);
}

/**
 * A set of digests with 16 characters of base64url, of which it compares the first 90 bits. It is an open-addressed hash table in one block of memory. A
 * million digests take 25 MB, and half of that more while the table grows.
 */
export class DigestSet {
  #slots = new Uint32Array(firstCapacity * wordsPerDigest);
  #size = 0;
  readonly #scratch = Buffer.alloc(16);

  get size(): number {
    return this.#size;
  }

  /** Adds a digest; returns false if the set has it already. */
  add(digest: string): boolean {
    this.#scratch.write(digest, "latin1");
    return this.addFrom(this.#scratch, 0);
  }

  /** Adds the digest whose characters begin at `at`. */
  addFrom(characters: Uint8Array, at: number): boolean {
    const first = word(characters, at) + 1; // a slot that begins with zero is free
    const second = word(characters, at + 5);
    const third = word(characters, at + 10);
    const slot = find(this.#slots, first, second, third);
    const slots = this.#slots;
    if (slots[slot] !== 0) return false;
    slots[slot] = first;
    slots[slot + 1] = second;
    slots[slot + 2] = third;
    this.#size += 1;
    if (this.#size * wordsPerDigest * 4 > slots.length * 3) this.#grow();
    return true;
  }

  has(digest: string): boolean {
    const characters = this.#scratch;
    characters.write(digest, "latin1");
    const slot = find(this.#slots, word(characters, 0) + 1, word(characters, 5), word(characters, 10));
    return this.#slots[slot] !== 0;
  }

  #grow(): void {
    const before = this.#slots;
    const slots = new Uint32Array(before.length * 2);
    for (let from = 0; from < before.length; from += wordsPerDigest) {
      const first = before[from] as number;
      if (first === 0) continue;
      const second = before[from + 1] as number;
      const third = before[from + 2] as number;
      const slot = find(slots, first, second, third);
      slots[slot] = first;
      slots[slot + 1] = second;
      slots[slot + 2] = third;
    }
    this.#slots = slots;
  }
}

/** Finds the slot of a digest, or the free slot where it belongs. */
function find(slots: Uint32Array, first: number, second: number, third: number): number {
  let slot = (first & (slots.length / wordsPerDigest - 1)) * wordsPerDigest;
  for (;;) {
    const found = slots[slot];
    if (found === 0) return slot;
    if (found === first && slots[slot + 1] === second && slots[slot + 2] === third) return slot;
    slot += wordsPerDigest;
    if (slot === slots.length) slot = 0;
  }
}

/** Reads five characters as 30 bits. */
function word(characters: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + 5; index += 1) value = (value << 6) | (bits[characters[index] as number] as number);
  return value;
}

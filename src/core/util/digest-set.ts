/** A set of digests in twelve bytes each. */

import { hash } from "node:crypto";

const wordsPerDigest = 3;
/** Slots at the start; it doubles when three quarters are taken. */
const firstCapacity = 1024;

/** The six bits of each character of base64url. */
const bits = new Uint8Array(256);
for (const [value, character] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].entries()) {
  bits[character.charCodeAt(0)] = value;
}

/** The fingerprint of a text, such as the key that a source knows an input by. */
export function digestOfKey(key: string): string {
  return hash("sha1", key, "base64url").slice(0, 16);
}

/**
 * A set of fingerprints: 90 bits of 16 characters of base64url, open-addressed in one block of memory. A million take 25 MB, and half of that more
 * for the moment in which it grows.
 */
export class DigestSet {
  #slots = new Uint32Array(firstCapacity * wordsPerDigest);
  #size = 0;
  readonly #scratch = Buffer.alloc(16);

  get size(): number {
    return this.#size;
  }

  /** Adds a fingerprint; false when it was there. */
  add(fingerprint: string): boolean {
    this.#scratch.write(fingerprint, "latin1");
    return this.addFrom(this.#scratch, 0);
  }

  /** Adds the fingerprint whose characters begin at `at`. */
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

  has(fingerprint: string): boolean {
    const characters = this.#scratch;
    characters.write(fingerprint, "latin1");
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

/** The slot of a digest, or the free one where it belongs. */
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

/** Five characters as 30 bits. */
function word(characters: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + 5; index += 1) value = (value << 6) | (bits[characters[index] as number] as number);
  return value;
}

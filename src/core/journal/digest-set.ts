/** Digests in twelve bytes each: a set of them, and a map from them to numbers. */

import { hash } from "node:crypto";

const wordsPerDigest = 3;
/** Slots at the start; their number doubles when three quarters are taken. */
const firstCapacity = 1024;

/** The six bits of each character of base64url. */
const bits = new Uint8Array(256);
for (const [value, character] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].entries()) {
  bits[character.charCodeAt(0)] = value;
}

/** The fingerprint of a text, such as the key that a source knows an input by. */
export function fingerprintOfKey(key: string): string {
  return hash("sha1", key, "base64url").slice(0, 16);
}

const scratch = Buffer.alloc(16);

/**
 * A set of fingerprints: 90 bits of 16 characters of base64url, open-addressed in one block of memory. A million take 25 MB, and half of that more
 * for the moment in which it grows.
 */
export class DigestSet {
  #slots = new Uint32Array(firstCapacity * wordsPerDigest);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a fingerprint; false when it was there. */
  add(fingerprint: string): boolean {
    scratch.write(fingerprint, "latin1");
    return this.addFrom(scratch, 0);
  }

  /** Adds the fingerprint whose characters begin at `at`. */
  addFrom(characters: Uint8Array, at: number): boolean {
    const slot = find(this.#slots, wordsPerDigest, characters, at);
    if (this.#slots[slot] !== 0) return false;
    put(this.#slots, slot, characters, at);
    this.#size += 1;
    if (this.#size * wordsPerDigest * 4 > this.#slots.length * 3) this.#slots = grown(this.#slots, wordsPerDigest);
    return true;
  }

  has(fingerprint: string): boolean {
    scratch.write(fingerprint, "latin1");
    return this.#slots[find(this.#slots, wordsPerDigest, scratch, 0)] !== 0;
  }
}

/** A map from fingerprints, as in `DigestSet`, to numbers below 2^32: sixteen bytes a slot. */
export class DigestNumbers {
  readonly #stride = wordsPerDigest + 1;
  #slots = new Uint32Array(firstCapacity * this.#stride);
  #size = 0;

  get(fingerprint: string): number | undefined {
    scratch.write(fingerprint, "latin1");
    const slot = find(this.#slots, this.#stride, scratch, 0);
    return this.#slots[slot] === 0 ? undefined : this.#slots[slot + wordsPerDigest];
  }

  /** Adds a fingerprint with its number; does nothing but give the number that it has where it was there. */
  add(fingerprint: string, number: number): number | undefined {
    scratch.write(fingerprint, "latin1");
    const slot = find(this.#slots, this.#stride, scratch, 0);
    if (this.#slots[slot] !== 0) return this.#slots[slot + wordsPerDigest];
    put(this.#slots, slot, scratch, 0);
    this.#slots[slot + wordsPerDigest] = number;
    this.#size += 1;
    if (this.#size * this.#stride * 4 > this.#slots.length * 3) this.#slots = grown(this.#slots, this.#stride);
    return undefined;
  }
}

function put(slots: Uint32Array, slot: number, characters: Uint8Array, at: number): void {
  slots[slot] = word(characters, at) + 1; // a slot that begins with zero is free
  slots[slot + 1] = word(characters, at + 5);
  slots[slot + 2] = word(characters, at + 10);
}

/** The slot of a digest, or the free one where it belongs. */
function find(slots: Uint32Array, stride: number, characters: Uint8Array, at: number): number {
  return findWords(slots, stride, word(characters, at) + 1, word(characters, at + 5), word(characters, at + 10));
}

function findWords(slots: Uint32Array, stride: number, first: number, second: number, third: number): number {
  let slot = (first & (slots.length / stride - 1)) * stride;
  for (;;) {
    const found = slots[slot];
    if (found === 0) return slot;
    if (found === first && slots[slot + 1] === second && slots[slot + 2] === third) return slot;
    slot += stride;
    if (slot === slots.length) slot = 0;
  }
}

function grown(before: Uint32Array<ArrayBuffer>, stride: number): Uint32Array<ArrayBuffer> {
  const slots = new Uint32Array(before.length * 2);
  for (let from = 0; from < before.length; from += stride) {
    const [first = 0, second = 0, third = 0] = [before[from], before[from + 1], before[from + 2]];
    if (first === 0) continue;
    const slot = findWords(slots, stride, first, second, third);
    for (let offset = 0; offset < stride; offset += 1) slots[slot + offset] = before[from + offset] as number;
  }
  return slots;
}

/** Five characters as 30 bits. */
function word(characters: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + 5; index += 1) value = (value << 6) | (bits[characters[index] as number] as number);
  return value;
}

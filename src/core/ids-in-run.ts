/** The ids of a run, and which input had each first. */

import { OriginLog } from "./origin-log.js";

/** Longest origin that is recorded, in characters. */
const maxOriginLength = 300;

/** Slots at the start; their number grows to four times as many when half of them are taken. */
const firstCapacity = 1024;

/** The input that had an id first. */
export interface FirstUse {
  origin: string;
  /** The input's number in its run. */
  sequence: number;
}

/**
 * Ids and the input that had each first: 40 to 80 bytes an id, so 80 MB at most for a million. It runs for each input of an upload, so it hashes
 * without the crypto library, and the table that is searched has eight bytes a slot. Two ids of ten million share their 64 bits with a probability of
 * three in a million.
 */
export class IdsInRun {
  /** A slot has the first half of an id's hash, and the number of its entry from 1; 0 where it is free. */
  #slots = new Uint32Array(firstCapacity * 2);
  /** An entry has the second half of the hash, and the number of its input. */
  #entries = new Uint32Array(firstCapacity);
  readonly #origins = new OriginLog();

  /** Records the use of an id; returns the first use if there is one. */
  claim(id: string, origin: string, sequence: number): FirstUse | undefined {
    const first = hashOf(id, 0x9e3779b1);
    const second = hashOf(id, 0x5f356495);
    const slot = this.#slotOf(first, second);
    const taken = this.#slots[slot + 1] as number;
    if (taken !== 0) return this.#useAt(taken - 1);
    const count = this.#origins.push(shortened(origin));
    if (count * 2 > this.#entries.length) this.#entries = larger(this.#entries);
    this.#entries[count * 2 - 2] = second;
    this.#entries[count * 2 - 1] = sequence;
    this.#slots[slot] = first;
    this.#slots[slot + 1] = count;
    if (count * 4 > this.#slots.length) this.#slots = grown(this.#slots);
    return undefined;
  }

  find(id: string): FirstUse | undefined {
    const slot = this.#slotOf(hashOf(id, 0x9e3779b1), hashOf(id, 0x5f356495));
    const taken = this.#slots[slot + 1] as number;
    return taken === 0 ? undefined : this.#useAt(taken - 1);
  }

  /** The slot of a hash, or the free one where it belongs. */
  #slotOf(first: number, second: number): number {
    const slots = this.#slots;
    let slot = (first & (slots.length / 2 - 1)) * 2;
    for (let entry = slots[slot + 1] as number; entry !== 0; entry = slots[slot + 1] as number) {
      if (slots[slot] === first && this.#entries[entry * 2 - 2] === second) return slot;
      slot += 2;
      if (slot === slots.length) slot = 0;
    }
    return slot;
  }

  #useAt(index: number): FirstUse {
    return { origin: this.#origins.at(index), sequence: this.#entries[index * 2 + 1] as number };
  }
}

/** An origin as it is recorded. */
export function shortened(origin: string): string {
  return origin.length > maxOriginLength ? `${origin.slice(0, maxOriginLength)}…` : origin;
}

/** A multiplicative hash of a text, mixed at the end; `factor` makes it one of several. */
function hashOf(id: string, factor: number): number {
  let hash = factor;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), factor);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function grown(before: Uint32Array): Uint32Array<ArrayBuffer> {
  const slots = new Uint32Array(before.length * 4);
  const mask = slots.length / 2 - 1;
  for (let from = 0; from < before.length; from += 2) {
    if (before[from + 1] === 0) continue;
    let slot = ((before[from] as number) & mask) * 2;
    while (slots[slot + 1] !== 0) slot = slot + 2 === slots.length ? 0 : slot + 2;
    slots[slot] = before[from] as number;
    slots[slot + 1] = before[from + 1] as number;
  }
  return slots;
}

function larger(before: Uint32Array): Uint32Array<ArrayBuffer> {
  const after = new Uint32Array(before.length * 2);
  after.set(before);
  return after;
}

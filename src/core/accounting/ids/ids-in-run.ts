/** The ids of a run, and the first input of each. */

import { shorten } from "../../util/format/shorten.js";
import { OriginLog } from "./origin-log.js";

/** Longest origin that is recorded, in characters. */
const maxOriginLength = 300;

/** Slots at the start. When half of them are used, their number is multiplied by four. */
const firstCapacity = 1024;

const firstFactor = 0x9e3779b1;
const secondFactor = 0x5f356495;

/** The first input with an id. */
export interface FirstUse {
  origin: string;
  /** The input's number in its run. */
  sequence: number;
}

/**
 * A table of ids and the first input of each. It uses 40 to 80 bytes per id, so at most 80 MB for a million. Since it is used for each input of an
 * upload, it hashes without the crypto library, and its search table has eight bytes per slot. Among ten million ids, two have the same 64-bit hash with
 * a probability of three in a million.
 */
export class IdsInRun {
  /** A slot has the first half of an id's hash, and the number of its entry from 1; 0 if it is free. */
  #slots = new Uint32Array(firstCapacity * 2);
  /** An entry has the second half of the hash, and the number of its input. */
  #entries = new Uint32Array(firstCapacity);
  readonly #origins = new OriginLog();
  #first = 0;
  #second = 0;

  /** Records the use of an id. Returns its first use if there was one before. */
  claim(id: string, origin: string, sequence: number): FirstUse | undefined {
    const slot = this.#slotOf(id);
    const slots = this.#slots;
    const entry = slots[slot + 1] as number;
    if (entry !== 0) return this.#useAt(entry - 1);
    const count = this.#origins.push(shortened(origin));
    if (count * 2 > this.#entries.length) this.#entries = larger(this.#entries);
    this.#entries[count * 2 - 2] = this.#second;
    this.#entries[count * 2 - 1] = sequence;
    slots[slot] = this.#first;
    slots[slot + 1] = count;
    if (count * 4 > slots.length) this.#slots = grown(slots);
    return undefined;
  }

  /** Returns the first use of an id. */
  find(id: string): FirstUse | undefined {
    const entry = this.#slots[this.#slotOf(id) + 1] as number;
    return entry === 0 ? undefined : this.#useAt(entry - 1);
  }

  /**
   * Returns the slot of an id, or the free slot for it, and sets `#first` and `#second` to its hash. Both halves are multiplicative hashes, computed in one
   * pass and mixed at the end.
   */
  #slotOf(id: string): number {
    let first = firstFactor;
    let second = secondFactor;
    for (let index = 0; index < id.length; index += 1) {
      const code = id.charCodeAt(index);
      first = Math.imul(first ^ code, firstFactor);
      first ^= first >>> 15;
      second = Math.imul(second ^ code, secondFactor);
      second ^= second >>> 15;
    }
    first = mixed(first);
    second = mixed(second);
    this.#first = first;
    this.#second = second;
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

/** Shortens an origin to the length that is recorded. */
export function shortened(origin: string): string {
  return shorten(origin, maxOriginLength);
}

function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (once ^ (once >>> 13)) >>> 0;
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

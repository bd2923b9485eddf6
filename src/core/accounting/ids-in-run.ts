/** The ids of a run, and which input had each first. */

import { shorten } from "../util/shorten.js";
import { OriginLog } from "./origin-log.js";

/** Longest origin that is recorded, in characters. */
const maxOriginLength = 300;

/** Slots at the start; their number grows to four times as many when half of them are taken. */
const firstCapacity = 1024;

const firstFactor = 0x9e3779b1;
const secondFactor = 0x5f356495;

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
  #first = 0;
  #second = 0;

  /** Records the use of an id; returns the first use if there is one. */
  claim(id: string, origin: string, sequence: number): FirstUse | undefined {
    const slot = this.#slotOf(id);
    const slots = this.#slots;
    const taken = slots[slot + 1] as number;
    if (taken !== 0) return this.#useAt(taken - 1);
    const count = this.#origins.push(shortened(origin));
    if (count * 2 > this.#entries.length) this.#entries = larger(this.#entries);
    this.#entries[count * 2 - 2] = this.#second;
    this.#entries[count * 2 - 1] = sequence;
    slots[slot] = this.#first;
    slots[slot + 1] = count;
    if (count * 4 > slots.length) this.#slots = grown(slots);
    return undefined;
  }

  find(id: string): FirstUse | undefined {
    const taken = this.#slots[this.#slotOf(id) + 1] as number;
    return taken === 0 ? undefined : this.#useAt(taken - 1);
  }

  /**
   * The slot of an id, or the free one where it belongs; leaves its hash in `#first` and `#second`. Both halves are multiplicative hashes, made in one
   * walk and mixed at the end.
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

/** An origin as it is recorded. */
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

/** The ids of the images of a file, and their positions in it. */

import { OffsetIndex } from "../dataset-folder/offset-index.js";

const firstCapacity = 1024;
const free = Number.NaN;

/** An id of COCO: a number by the specification, and a text in some files. */
export type CocoId = number | string;

/** A table of ids. Numbers take 12 to 24 bytes each. Of texts, it knows 63 bits of a hash. */
export class IdTable {
  #keys = new Float64Array(firstCapacity).fill(free);
  #values = new Uint32Array(firstCapacity);
  #size = 0;
  #texts: OffsetIndex | undefined;

  /** Adds an id; returns false if it has one already. */
  add(id: CocoId, value: number): boolean {
    if (typeof id === "string") {
      if (this.find(id) !== undefined) return false;
      this.#texts ??= new OffsetIndex();
      this.#texts.set(id, value, undefined);
      return true;
    }
    const slot = this.#slotOf(id);
    if (this.#keys[slot] === id) return false;
    this.#keys[slot] = id;
    this.#values[slot] = value;
    this.#size += 1;
    if (this.#size * 4 > this.#keys.length * 3) this.#grow();
    return true;
  }

  find(id: CocoId): number | undefined {
    if (typeof id === "string") {
      for (const value of this.#texts?.find(id) ?? []) return value;
      return undefined;
    }
    const slot = this.#slotOf(id);
    return this.#keys[slot] === id ? this.#values[slot] : undefined;
  }

  #slotOf(id: number): number {
    const mask = this.#keys.length - 1;
    let slot = (Math.imul(id | 0, 0x9e3779b1) ^ Math.imul((id / 4_294_967_296) | 0, 0x5f356495)) >>> 7;
    for (slot &= mask; !Number.isNaN(this.#keys[slot]) && this.#keys[slot] !== id; slot = (slot + 1) & mask);
    return slot;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Float64Array(keys.length * 2).fill(free);
    this.#values = new Uint32Array(keys.length * 2);
    for (const [at, key] of keys.entries()) {
      if (Number.isNaN(key)) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#values[slot] = values[at] as number;
    }
  }
}

/** An index of ids: where the last line of each id is in a file. */

import { hash } from "node:crypto";

const firstCapacity = 1024;

/** Half of a slot's key. Zero marks a free slot. */
interface Key {
  high: number;
  low: number;
}

/**
 * An open-addressed hash table of 16 bytes per slot. It knows 63 bits of an id's hash, and yields the places where the id may be: the caller reads the line, and
 * compares the id.
 */
export class OffsetIndex {
  #keys = new Uint32Array(firstCapacity * 2);
  #offsets = new Float64Array(firstCapacity);
  #size = 0;
  #lastId: string | undefined;
  #lastKey: Key = { high: 0, low: 0 };

  /** Yields the offsets of lines whose id has the same hash. */
  *find(id: string): Generator<number> {
    const { high, low } = this.#keyOf(id);
    for (let slot = this.#first(low); this.#keys[slot * 2] !== 0; slot = this.#next(slot)) {
      if (this.#keys[slot * 2] === high && this.#keys[slot * 2 + 1] === low) yield this.#offsets[slot] as number;
    }
  }

  /** Sets the offset of an id. `replaced`: the offset that it had, from `find`. */
  set(id: string, offset: number, replaced: number | undefined): void {
    const { high, low } = this.#keyOf(id);
    let slot = this.#first(low);
    for (; this.#keys[slot * 2] !== 0; slot = this.#next(slot)) {
      const isSame = this.#keys[slot * 2] === high && this.#keys[slot * 2 + 1] === low;
      if (replaced === undefined || !isSame || this.#offsets[slot] !== replaced) continue;
      this.#offsets[slot] = offset;
      return;
    }
    this.#keys[slot * 2] = high;
    this.#keys[slot * 2 + 1] = low;
    this.#offsets[slot] = offset;
    this.#size += 1;
    if (this.#size * 4 > this.#offsets.length * 3) this.#grow();
  }

  /** The key of an id that is found and then set is made once. */
  #keyOf(id: string): Key {
    if (id !== this.#lastId) {
      this.#lastKey = keyOf(id);
      this.#lastId = id;
    }
    return this.#lastKey;
  }

  #grow(): void {
    const [keys, offsets] = [this.#keys, this.#offsets];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#offsets = new Float64Array(offsets.length * 2);
    for (let from = 0; from < offsets.length; from += 1) {
      const low = keys[from * 2 + 1] as number;
      if (keys[from * 2] === 0) continue;
      let slot = this.#first(low);
      while (this.#keys[slot * 2] !== 0) slot = this.#next(slot);
      this.#keys[slot * 2] = keys[from * 2] as number;
      this.#keys[slot * 2 + 1] = low;
      this.#offsets[slot] = offsets[from] as number;
    }
  }

  #first(low: number): number {
    return low & (this.#offsets.length - 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#offsets.length - 1);
  }
}

function keyOf(id: string): Key {
  const digest = hash("sha1", id, "buffer");
  return { high: (digest.readUInt32LE(0) | 0x80000000) >>> 0, low: digest.readUInt32LE(4) };
}

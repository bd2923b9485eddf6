/** The ids of annotations or images in a file that is written: which are used, and which is free. */

const idsPerPage = 4096;
/** Most pages. Ids that lie further apart are not kept. */
const maxPages = 100_000;

/** A set of whole numbers in pages of bits. Ids close to each other take one bit each. */
export class IdSpace {
  readonly #pages = new Map<number, Uint8Array>();
  #next = 1;

  /** Takes an id; returns false if it is used, is not a whole number, or is too far from the others. */
  claim(id: unknown): id is number {
    return typeof id === "number" && this.#take(id);
  }

  /** Takes the lowest free id. */
  next(): number {
    while (!this.#take(this.#next)) this.#next += 1;
    return this.#next++;
  }

  #take(id: number): boolean {
    if (!Number.isSafeInteger(id) || id < 0) return false;
    const number = Math.floor(id / idsPerPage);
    let page = this.#pages.get(number);
    if (!page) {
      if (this.#pages.size >= maxPages) return false;
      page = new Uint8Array(idsPerPage / 8);
      this.#pages.set(number, page);
    }
    const bit = id - number * idsPerPage;
    const [byte, mask] = [bit >> 3, 1 << (bit & 7)];
    if (((page[byte] as number) & mask) !== 0) return false;
    page[byte] = (page[byte] as number) | mask;
    return true;
  }
}

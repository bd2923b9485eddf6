/** A set of ids that takes twelve bytes for each. */

import { DigestSet, digestOfKey } from "./digest-set.js";

/** Remembers ids by their digests. A million ids take 25 MB. */
export class IdSet {
  readonly #digests = new DigestSet();

  /** Adds an id; returns false if the set has it already. */
  add(id: string): boolean {
    return this.#digests.add(digestOfKey(id));
  }

  has(id: string): boolean {
    return this.#digests.has(digestOfKey(id));
  }
}

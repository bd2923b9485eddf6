/** A set of ids that were listed, in 12 bytes each. */

import { hash } from "node:crypto";
import { DigestSet } from "./digest-set.js";

/** Remembers ids by their digests: a million take 25 MB. */
export class IdSet {
  readonly #digests = new DigestSet();

  /** Adds an id; returns false if the set has it already. */
  add(id: string): boolean {
    return this.#digests.add(digestOf(id));
  }

  has(id: string): boolean {
    return this.#digests.has(digestOf(id));
  }
}

function digestOf(id: string): string {
  return hash("sha1", id, "base64url");
}

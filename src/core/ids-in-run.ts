/** The ids of a run, and who had each first. */

import { DigestNumbers, fingerprintOfKey } from "./journal/digest-set.js";
import { OriginLog } from "./origin-log.js";

/** Longest origin that is recorded, in characters. */
const maxOriginLength = 300;

/** Who had an id first. */
export interface FirstUse {
  origin: string;
  /** The input's number in its run. */
  sequence: number;
}

/** Ids and who had each first: about 50 bytes an id, so 50 MB for a million. */
export class IdsInRun {
  readonly #numbers = new DigestNumbers();
  readonly #origins = new OriginLog();

  /** Records who has an id; gives who had it before, where somebody had. */
  claim(id: string, origin: string, sequence: number): FirstUse | undefined {
    const first = this.#numbers.add(fingerprintOfKey(id), this.#origins.length);
    if (first === undefined) this.#origins.push(`${shortened(origin)}\n${sequence}`);
    return first === undefined ? undefined : this.#useAt(first);
  }

  find(id: string): FirstUse | undefined {
    const first = this.#numbers.get(fingerprintOfKey(id));
    return first === undefined ? undefined : this.#useAt(first);
  }

  #useAt(index: number): FirstUse {
    const text = this.#origins.at(index);
    const end = text.lastIndexOf("\n");
    return { origin: text.slice(0, end), sequence: Number(text.slice(end + 1)) };
  }
}

/** An origin as it is recorded. */
export function shortened(origin: string): string {
  return origin.length > maxOriginLength ? `${origin.slice(0, maxOriginLength)}…` : origin;
}

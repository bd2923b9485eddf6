/** Finds images that look like an earlier image of the dataset: in another split, or in the same one. */

import { maxDistance } from "../near-duplicates/hash-index.js";
import { KeptImages } from "../near-duplicates/kept-images.js";
import type { Hashed } from "../near-duplicates/perceptual-hash.js";
import type { InputFinding } from "./findings.js";

export const maxNearDistance = maxDistance;
/** Distance of `nearDuplicates: true`: that of the transform nearDuplicates. */
export const defaultNearDistance = 6;

/** Why an image was not compared with others. */
const notCompared = {
  url: "the image is a URL, so it was not compared with others",
  undecodable: "the image cannot be decoded, so it was not compared with others",
  "no detail": "the image has hardly any detail (one colour, a blank page), so it was not compared with others",
} as const;

/** An image that is compared. */
export interface NearImage {
  id: string;
  origin: string;
  split: string;
}

/** Compares images with all earlier ones. Takes about 150 bytes of memory for each, and 1 MB. */
export class NearImages {
  readonly #images: KeptImages;

  constructor(distance: number) {
    this.#images = new KeptImages(distance);
  }

  /** Returns what was found about an image. A match in another split counts before one in its own. */
  compare(hash: Hashed | "url", { id, origin, split }: NearImage): InputFinding | undefined {
    if (typeof hash === "string") return { check: "note", reason: notCompared[hash] };
    const likes = [...this.#images.like(hash)];
    // An equal hash in the same split stands for this one, too: whatever is like this is like that.
    const isKnown = likes.some((like) => like.distance === 0 && like.kept.split === split);
    if (!isKnown) this.#images.add(hash, { id, origin, split });
    const match = likes.find((like) => like.kept.split !== split) ?? likes[0];
    if (!match) return undefined;
    const { kept, distance } = match;
    const bits = `${distance} of 64 bits differ`;
    if (kept.split === split) return { check: "near-duplicate", reason: `looks like ${kept.origin}; ${bits}` };
    return { check: "leakage", reason: `looks like ${kept.origin} in ${kept.split}, and is in ${split}; ${bits}` };
  }
}

/** The decisions of one run of `nearDuplicates`, in the order of the inputs. */

import { resolve } from "node:path";
import type { Settlement } from "../../core/accounting/ledger.js";
import { relocated } from "../../core/input/content.js";
import type { ReadableContent } from "../../core/input/input.js";
import { DigestSet, digestOfKey } from "../../core/util/digest-set.js";
import { countText } from "../../core/util/format/format.js";
import type { Hash64 } from "../../formats/perceptual-hash/hash.js";
import { HashStore } from "./hash-store.js";
import { type KeptImage, KeptImages, type Match } from "./kept-images.js";
import { type Hashed, perceptualHash } from "./perceptual-hash.js";

/** An image to decide on. */
interface Candidate {
  id: string;
  origin: string;
  content: ReadableContent;
}

/** An image that was kept, and what was dropped for it. */
interface Stand {
  origin: string;
  /** Origin of the first image that was dropped. */
  first: string;
  dropped: number;
}

const maxLines = 10;

/** "kept", the earlier image that it is like, or why it was not compared. */
export type Decision = "kept" | Match | Exclude<Hashed, Hash64>;

/** Hashes images at once, and decides on one after the other. */
export class Decisions {
  readonly #kept: KeptImages;
  readonly #store: HashStore | undefined;
  /** The kept images that others were dropped for, by their ids. */
  readonly #stands = new Map<string, Stand>();
  /** Digests of the ids of images that failed. They stand for no other image any more. */
  readonly #failed = new DigestSet();
  #opening: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ distance, store }: { distance: number; store?: string | undefined }) {
    this.#kept = new KeptImages(distance);
    this.#store = store === undefined ? undefined : new HashStore(store);
  }

  /** Lines of the store that were ignored. */
  get damagedLines(): number {
    return this.#store?.damagedLines ?? 0;
  }

  /** Decides on an image, after those of earlier calls. Resolves when the decision is on disk. @throws {InputError} ERR_HASH_STORE, and errors of reading */
  async decide(image: Candidate, dryRun: boolean): Promise<Decision> {
    this.#opening ??= this.#store?.open(dryRun, (hash, kept) => this.#kept.add(hash, kept)) ?? Promise.resolve();
    const hashing = this.#opening.then(() => perceptualHash(image.content));
    hashing.catch(() => undefined); // its error is thrown below, after the earlier decisions
    const deciding = this.#last.then(async () => this.#decideNow(image, await hashing));
    this.#last = deciding.catch(() => undefined);
    const { decision, durable } = await deciding;
    await durable;
    return decision;
  }

  /** Records the outcome of an input. */
  settled({ id, kind, outcome }: Settlement): void {
    if (outcome.state === "failed" && kind === "image" && id !== undefined) this.#failed.add(digestOfKey(id));
  }

  /** Says which images were dropped for one that failed after that. */
  conclude(): string[] {
    const lost = [...this.#stands].flatMap(([id, stand]) => (this.#failed.has(digestOfKey(id)) ? stand : []));
    const lines = lost.slice(0, maxLines).map(({ origin, first, dropped }) => {
      const more = dropped > 1 ? ` and ${countText(dropped - 1)} more` : "";
      return `${origin} failed after ${first}${more} was dropped for it; read the dropped ones again without it`;
    });
    if (lost.length > maxLines) lines.push(`… and ${countText(lost.length - maxLines)} more images that failed`);
    return lines;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#last;
    await this.#store?.close();
  }

  #decideNow(image: Candidate, hash: Hashed): { decision: Decision; durable?: Promise<void> | undefined } {
    if (typeof hash === "string") return { decision: hash };
    const likes = [...this.#kept.like(hash)].filter(({ kept }) => !this.#failed.has(digestOfKey(kept.id)));
    // Kept by an earlier run, which may have ended before it was uploaded.
    if (likes.some(({ kept, distance }) => kept.id === image.id && distance === 0)) return { decision: "kept" };
    const match = likes.find(({ kept }) => kept.id !== image.id);
    if (match) {
      const { id, origin } = match.kept;
      const stand = this.#stands.get(id) ?? { origin, first: image.origin, dropped: 0 };
      stand.dropped += 1;
      this.#stands.set(id, stand);
      return { decision: match };
    }
    const kept: KeptImage = { ...image, content: withoutBytes(image.content) };
    this.#kept.add(hash, kept);
    return { decision: "kept", durable: this.#store?.add(hash, kept) };
  }
}

/** Returns where a content can be read again; undefined for bytes in memory. */
function withoutBytes(content: ReadableContent): KeptImage["content"] {
  return "bytes" in content ? undefined : relocated(content, (path) => resolve(path));
}

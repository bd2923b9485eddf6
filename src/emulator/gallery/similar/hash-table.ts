/** The perceptual hashes of stored images: in memory for comparing, and in the store, so that no image is decoded twice. */

import { distanceOf, type Hash64, hashMethod } from "../../../formats/perceptual-hash/hash.js";
import type { Store } from "../../store/store.js";

/** The table is created when the first user asks for similar images. An image without a hash has null. */
const schema = `
CREATE TABLE IF NOT EXISTS image_hashes (sha256 TEXT PRIMARY KEY, method TEXT NOT NULL, high INTEGER, low INTEGER) WITHOUT ROWID;
DELETE FROM image_hashes WHERE sha256 NOT IN (SELECT sha256 FROM inputs WHERE sha256 IS NOT NULL);
`;
const digestBytes = 32;

interface HashRow {
  sha256: string;
  high: number | null;
  low: number | null;
}

/** An image that is like another one. */
export interface Likeness {
  sha256: string;
  /** Number of bits that differ, of 64. */
  distance: number;
}

/** Takes 40 bytes of memory for each image. */
export class HashTable {
  readonly #store: Store;
  #digests = Buffer.alloc(digestBytes * 1024);
  #hashes = new Uint32Array(2 * 1024);
  #size = 0;

  constructor(store: Store) {
    this.#store = store;
    store.transaction(() => store.database.exec(schema));
    const sql = "SELECT sha256, high, low FROM image_hashes WHERE method = ? AND high IS NOT NULL";
    for (const { sha256, high, low } of store.all<HashRow>(sql, hashMethod)) {
      this.#remember(sha256, { high: high ?? 0, low: low ?? 0 });
    }
  }

  /** Returns the hash of an image. "none": it has none. Undefined: it was not hashed yet. */
  get(sha256: string): Hash64 | "none" | undefined {
    const sql = "SELECT high, low FROM image_hashes WHERE sha256 = ? AND method = ?";
    const row = this.#store.get<HashRow>(sql, sha256, hashMethod);
    if (!row) return undefined;
    return row.high === null || row.low === null ? "none" : { high: row.high, low: row.low };
  }

  add(sha256: string, hash: Hash64 | undefined): void {
    const sql = "INSERT OR REPLACE INTO image_hashes (sha256, method, high, low) VALUES (?, ?, ?, ?)";
    this.#store.run(sql, sha256, hashMethod, hash?.high ?? null, hash?.low ?? null);
    if (hash) this.#remember(sha256, hash);
  }

  /** Returns the images within a distance, the most similar first. */
  near(hash: Hash64, distance: number): Likeness[] {
    const found: Likeness[] = [];
    for (let at = 0; at < this.#size; at += 1) {
      const other = { high: this.#hashes[2 * at] as number, low: this.#hashes[2 * at + 1] as number };
      const bits = distanceOf(hash, other);
      if (bits > distance) continue;
      found.push({ sha256: this.#digests.toString("hex", digestBytes * at, digestBytes * (at + 1)), distance: bits });
    }
    return found.sort((one, other) => one.distance - other.distance);
  }

  #remember(sha256: string, { high, low }: Hash64): void {
    const at = this.#size;
    if (2 * at === this.#hashes.length) {
      const [digests, hashes] = [this.#digests, this.#hashes];
      this.#digests = Buffer.alloc(digests.length * 2);
      digests.copy(this.#digests);
      this.#hashes = new Uint32Array(hashes.length * 2);
      this.#hashes.set(hashes);
    }
    this.#digests.write(sha256, digestBytes * at, "hex");
    this.#hashes[2 * at] = high;
    this.#hashes[2 * at + 1] = low;
    this.#size += 1;
  }
}

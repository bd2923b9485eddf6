/** Finds images that look like another one. It hashes the images of the app in the background, while somebody asks. */

import { limits } from "../../../clarifai/limits.js";
import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { pixelBudget } from "../../../core/input/decoding.js";
import { describeFile } from "../../../core/input/describe.js";
import { type Hash64, hashOfImage } from "../../../formats/perceptual-hash/hash.js";
import type { MediaFiles } from "../../media/media-files.js";
import type { AppRow } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import type { GalleryIndex } from "../gallery-index.js";
import { itemsOf } from "../items.js";
import type { SimilarShape } from "../shapes.js";
import { decodedTypes } from "../thumbnails.js";
import { HashTable } from "./hash-table.js";

/** The work continues for this time after the last request, in milliseconds. */
const watchedMs = 10_000;
const batchSize = 32;
const maxItems = 300;
const maxDistance = 20;
const { INPUT_SUCCESS } = statusCodes;

/** A pass through the images of an app, newest first. */
interface Pass {
  app: number;
  /** The version of the store at its start. */
  version: number;
  /** The next images are older than this input. */
  before: number;
  /** Number of inputs whose image is not hashed yet. */
  remaining: number;
}

export class SimilarImages {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #index: GalleryIndex;
  #table: HashTable | undefined;
  #pass: Pass | undefined;
  #watchedUntil = 0;
  #work: Promise<void> | undefined;
  #closed = false;

  constructor(store: Store, files: MediaFiles, index: GalleryIndex) {
    this.#store = store;
    this.#files = files;
    this.#index = index;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  /** Returns the inputs of an app whose image is like that of an input, the most similar first. Undefined: the input does not exist. */
  async find(app: AppRow, seq: number, distance: number): Promise<SimilarShape | undefined> {
    const table = (this.#table ??= new HashTable(this.#store));
    const sql = "SELECT sha256 FROM inputs WHERE seq = ? AND app = ? AND kind = 'image' AND status = ?";
    const sha256 = this.#store.get<{ sha256: string | null }>(sql, seq, app.seq, INPUT_SUCCESS)?.sha256;
    if (!sha256) return undefined;
    if (table.get(sha256) === undefined) await this.#hash(table, sha256);
    const hash = table.get(sha256);
    this.#watch(table, app);
    const remaining = this.#pass?.remaining ?? 0;
    if (hash === undefined || hash === "none") return { items: [], total: 0, remaining, hasNoDetail: true };
    const near = table.near(hash, Math.min(distance, maxDistance));
    const distances = new Map(near.map((one) => [one.sha256, one.distance]));
    const finding = `SELECT i.seq, i.sha256 FROM json_each(?) s CROSS JOIN inputs i INDEXED BY inputs_media ON i.sha256 = s.value
      WHERE i.app = ? AND i.kind = 'image' AND i.status = ? AND i.seq <> ? ORDER BY s.key, i.seq DESC`;
    const values = [JSON.stringify([...distances.keys()]), app.seq, INPUT_SUCCESS, seq];
    const rows = this.#store.all<{ seq: number; sha256: string }>(finding, ...values);
    const shown = rows.slice(0, maxItems);
    const items = new Map(
      itemsOf(
        this.#store,
        this.#files,
        app,
        shown.map((row) => row.seq),
      ).map((item) => [item.seq, item]),
    );
    return {
      items: shown.flatMap((row) => {
        const item = items.get(row.seq);
        return item ? [{ item, distance: distances.get(row.sha256) ?? 0 }] : [];
      }),
      total: rows.length,
      remaining,
    };
  }

  /** Hashes the images of an app that have no hash yet, in the background. */
  #watch(table: HashTable, app: AppRow): void {
    this.#watchedUntil = performance.now() + watchedMs;
    const version = this.#index.version();
    const isNew = this.#pass?.app !== app.seq || (this.#pass.remaining === 0 && this.#pass.version !== version);
    if (isNew) this.#pass = { app: app.seq, version, before: Number.MAX_SAFE_INTEGER, remaining: this.#count(app) };
    this.#work ??= this.#run(table)
      .catch(() => {
        this.#pass = undefined; // The store cannot be read. The next request begins a new pass.
      })
      .finally(() => {
        this.#work = undefined;
      });
  }

  async #run(table: HashTable): Promise<void> {
    while (!this.#closed && performance.now() < this.#watchedUntil) {
      const pass = this.#pass;
      if (!pass || pass.remaining === 0) return;
      const sql = `SELECT i.seq, i.sha256 FROM inputs i WHERE ${unhashed} AND i.seq < ? ORDER BY i.seq DESC LIMIT ?`;
      const rows = this.#store.all<{ seq: number; sha256: string }>(
        sql,
        pass.app,
        INPUT_SUCCESS,
        pass.before,
        batchSize,
      );
      if (rows.length === 0) pass.remaining = 0;
      for (const { seq, sha256 } of rows) {
        if (this.#closed || pass !== this.#pass) break;
        if (table.get(sha256) === undefined) await this.#hash(table, sha256);
        pass.before = seq;
        pass.remaining = Math.max(0, pass.remaining - 1);
      }
    }
  }

  async #hash(table: HashTable, sha256: string): Promise<void> {
    const hash = await hashOfFile(this.#files.pathOf(sha256)).catch(() => undefined);
    if (this.#closed) return;
    try {
      this.#index.uncounted(() => table.add(sha256, hash));
    } catch {
      this.#watchedUntil = 0; // The disk is full. The next request tries again.
    }
  }

  #count({ seq }: AppRow): number {
    const sql = `SELECT count(*) AS count FROM inputs i WHERE ${unhashed}`;
    return this.#store.get<{ count: number }>(sql, seq, INPUT_SUCCESS)?.count ?? 0;
  }
}

const unhashed = `i.app = ? AND i.kind = 'image' AND i.status = ? AND i.sha256 IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM image_hashes h WHERE h.sha256 = i.sha256)`;

/** Hashes an image file. Undefined: it cannot be decoded, or has hardly any detail. */
async function hashOfFile(path: string): Promise<Hash64 | undefined> {
  const { width = 0, height = 0, mimeType = "" } = (await describeFile(path)).content;
  const megapixels = (width * height) / 1_000_000;
  if (!decodedTypes.has(mimeType) || megapixels > limits.maxMegapixels) return undefined;
  const { default: sharp } = await import("sharp");
  const limitInputPixels = limits.maxMegapixels * 1_000_000;
  const image = () => sharp(path, { limitInputPixels, failOn: "truncated", sequentialRead: true });
  const hash = await pixelBudget.run(() => hashOfImage(image()), Math.max(1, Math.ceil(megapixels)));
  return hash === "no detail" ? undefined : hash;
}

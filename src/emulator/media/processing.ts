/** Processes accepted inputs in the background: fetches their URLs and inspects their content. */

import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { Kind } from "../../core/input/kinds.js";
import type { PrivateAccess } from "../../core/net/guarded-fetch.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { Semaphore } from "../../core/util/semaphore.js";
import type { InputRow } from "../store/model.js";
import {
  markInProgress,
  type Outcome,
  unprocessed,
  unprocessedRows,
  writeLateOutcomes,
  writeOutcomes,
} from "../store/outcomes.js";
import type { Store } from "../store/store.js";
import { fetchMedia } from "./fetch-media.js";
import { type DescribedFiles, inspectMedia } from "./inspect-media.js";
import type { MediaFiles, StoredMedia } from "./media-files.js";
import { failed, processed, processedText } from "./outcomes.js";
import { ProcessingFailure } from "./processing-failure.js";

export interface ProcessingOptions {
  delayMs: number;
  allowFetch: boolean;
  /** "accept": inputs by URL count as processed without being fetched. */
  urls?: "fetch" | "accept" | undefined;
  /** Which addresses may be fetched besides public ones. "loopback": those of this machine, if the URL itself names it. */
  privateFetch: PrivateAccess;
  /** Returns an injected fault of the processing. */
  fault: (row: InputRow) => { code: number; details: string } | "stuck" | undefined;
}

/** Maximum number of inputs whose outcomes are written in one transaction. */
const groupSize = 512;
/** Groups are processed for this time before requests get a turn, in milliseconds. Shorter turns would let the queue grow while many inputs arrive. */
const turnMs = 25;
/** Waiting inputs keep their rows in memory up to this number of characters. The rows of further inputs are read when their turn comes. */
const maxRowLength = 2_000_000;
/** Wait before inputs are processed again that could not be written, in milliseconds. */
const retryMs = 200;

/** Moves accepted inputs from pending through in progress to processed or failed. */
export class Processing {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #options: ProcessingOptions;
  readonly #fetches = new Semaphore(8);
  readonly #stop = new AbortController();
  /** Files that the requests described, so that they are not described again. */
  readonly #described: DescribedFiles = new Map();
  #queue: (InputRow | number)[] = [];
  /** Characters in the rows of the queue. */
  #rowLength = 0;
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #work: Promise<void> = Promise.resolve();

  constructor(store: Store, files: MediaFiles, options: ProcessingOptions) {
    this.#store = store;
    this.#files = files;
    this.#options = options;
    this.#queue = unprocessed(store); // Resumes the inputs that the last process left unfinished.
    if (this.#queue.length > 0) this.#runAfter(options.delayMs);
  }

  /** Adds new inputs to the queue. @param described descriptions of their files, if the caller has them */
  add(rows: readonly InputRow[], described: DescribedFiles): void {
    if (rows.length === 0 || this.#closed) return;
    for (const [sha256, description] of described) this.#described.set(sha256, description);
    for (const row of rows) {
      const length = lengthOf(row);
      const fits = this.#rowLength + length <= maxRowLength;
      if (fits) this.#rowLength += length;
      this.#queue.push(fits ? row : row.seq);
    }
    this.#runAfter(this.#options.delayMs);
  }

  #runAfter(ms: number): void {
    if (this.#running || this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work = this.#run();
    }, ms);
    this.#timer.unref();
  }

  /** Stops, and waits for the inputs that are being processed. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stop.abort(new Error("the emulator is closed"));
    await this.#work;
  }

  async #run(): Promise<void> {
    this.#running = true;
    let turnStart = performance.now();
    while (this.#queue.length > 0 && !this.#closed) {
      const group = this.#queue.splice(0, groupSize);
      for (const entry of group) if (typeof entry === "object") this.#rowLength -= lengthOf(entry);
      try {
        await this.#process(group);
      } catch {
        // For example, the disk is full. The inputs stay accepted, and are processed again later.
        this.#queue.unshift(...group.map((entry) => (typeof entry === "object" ? entry.seq : entry)));
        break;
      }
      if (performance.now() - turnStart < turnMs) continue;
      await new Promise<void>((resolve) => setImmediate(resolve));
      turnStart = performance.now();
    }
    this.#running = false;
    if (this.#queue.length > 0) this.#runAfter(retryMs);
    else this.#described.clear();
  }

  /**
   * Processes a group of inputs. Outcomes that are known at once are written in the transaction that marks the other inputs as in progress, because no
   * request could see those inputs in progress.
   */
  async #process(group: readonly (InputRow | number)[]): Promise<void> {
    const store = this.#store;
    const atOnce: Outcome[] = [];
    const later: Promise<Outcome>[] = [];
    const inProgress: InputRow[] = [];
    try {
      for (const row of unprocessedRows(store, group)) {
        const outcome = this.#outcomeOf(row);
        if (outcome instanceof Promise) later.push(outcome);
        else if (outcome !== "stuck") atOnce.push(outcome);
        if (outcome instanceof Promise || outcome === "stuck") inProgress.push(row);
      }
      store.transaction(() => {
        markInProgress(store, inProgress);
        writeOutcomes(store, atOnce);
      });
      for (const row of inProgress) row.status = statusCodes.INPUT_IN_PROGRESS;
    } finally {
      await this.#finish(later);
    }
  }

  /** Waits for outcomes and writes them. */
  async #finish(later: readonly Promise<Outcome>[]): Promise<void> {
    if (later.length === 0) return;
    const store = this.#store;
    const settled = await Promise.allSettled(later);
    const finished = settled.filter((result) => result.status === "fulfilled").map(({ value }) => value);
    try {
      if (!this.#closed) store.transaction(() => writeLateOutcomes(store, finished));
    } finally {
      const fetched = finished.map(({ stored }) => stored).filter((stored) => stored !== undefined);
      this.#files.release(fetched, (sha256) => store.usesMedia(sha256));
    }
    const failed = settled.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** Processes an input. Returns a promise if its bytes must be fetched or decoded, or are of a rare type. */
  #outcomeOf(row: InputRow): Outcome | "stuck" | Promise<Outcome> {
    const fault = this.#options.fault(row);
    if (fault === "stuck") return "stuck";
    if (fault) return { row, code: fault.code, details: fault.details, media: row.media };
    if (row.url !== null) return this.#options.urls === "accept" ? processed(row, {}) : this.#fetched(row, row.url);
    try {
      if (row.sha256 === null) return processedText(row);
      const info = this.#inspect(row.kind, row.sha256);
      if (!(info instanceof Promise)) return processed(row, info);
      return info.then(
        (later) => processed(row, later),
        (error: unknown) => failed(row, error),
      );
    } catch (error) {
      return failed(row, error);
    }
  }

  async #fetched(row: InputRow, url: string): Promise<Outcome> {
    let stored: StoredMedia | undefined;
    try {
      stored = await this.#fetch(url, row.kind);
      return processed(row, await this.#inspect(row.kind, stored.sha256), stored);
    } catch (error) {
      return failed(row, error, stored);
    }
  }

  #fetch(url: string, kind: Kind): Promise<StoredMedia> {
    const { allowFetch, privateFetch } = this.#options;
    if (!allowFetch) {
      throw new ProcessingFailure(statusCodes.INPUT_FAILED, "the emulator does not fetch URLs (allowFetch is false)");
    }
    const maxBytes = kind === "video" ? limits.maxLargeVideoBytes : limits.maxItemBytes[kind];
    const options = { maxBytes, privateFetch, signal: this.#stop.signal };
    return this.#fetches.run(() => fetchMedia(url, this.#files, options));
  }

  #inspect(kind: Kind, sha256: string): JsonObject | Promise<JsonObject> {
    return inspectMedia(kind, this.#files.pathOf(sha256), this.#described.get(sha256));
  }
}

/** Returns the number of characters that a row keeps in memory. */
function lengthOf({ media, fields }: InputRow): number {
  return media.length + fields.length + 500;
}

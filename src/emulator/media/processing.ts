/** Processes accepted inputs in the background: fetches their URLs and inspects their content. */

import { limits, MB } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { describeError } from "../../core/errors.js";
import type { Kind } from "../../core/input/kinds.js";
import type { PrivateAccess } from "../../core/net/guarded-fetch.js";
import type { JsonObject } from "../../core/util/json-values.js";
import { Semaphore } from "../../core/util/semaphore.js";
import { isDiskFull } from "../store/disk-full.js";
import type { InputRow } from "../store/model.js";
import { type Store, timestamp } from "../store/store.js";
import { fetchMedia } from "./fetch-media.js";
import { type DescribedFiles, inspectMedia, textInfo } from "./inspect-media.js";
import type { MediaFiles, StoredMedia } from "./media-files.js";
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

interface Outcome {
  row: InputRow;
  code: number;
  details: string | null;
  media: JsonObject;
  stored?: StoredMedia | undefined;
}

/** Number of inputs that are processed before other requests get a turn. */
const groupSize = 64;
/** Wait before inputs are processed again that could not be written, in milliseconds. */
const retryMs = 200;
/** A video by URL may be larger than an uploaded one. */
const maxVideoUrlBytes = 300 * MB;

/** Moves accepted inputs from pending through in progress to processed or failed. */
export class Processing {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #options: ProcessingOptions;
  readonly #fetches = new Semaphore(8);
  readonly #stop = new AbortController();
  /** Files that the requests described, so that they are not described again. */
  readonly #described: DescribedFiles = new Map();
  #queue: number[] = [];
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #work: Promise<void> = Promise.resolve();

  constructor(store: Store, files: MediaFiles, options: ProcessingOptions) {
    this.#store = store;
    this.#files = files;
    this.#options = options;
    // Resumes the inputs that the last process left unfinished.
    const { INPUT_PENDING, INPUT_IN_PROGRESS } = statusCodes;
    const sql = "SELECT seq FROM inputs WHERE status IN (?, ?) ORDER BY seq";
    const rows = store.all<{ seq: number }>(sql, INPUT_PENDING, INPUT_IN_PROGRESS);
    this.add(rows.map((row) => row.seq));
  }

  /** Adds inputs to the queue. @param described descriptions of their files, if the caller has them */
  add(seqs: readonly number[], described: DescribedFiles = new Map()): void {
    if (seqs.length === 0 || this.#closed) return;
    for (const [sha256, description] of described) this.#described.set(sha256, description);
    this.#queue.push(...seqs);
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
    while (this.#queue.length > 0 && !this.#closed) {
      const group = this.#queue.splice(0, groupSize);
      try {
        await this.#process(group);
      } catch {
        this.#queue.unshift(...group); // For example, the disk is full. The inputs stay accepted, and are processed again later.
        break;
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#running = false;
    if (this.#queue.length > 0) this.#runAfter(retryMs);
    else this.#described.clear();
  }

  async #process(seqs: readonly number[]): Promise<void> {
    const rows = seqs
      .map((seq) => this.#store.get<InputRow>("SELECT * FROM inputs WHERE seq = ?", seq))
      .filter((row) => row !== undefined);
    this.#store.transaction(() => {
      for (const row of rows) {
        this.#store.run("UPDATE inputs SET status = ? WHERE seq = ?", statusCodes.INPUT_IN_PROGRESS, row.seq);
        if (row.job === null || row.status !== statusCodes.INPUT_PENDING) continue;
        this.#store.count(row.app, row.job, "in_progress", "pending", 1);
      }
    });
    const finished = await Promise.all(rows.map((row) => this.#outcomeOf(row)));
    const outcomes = finished.filter((outcome) => outcome !== undefined);
    if (!this.#closed) this.#store.transaction(() => this.#write(outcomes));
    const fetched = outcomes.map((outcome) => outcome.stored).filter((stored) => stored !== undefined);
    this.#files.release(fetched, (sha256) => this.#store.usesMedia(sha256));
  }

  #write(outcomes: readonly Outcome[]): void {
    for (const { row, code, details, media, stored } of outcomes) {
      if (!this.#store.get("SELECT 1 AS found FROM inputs WHERE seq = ?", row.seq)) continue; // The input was deleted in the meantime.
      this.#store.run(
        "UPDATE inputs SET status = ?, details = ?, media = ?, sha256 = ?, size_bytes = ?, modified_at = ? WHERE seq = ?",
        ...[code, details, JSON.stringify(media), stored?.sha256 ?? row.sha256, stored?.sizeBytes ?? row.size_bytes],
        ...[timestamp(), row.seq],
      );
      if (row.job === null) continue;
      const counter = code === statusCodes.INPUT_SUCCESS ? "success" : "failed";
      this.#store.count(row.app, row.job, counter, "in_progress", 1);
    }
  }

  /** Processes an input. Undefined: the input stays in progress. */
  async #outcomeOf(row: InputRow): Promise<Outcome | undefined> {
    const media = JSON.parse(row.media) as Record<string, JsonObject>;
    const fault = this.#options.fault(row);
    if (fault === "stuck") return undefined;
    if (fault) return { row, code: fault.code, details: fault.details, media };
    if (row.url !== null && this.#options.urls === "accept") {
      return { row, code: statusCodes.INPUT_SUCCESS, details: null, media };
    }
    let stored: StoredMedia | undefined;
    try {
      if (row.url !== null) stored = await this.#fetch(row.url, row.kind);
      const sha256 = stored?.sha256 ?? row.sha256;
      const info = sha256 === null ? textInfo(media.text) : await this.#inspect(row.kind, sha256);
      media[row.kind] = { ...media[row.kind], ...info };
      return { row, code: statusCodes.INPUT_SUCCESS, details: null, media, stored };
    } catch (error) {
      if (isDiskFull(error)) throw error; // The input stays accepted, and is processed again later.
      const code = error instanceof ProcessingFailure ? error.code : statusCodes.INPUT_FAILED;
      return { row, code, details: describeError(error), media, stored };
    }
  }

  #fetch(url: string, kind: Kind): Promise<StoredMedia> {
    const { allowFetch, privateFetch } = this.#options;
    if (!allowFetch) {
      throw new ProcessingFailure(statusCodes.INPUT_FAILED, "the emulator does not fetch URLs (allowFetch is false)");
    }
    const maxBytes = kind === "video" ? maxVideoUrlBytes : limits.maxItemBytes[kind];
    const options = { maxBytes, privateFetch, signal: this.#stop.signal };
    return this.#fetches.run(() => fetchMedia(url, this.#files, options));
  }

  #inspect(kind: Kind, sha256: string): Promise<JsonObject> {
    return inspectMedia(kind, this.#files.pathOf(sha256), this.#described.get(sha256));
  }
}

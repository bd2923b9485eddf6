/** Processing: what becomes of accepted inputs in the background. */

import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { limits, MB } from "../../clarifai/limits.js";
import { describeError } from "../../core/errors.js";
import { type Described, describeFile } from "../../core/input/content.js";
import { decodeErrorText, pixelBudget } from "../../core/input/decoding.js";
import type { FileContent } from "../../core/input/input.js";
import type { PrivateAccess } from "../../core/net/guarded-fetch.js";
import { Semaphore } from "../../core/util/semaphore.js";
import { isDiskFull } from "../store/disk-full.js";
import type { InputRow, JsonObject } from "../store/model.js";
import { type Store, timestamp } from "../store/store.js";
import { fetchMedia, ProcessingFailure } from "./fetch-media.js";
import type { MediaFiles, StoredMedia } from "./media-files.js";
import { cutShort, isWholeTiff } from "./whole-media.js";

/** What files of the store are, by their SHA-256. */
export type DescribedFiles = Map<string, Described<FileContent>>;

export interface ProcessingOptions {
  delayMs: number;
  allowFetch: boolean;
  /** "accept": inputs that are sent by URL count as processed without being fetched. */
  urls?: "fetch" | "accept" | undefined;
  /** What may be fetched besides public addresses; "loopback": this machine's own, where the URL itself names it. */
  privateFetch: PrivateAccess;
  /** Makes the processing of an input fail, for rehearsals. */
  fault: (row: InputRow) => { code: number; details: string } | "stuck" | undefined;
}

interface Result {
  row: InputRow;
  code: number;
  details: string | null;
  media: JsonObject;
  stored?: StoredMedia | undefined;
}

/** Inputs processed between two turns of the event loop. */
const groupSize = 64;
const formats = new Map([
  ["image/jpeg", "JPEG"],
  ["image/png", "PNG"],
  ["image/apng", "PNG"],
  ["image/webp", "WEBP"],
  ["image/gif", "GIF"],
  ["image/tiff", "TIFF"],
  ["image/bmp", "BMP"],
]);
const refusedTypes: ReadonlySet<string> = new Set(limits.refusedTypes);
/** Wait after rows could not be written, in milliseconds. */
const retryMs = 200;
const maxVideoUrlBytes = 300 * MB;

/** Takes accepted inputs from pending through in progress to processed or failed. */
export class Processing {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #options: ProcessingOptions;
  readonly #fetches = new Semaphore(8);
  readonly #stop = new AbortController();
  /** What the requests found out, so that it is not looked up again. */
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
    // What a process that ended had not processed.
    const rows = store.all<{ seq: number }>("SELECT seq FROM inputs WHERE status IN (30001, 30003) ORDER BY seq");
    this.add(rows.map((row) => row.seq));
  }

  add(seqs: readonly number[], described: DescribedFiles = new Map()): void {
    if (seqs.length === 0 || this.#closed) return;
    for (const [sha256, found] of described) this.#described.set(sha256, found);
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

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stop.abort(new Error("the store is closed"));
    await this.#work;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0 && !this.#closed) {
      const group = this.#queue.splice(0, groupSize);
      try {
        await this.#process(group);
      } catch {
        this.#queue.unshift(...group); // a full disk, say: they stay accepted, and are tried again
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
        this.#store.run("UPDATE inputs SET status = 30003 WHERE seq = ?", row.seq);
        if (row.job !== null && row.status === 30001) this.#store.count(row.app, row.job, "in_progress", "pending", 1);
      }
    });
    const judged = await Promise.all(rows.map((row) => this.#judge(row)));
    const results = judged.filter((result) => result !== undefined);
    if (!this.#closed) this.#store.transaction(() => this.#keep(results));
    const fetched = results.map((result) => result.stored).filter((stored) => stored !== undefined);
    this.#files.release(fetched, (sha256) => this.#store.usesMedia(sha256));
  }

  #keep(results: readonly Result[]): void {
    for (const { row, code, details, media, stored } of results) {
      if (!this.#store.get("SELECT 1 AS found FROM inputs WHERE seq = ?", row.seq)) continue; // deleted meanwhile
      this.#store.run(
        "UPDATE inputs SET status = ?, details = ?, media = ?, sha256 = ?, size_bytes = ?, modified_at = ? WHERE seq = ?",
        ...[code, details, JSON.stringify(media), stored?.sha256 ?? row.sha256, stored?.sizeBytes ?? row.size_bytes],
        ...[timestamp(), row.seq],
      );
      if (row.job !== null)
        this.#store.count(row.app, row.job, code === 30000 ? "success" : "failed", "in_progress", 1);
    }
  }

  /** What becomes of an input; nothing when it is to stay as it is. */
  async #judge(row: InputRow): Promise<Result | undefined> {
    const media = JSON.parse(row.media) as Record<string, JsonObject>;
    const fault = this.#options.fault(row);
    if (fault === "stuck") return undefined;
    if (fault) return { row, code: fault.code, details: fault.details, media };
    let stored: StoredMedia | undefined;
    try {
      if (row.url !== null) {
        if (this.#options.urls === "accept") return { row, code: 30000, details: null, media };
        if (!this.#options.allowFetch) throw new ProcessingFailure(30002, "this store does not fetch");
        const { url, kind } = row;
        const { privateFetch } = this.#options;
        const maxBytes = kind === "video" ? maxVideoUrlBytes : limits.maxItemBytes[kind];
        stored = await this.#fetches.run(() =>
          fetchMedia(url, this.#files, { maxBytes, privateFetch, signal: this.#stop.signal }),
        );
      }
      const sha256 = stored?.sha256 ?? row.sha256;
      const info = sha256 === null ? textInfo(media.text) : await this.#inspect(row.kind, sha256);
      media[row.kind] = { ...media[row.kind], ...info };
      return { row, code: 30000, details: null, media, stored };
    } catch (error) {
      if (isDiskFull(error)) throw error; // it stays accepted, and is tried again
      const code = error instanceof ProcessingFailure ? error.code : 30002;
      return { row, code, details: describeError(error), media, stored };
    }
  }

  #inspect(kind: InputRow["kind"], sha256: string): Promise<JsonObject> {
    return inspect(kind, this.#files.pathOf(sha256), this.#described.get(sha256));
  }
}

/** Says that an image has more pixels than the platform takes; undefined for one within the limit. */
export function pixelProblem({ width = 0, height = 0 }: Pick<FileContent, "width" | "height">): string | undefined {
  const megapixels = (width * height) / 1_000_000;
  if (megapixels <= limits.maxMegapixels) return undefined;
  return `the image has ${megapixels.toFixed(2)} megapixels; the limit is ${limits.maxMegapixels}`;
}

function textInfo(text: JsonObject | undefined): JsonObject {
  const raw = typeof text?.raw === "string" ? text.raw : "";
  return { text_info: { char_count: [...raw].length, encoding: "UTF8" } };
}

/** Looks at stored content: whether it is what it was sent as, within the limits, and whole. */
async function inspect(kind: InputRow["kind"], path: string, described?: Described<FileContent>): Promise<JsonObject> {
  if (statSync(path).size === 0) throw new ProcessingFailure(30300, "there are no bytes");
  const found = described ?? (await describeFile(path, kind));
  const { mimeType, width, height } = found.content;
  if (kind === "text") return found.kind === "text" ? {} : refuse(kind, mimeType);
  if (found.kind !== kind) return refuse(kind, mimeType);
  if (refusedTypes.has(mimeType ?? "")) throw unsupported(mimeType);
  const cut = kind === "image" ? undefined : cutShort(path, mimeType);
  if (cut !== undefined) throw new ProcessingFailure(30002, `the ${kind} is cut short: ${cut}`);
  if (kind !== "image") return {};
  const format = formats.get(mimeType ?? "");
  if (format === undefined) throw unsupported(mimeType);
  if (width === undefined || height === undefined) throw new ProcessingFailure(30002, "the image cannot be decoded");
  const problem = pixelProblem({ width, height });
  if (problem !== undefined) throw new ProcessingFailure(30105, problem);
  if (!seemsWhole(path, format)) {
    const megapixels = Math.max(1, Math.ceil((width * height) / 1_000_000));
    await pixelBudget.run(() => decodeWhole(path, mimeType), megapixels);
  }
  return { image_info: { width, height, format, color_mode: "YUV" } };
}

function unsupported(mimeType: string | undefined): ProcessingFailure {
  return new ProcessingFailure(30101, `${mimeType ?? "this format"} is not supported`);
}

function refuse(kind: string, mimeType: string | undefined): never {
  throw new ProcessingFailure(30002, `the content is ${mimeType ?? "of no known type"}, not ${kind}`);
}

/** Whether a file is as long as its format says, or ends as it asks for; a quick look that spares decoding nearly every image. */
function seemsWhole(path: string, format: string): boolean {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const head = Buffer.alloc(8);
    readSync(file, head, 0, head.length, 0);
    const tail = Buffer.alloc(Math.min(size, 64));
    readSync(file, tail, 0, tail.length, size - tail.length);
    if (format === "JPEG") return tail.includes(Buffer.from([0xff, 0xd9]));
    if (format === "PNG") return tail.includes("IEND");
    if (format === "GIF") return tail.at(-1) === 0x3b;
    if (format === "TIFF") return isWholeTiff(file, size);
    if (format === "WEBP") return size >= head.readUInt32LE(4) + 8;
    return format === "BMP" && size >= head.readUInt32LE(2);
  } finally {
    closeSync(file);
  }
}

async function decodeWhole(path: string, mimeType: string | undefined): Promise<void> {
  const { default: sharp } = await import("sharp");
  try {
    // Read to its end for one pixel: what else looks at all pixels overlooks errors while another image is decoded.
    const image = sharp(path, { failOn: "truncated", limitInputPixels: limits.maxMegapixels * 1_000_000 });
    await image.resize(1, 1, { fit: "fill" }).raw().toBuffer();
  } catch (error) {
    throw new ProcessingFailure(30002, `the image cannot be decoded: ${decodeErrorText(error, mimeType)}`);
  }
}

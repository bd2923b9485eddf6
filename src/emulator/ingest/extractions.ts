/** Unpacks archives in the background, and adds their inputs. A restarted emulator continues at the entry where it stopped. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { codeOf, describeError } from "../../core/errors.js";
import type { PrivateAccess } from "../../core/net/guarded-fetch.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import type { ArchiveEntry } from "../../formats/archive/entry.js";
import { entriesOf } from "../../formats/archive/open-archive.js";
import { fetchMedia } from "../media/fetch-media.js";
import type { MediaFiles, StoredMedia } from "../media/media-files.js";
import type { Call } from "../routes/context.js";
import { acceptInputs } from "../routes/inputs/accept-inputs.js";
import { isDiskFull } from "../store/disk-full.js";
import { type ExtractionRow, openExtraction, setExtraction } from "../store/ingest-rows.js";
import type { AppRow, InputRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import type { MediaLookup } from "../wire/incoming-input.js";
import { type IngestPlan, readEntry } from "./entry-inputs.js";
import type { UploadFiles } from "./upload-files.js";

export interface ExtractionOptions {
  store: Store;
  files: MediaFiles;
  uploads: UploadFiles;
  delayMs: number;
  allowFetch: boolean;
  privateFetch: PrivateAccess;
  /** Makes the call under which inputs are added to an app. */
  callOf: (app: AppRow, media: MediaLookup) => Call;
  /** Processes inputs that were added. */
  process: (rows: readonly InputRow[]) => void;
}

/** Entries whose inputs are added in one transaction. */
const groupSize = 32;
const maxArchiveBytes = 10_000_000_000;
const fetchDeadlineMs = 3_600_000;
/** Wait before a job continues that stopped because the disk is full, in milliseconds. */
const retryMs = 200;

/** Runs the jobs that unpack archives, one after the other. */
export class Extractions {
  readonly #options: ExtractionOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ExtractionOptions) {
    this.#options = options;
    this.wake(); // Continues the jobs that the last process left unfinished.
  }

  /** Runs waiting jobs after the delay. */
  wake(delayMs = this.#options.delayMs): void {
    if (this.#timer || this.#running || this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work = this.#run();
    }, delayMs).unref();
  }

  /** Stops, and waits for the entries that are being unpacked. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("the emulator is closed"));
    clearTimeout(this.#timer);
    await this.#work;
  }

  async #run(): Promise<void> {
    this.#running = true;
    let waitMs: number | undefined;
    for (let row = this.#next(); row && waitMs === undefined; row = this.#next()) {
      try {
        await this.#extract(row);
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        if (isDiskFull(error)) waitMs = retryMs;
        else setExtraction(this.#options.store, row.seq, statusCodes.JOB_FAILED, reasonOf(error));
      }
    }
    this.#running = false;
    if (waitMs !== undefined) this.wake(waitMs);
  }

  #next(): ExtractionRow | undefined {
    if (this.#stop.signal.aborted) return undefined;
    const sql = "SELECT * FROM extraction_jobs WHERE status IN (?, ?) ORDER BY seq LIMIT 1";
    return this.#options.store.get<ExtractionRow>(sql, ...openExtraction);
  }

  async #extract(row: ExtractionRow): Promise<void> {
    const { store, files, uploads } = this.#options;
    setExtraction(store, row.seq, statusCodes.JOB_RUNNING);
    const fetched = row.url === null ? undefined : await this.#fetch(row.url);
    try {
      const path = fetched ? files.pathOf(fetched.sha256) : uploads.pathOf(row.upload ?? -1);
      let at = 0;
      let group: ArchiveEntry[] = [];
      for await (const entry of await entriesOf(path, this.#stop.signal)) {
        at += 1;
        if (at <= row.next_entry) continue;
        group.push(entry);
        if (group.length < groupSize) continue;
        if (!(await this.#add(row, group, at))) return;
        group = [];
      }
      if (group.length > 0 && !(await this.#add(row, group, at))) return;
      setExtraction(store, row.seq, statusCodes.JOB_COMPLETED);
    } finally {
      if (fetched) files.release([fetched], (sha256) => store.usesMedia(sha256));
    }
    if (row.upload !== null) uploads.remove(row.upload);
  }

  #fetch(url: string): Promise<StoredMedia> {
    const { files, allowFetch, privateFetch } = this.#options;
    if (!allowFetch) throw new Error("the emulator does not fetch URLs (allowFetch is false)");
    const { signal } = this.#stop;
    return fetchMedia(url, files, { maxBytes: maxArchiveBytes, privateFetch, signal, deadlineMs: fetchDeadlineMs });
  }

  /** Adds the inputs of a group of entries. Returns false if the job was cancelled, or the emulator closes. */
  async #add(row: ExtractionRow, entries: readonly ArchiveEntry[], nextEntry: number): Promise<boolean> {
    const { store, files, callOf, process } = this.#options;
    const plan = JSON.parse(row.plan) as IngestPlan;
    const stored = new Map<string, StoredMedia>();
    try {
      const counts = { image: 0, video: 0, audio: 0, text: 0, failed: 0 };
      const values: JsonObject[] = [];
      for (const [index, entry] of entries.entries()) {
        if (this.#stop.signal.aborted) return false;
        const placeholder = `media:${index}`;
        const result = await readEntry(entry, plan, files, placeholder);
        if (result === "ignored") continue;
        if (result === "failed") {
          counts.failed += 1;
          continue;
        }
        if (result.stored) stored.set(placeholder, result.stored);
        counts[result.kind] += 1;
        values.push(result.value);
      }
      const app = store.get<AppRow>("SELECT * FROM apps WHERE seq = ?", row.app);
      const isOpen = store.get(
        "SELECT 1 AS found FROM extraction_jobs WHERE seq = ? AND status = ?",
        row.seq,
        statusCodes.JOB_RUNNING,
      );
      if (!app || !isOpen) return false;
      const call = callOf(app, (placeholder) => stored.get(placeholder));
      const added = store.transaction(() => {
        const items = acceptInputs(call, values, { jobId: row.job, addSuffix: plan.suffix, described: new Map() });
        const rows = items.flatMap((item) => ("row" in item ? [item.row] : []));
        // The job is all that its client has, so it counts refused inputs, too.
        store.count(row.app, row.job, "failed", undefined, counts.failed + items.length - rows.length);
        const { image, video, audio, text } = counts;
        const sql =
          "UPDATE extraction_jobs SET next_entry = ?, image = image + ?, video = video + ?, audio = audio + ?, text = text + ? WHERE seq = ?";
        store.run(sql, nextEntry, image, video, audio, text, row.seq);
        return rows;
      });
      process(added);
      return true;
    } finally {
      files.release([...stored.values()], (sha256) => store.usesMedia(sha256));
    }
  }
}

function reasonOf(error: unknown): string {
  const code = codeOf(error, "");
  return /^ERR_ARCHIVE/.test(code)
    ? `${statusCodes.ARCHIVE_EXTRACT_FAILED}: the archive cannot be unpacked: ${describeError(error)}`
    : describeError(error);
}

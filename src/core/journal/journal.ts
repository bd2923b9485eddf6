/** The journal of a run: records each finished input on disk before the run reports it, so that the next run resumes. */

import { type FileHandle, open, realpath, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { Failure } from "../accounting/failure.js";
import type { Outcome, Settlement } from "../accounting/ledger.js";
import type { JournalTargets } from "../accounting/targets.js";
import { describeError, FlowError, SinkError, SourceError } from "../errors.js";
import { LockedError, takeLock } from "../files/file-lock.js";
import { makeFolder } from "../files/make-folder.js";
import type { Kind } from "../input/input.js";
import type { DigestSet } from "../util/digest-set.js";
import { shorten } from "../util/format/shorten.js";
import { AppendFile } from "./append-file.js";
import { type FinishedInputs, isMissing, readFinishedInputs } from "./finished-inputs.js";
import { FormatCheck, type Header, version } from "./journal-header.js";
import { blocksOf, eachLine, encodeLine, isRunLine } from "./lines.js";
import type { RunBegin, RunEnd } from "./run-lines.js";

/** Longest text of a record. Longer texts are shortened. */
const maxTextLength = 4096;
/** Most failures without a journal key that the end of a run lists, and their longest text. */
const maxUnrecorded = 100;
const maxUnrecordedLength = 500;

/** One outcome in a journal. */
export type JournalRecord = {
  /** The journal key of the input: 16 characters made from its id, fields and content. */
  fingerprint: string;
  id?: string;
  origin: string;
  kind?: Kind;
} & Outcome;

/** The state of a journal at the start of a run, for the report. */
export interface JournalFacts {
  path: string;
  finished: number;
  damagedLines: number;
}

/** An open journal. This process holds its lock until it is closed. */
export class Journal {
  readonly path: string;
  readonly #done: DigestSet;
  /** Damaged lines between intact lines; their inputs are processed again. */
  readonly damagedLines: number;
  readonly file: AppendFile;
  readonly #release: () => Promise<void>;
  readonly #unrecorded: Failure[] = [];

  private constructor(path: string, found: FinishedInputs, file: AppendFile, release: () => Promise<void>) {
    this.path = path;
    this.#done = found.done;
    this.damagedLines = found.damagedLines;
    this.file = file;
    this.#release = release;
  }

  /**
   * Opens the journal of a flow, or creates it. Drops a truncated or damaged end, and changes nothing else in an existing file.
   *
   * A journal begins with two copies of its header. If both are damaged, the target of the other lines is unknown: they count as damaged, and a new header
   * follows them.
   *
   * @throws {SinkError} ERR_JOURNAL_LOCKED, ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW, ERR_JOURNAL_SHARD, ERR_JOURNAL_UNWRITABLE
   */
  static async open(name: string, targets: JournalTargets): Promise<Journal> {
    try {
      const path = await realpath(name).catch(() => name);
      makeFolder(dirname(path));
      const release = await takeLock(path);
      try {
        const { ids: flow, names, shard } = targets;
        const header: Header = { journal: "sluice", version, flow, names, ...(shard !== undefined && { shard }) };
        if (await isMissing(path)) await create(path, header);
        const found = await readFinishedInputs(path, targets);
        const file = await AppendFile.open(path, found.endsAt);
        if (found.isHeaderLost) {
          await appendHeader(file, { ...header, fresh: true }).catch(async (error: unknown) => {
            await file.close().catch(() => undefined); // closing fails with the same error
            throw error;
          });
        }
        return new Journal(path, found, file, release);
      } catch (error) {
        await release();
        throw error;
      }
    } catch (error) {
      throw asJournalError(name, error);
    }
  }

  /**
   * Reads the journal of a flow for a plan, without changing it. Returns a function that says whether an earlier run finished the input with a journal key.
   * A missing journal has no finished inputs.
   *
   * @throws {SinkError} ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW, ERR_JOURNAL_SHARD, ERR_JOURNAL_UNWRITABLE
   */
  static async finishedIn(path: string, targets: JournalTargets): Promise<(key: string) => boolean> {
    try {
      if (await isMissing(path)) return () => false;
      const { done } = await readFinishedInputs(path, targets);
      return (key) => done.has(key);
    } catch (error) {
      throw asJournalError(path, error);
    }
  }

  /** Number of inputs that earlier runs finished. */
  get finished(): number {
    return this.#done.size;
  }

  get facts(): JournalFacts {
    const { path, finished, damagedLines } = this;
    return { path, finished, damagedLines };
  }

  /** Whether an earlier run finished the input with this journal key. */
  isDone(key: string): boolean {
    return this.#done.has(key);
  }

  /** Appends an outcome, and calls `durable` when it is on disk. Calls it at once for an outcome that does not matter to the next run. */
  record({ id, origin, kind, outcome }: Settlement, key: string, durable: () => void): void {
    if (outcome.state === "skipped" && !outcome.done) {
      durable();
      return;
    }
    if (outcome.state === "failed" && outcome.done) {
      const note = `${outcome.stage} failed after the last sink: ${shortened(outcome.reason)}`;
      this.record({ sequence: 0, id, origin, kind, outcome: { state: "ok", note } }, key, durable);
      return;
    }
    const { state } = outcome;
    const record = { fingerprint: key, state, id: shortened(id), origin: shortened(origin), kind };
    const details = detailsOf(outcome);
    this.file.append(encodeLine(details ? { ...record, ...details } : record), durable);
  }

  /** Records that a run begins, before its first outcome. */
  begin(sources: readonly string[]): void {
    const line: RunBegin = { run: "begin", at: new Date().toISOString(), sources, pid: process.pid, host: hostname() };
    this.file.append(encodeLine(line));
  }

  /** Keeps a failure that has no journal key, such as that of a file that could not be read, for the end of the run. */
  addUnrecorded({ origin, id, outcome }: Settlement): void {
    if (outcome.state !== "failed" || this.#unrecorded.length >= maxUnrecorded) return;
    const { code, stage, reason, attempts, retryable = false } = outcome;
    const [from, why] = [shorten(origin, maxUnrecordedLength), shorten(reason, maxUnrecordedLength)];
    this.#unrecorded.push({ origin: from, id: shortened(id), code, stage, reason: why, attempts, retryable });
  }

  /** Records the end of a run with the counts of its report, after its last outcome. */
  end(end: Omit<RunEnd, "run" | "at" | "unrecorded">): void {
    const line: RunEnd = { run: "end", at: new Date().toISOString(), ...end, unrecorded: this.#unrecorded };
    this.file.append(encodeLine(line));
  }

  /** Waits until all outcomes are on disk, and releases the lock. */
  async close(): Promise<void> {
    try {
      await this.file.close();
    } finally {
      await this.#release();
    }
  }
}

/**
 * Reads the records of a journal, oldest first: the outcomes of the inputs in all runs so far. An input that was tried again has several records; an
 * input that a transform dropped has none.
 *
 * Leaves out damaged lines and a truncated end. A run may write to the journal at the same time.
 *
 * @throws {SourceError} ERR_JOURNAL_FORMAT if the file is not a journal, or one of another version; ERR_FILE_UNREADABLE
 * @example for await (const record of readJournal("./photos.journal")) console.log(record.origin, record.state);
 */
export async function* readJournal(path: string): AsyncGenerator<JournalRecord> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw new SourceError("ERR_FILE_UNREADABLE", `readJournal: ${path}: ${describeError(error)}`, { cause: error });
  });
  try {
    const format = new FormatCheck(path, SourceError);
    for await (const block of blocksOf(file)) {
      const records: JournalRecord[] = [];
      eachLine(block, (start, end, isIntact) => {
        if (format.headerIn(block, start, end, isIntact) || !isIntact || isRunLine(block, start)) return;
        const { sum: _, ...record } = JSON.parse(block.toString("utf8", start, end)) as JournalRecord & {
          sum: string;
        };
        records.push(record);
      });
      yield* records;
    }
    format.end();
  } finally {
    await file.close();
  }
}

/** Creates a journal with its header. On an error, no file is left. */
async function create(path: string, header: Header): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await writeFile(temporary, encodeLine(header).repeat(2), { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the cause
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Appends a header after other lines; resolves when it is on disk. */
async function appendHeader(file: AppendFile, header: Header): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    file.onFailure = reject;
    file.append(encodeLine(header).repeat(2), resolve);
  });
}

/** Makes the name of a new file durable, if the system supports that. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, "r");
    await folder.sync();
  } catch {
    // some systems cannot open or sync a folder
  } finally {
    await folder?.close();
  }
}

/** Returns the fields of a record besides its key, its state and its input; undefined if there are none. */
function detailsOf(outcome: Outcome): object | undefined {
  switch (outcome.state) {
    case "ok":
      return outcome.note === undefined ? undefined : { note: outcome.note };
    case "failed": {
      const { code, stage, reason, attempts, retryable } = outcome;
      return { code, stage, reason: shortened(reason), attempts, retryable };
    }
    default:
      return { reason: shortened(outcome.reason) };
  }
}

function shortened<T extends string | undefined>(text: T): T | string {
  return text === undefined ? text : shorten(text, maxTextLength);
}

/** Makes the error that ends a run of a problem with its journal. */
export function asJournalError(path: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  if (error instanceof LockedError) {
    const { pid, host } = error.owner;
    const text = `journal: ${path} is held by process ${pid} on ${host}, and one process at a time may write it`;
    return new SinkError("ERR_JOURNAL_LOCKED", `${text} (if this process has ended, delete ${path}.lock)`, {
      retryable: true,
    });
  }
  const text = `journal: ${path} cannot be written: ${describeError(error)}`;
  return new SinkError("ERR_JOURNAL_UNWRITABLE", text, { cause: error });
}

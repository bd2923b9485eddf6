/** The journal of a run: which inputs are done, on disk before it is told, so that the next run goes on where this one ended. */

import { type FileHandle, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Outcome, Settlement } from "../accounting/ledger.js";
import type { JournalTargets } from "../accounting/targets.js";
import { describeError, FlowError, SinkError, SourceError } from "../errors.js";
import { LockedError, takeLock } from "../files/file-lock.js";
import { makeFolder } from "../files/make-folder.js";
import type { Kind } from "../input/input.js";
import { DigestSet } from "../util/digest-set.js";
import { shorten } from "../util/shorten.js";
import { AppendFile } from "./append-file.js";
import { blocksOf, doneFingerprintAt, eachLine, encodeLine, isHeaderLine } from "./lines.js";

/** Version of the format; a journal of another one is refused. */
const version = 1;
/** Longest text of a record; what is longer is cut. */
const maxTextLength = 4096;
/** Of a longer first line, no header is read. */
const maxHeaderBytes = 64 * 1024;

/** One outcome in a journal. */
export type JournalRecord = {
  /** What the input is known by: 16 characters made from its id, fields and content. */
  fingerprint: string;
  id?: string;
  origin: string;
  kind?: Kind;
} & Outcome;

interface Header {
  journal: "sluice";
  version: number;
  /** What the sinks of its flow do, and to what: the targets as a journal knows them. */
  flow: readonly string[];
  /** The same for people; journals of 0.1 have none. */
  names?: readonly string[] | undefined;
  /** Lines before it belong to a header that was lost, so they hold for no target. */
  fresh?: true | undefined;
}

/** The state of a journal when a run opened it, for the report. */
export interface JournalFacts {
  path: string;
  finished: number;
  damagedLines: number;
}

/** An open journal, held by this process until it is closed. */
export class Journal {
  readonly path: string;
  readonly #done: DigestSet;
  /** Lines in the middle that were damaged; their inputs are done again. */
  readonly damagedLines: number;
  readonly file: AppendFile;
  readonly #release: () => Promise<void>;

  private constructor(path: string, found: Found, file: AppendFile, release: () => Promise<void>) {
    this.path = path;
    this.#done = found.done;
    this.damagedLines = found.damagedLines;
    this.file = file;
    this.#release = release;
  }

  /**
   * Opens the journal of a flow, or makes it. A torn or damaged end is dropped; nothing else of a file that is there is ever changed. The header is
   * there twice. If both copies are damaged, nobody knows what the other lines hold for: they count as damaged, and a new header follows them.
   *
   * @throws {SinkError} ERR_JOURNAL_LOCKED, ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW, ERR_JOURNAL_UNWRITABLE
   */
  static async open(name: string, targets: JournalTargets): Promise<Journal> {
    try {
      const path = await realpath(name).catch(() => name);
      makeFolder(dirname(path));
      const release = await takeLock(path);
      try {
        const header: Header = { journal: "sluice", version, flow: targets.ids, names: targets.names };
        if (await isMissing(path)) await create(path, header);
        const found = await load(path, targets);
        const file = await AppendFile.open(path, found.endsAt);
        if (found.isHeaderLost) {
          await appendHeader(file, { ...header, fresh: true }).catch(async (error: unknown) => {
            await file.close().catch(() => undefined); // it fails with the same error
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
   * Reads the journal of a flow, for a plan, and changes nothing: tells of a fingerprint whether an earlier run finished it. A journal that is not
   * there has none.
   *
   * @throws {SinkError} ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW, ERR_JOURNAL_UNWRITABLE
   */
  static async look(path: string, targets: JournalTargets): Promise<(fingerprint: string) => boolean> {
    try {
      if (await isMissing(path)) return () => false;
      const { done } = await load(path, targets);
      return (fingerprint) => done.has(fingerprint);
    } catch (error) {
      throw asJournalError(path, error);
    }
  }

  /** Inputs that earlier runs finished. */
  get finished(): number {
    return this.#done.size;
  }

  get facts(): JournalFacts {
    const { path, finished, damagedLines } = this;
    return { path, finished, damagedLines };
  }

  /** Whether an earlier run finished this very input. */
  isDone(fingerprint: string): boolean {
    return this.#done.has(fingerprint);
  }

  /** Calls `durable` when the outcome is on the disk; one that says nothing to the next run is not written. */
  keep({ id, origin, kind, outcome }: Settlement, fingerprint: string, durable: () => void): void {
    if (outcome.state === "skipped" && !outcome.done) {
      durable();
      return;
    }
    if (outcome.state === "failed" && outcome.done) {
      const note = `${outcome.stage} failed behind the last sink: ${shortened(outcome.reason)}`;
      this.keep({ sequence: 0, id, origin, kind, outcome: { state: "ok", note } }, fingerprint, durable);
      return;
    }
    const { state } = outcome;
    const known = { fingerprint, state, id: shortened(id), origin: shortened(origin), kind };
    this.file.append(encodeLine({ ...known, ...saying(outcome) }), durable);
  }

  /** Waits until all is on the disk, and lets others have the file. */
  async close(): Promise<void> {
    try {
      await this.file.close();
    } finally {
      await this.#release();
    }
  }
}

/**
 * Reads the records of a journal, oldest first: what became of each input in all runs so far. An input that was tried again has several.
 *
 * Damaged lines are left out, and so is a torn end; a journal may be read while a run writes to it. Records of inputs that a transform dropped
 * are not there.
 *
 * @throws {SourceError} ERR_JOURNAL_FORMAT when it is no journal or one of another version, ERR_FILE_UNREADABLE
 * @example for await (const record of readJournal("./photos.journal")) console.log(record.origin, record.state);
 */
export async function* readJournal(path: string): AsyncGenerator<JournalRecord> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw new SourceError("ERR_FILE_UNREADABLE", `readJournal: ${path}: ${describeError(error)}`, { cause: error });
  });
  try {
    const recognition = new Recognition(path, SourceError);
    for await (const block of blocksOf(file)) {
      const records: JournalRecord[] = [];
      eachLine(block, (start, end, isWhole) => {
        if (recognition.headerIn(block, start, end, isWhole) || !isWhole) return;
        const { sum: _, ...record } = JSON.parse(block.toString("utf8", start, end)) as JournalRecord & {
          sum: string;
        };
        records.push(record);
      });
      yield* records;
    }
    recognition.end();
  } finally {
    await file.close();
  }
}

interface Found {
  done: DigestSet;
  damagedLines: number;
  /** Where the last whole line ends. */
  endsAt: number;
  /** No header is whole, so the lines hold for no target. */
  isHeaderLost: boolean;
}

async function load(path: string, targets: JournalTargets): Promise<Found> {
  const recognition = new Recognition(path, SinkError);
  let done = new DigestSet();
  let damagedLines = 0;
  let wholeLines = 0;
  let endsAt = 0;
  let damagedSince = 0;
  let at = 0;
  const file = await open(path, "r");
  try {
    for await (const block of blocksOf(file)) {
      eachLine(block, (start, end, isWhole) => {
        const header = recognition.headerIn(block, start, end, isWhole);
        if (!isWhole) {
          damagedSince += 1;
          return;
        }
        if (header) checkTargets(header, targets, path);
        else wholeLines += 1;
        if (header?.fresh) {
          damagedLines += wholeLines;
          wholeLines = 0;
          done = new DigestSet();
        }
        const fingerprintAt = doneFingerprintAt(block, start);
        if (fingerprintAt >= 0) done.addFrom(block, fingerprintAt);
        damagedLines += damagedSince;
        damagedSince = 0;
        endsAt = at + end + 1;
      });
      at += block.length;
    }
  } finally {
    await file.close();
  }
  recognition.end();
  if (recognition.hasHeader) return { done, damagedLines, endsAt, isHeaderLost: false };
  return { done: new DigestSet(), damagedLines: damagedLines + wholeLines, endsAt, isHeaderLost: true };
}

async function isMissing(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found && !found.isFile()) throw new SinkError("ERR_JOURNAL_FORMAT", `journal: ${path} is not a regular file`);
  return !found || found.size === 0;
}

/** Makes a journal that is there with its header, or not at all. */
async function create(path: string, header: Header): Promise<void> {
  const made = `${path}.new`;
  try {
    await writeFile(made, encodeLine(header).repeat(2), { flush: true });
    await rename(made, path);
  } catch (error) {
    await rm(made, { force: true }).catch(() => undefined); // of a full disk, the first error says enough
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Adds a header in the middle; resolves when it is on disk. */
async function appendHeader(file: AppendFile, header: Header): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    file.onFailure = reject;
    file.append(encodeLine(header).repeat(2), resolve);
  });
}

/** Makes the name of a new file durable, where the system can do that. */
export async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, "r");
    await folder.sync();
  } catch {
    // not on every system
  } finally {
    await folder?.close();
  }
}

/** Finds out whether a file is a journal, line by line: a whole header or a whole record says so. */
class Recognition {
  hasHeader = false;
  #isJournal = false;
  readonly #path: string;
  readonly #ErrorKind: typeof SinkError | typeof SourceError;

  constructor(path: string, ErrorKind: typeof SinkError | typeof SourceError) {
    this.#path = path;
    this.#ErrorKind = ErrorKind;
  }

  /** The header in a whole line; undefined for a record and for a damaged line. */
  headerIn(block: Buffer, start: number, end: number, isWhole: boolean): Header | undefined {
    if (isWhole && !isHeaderLine(block, start)) {
      this.#isJournal = true;
      return undefined;
    }
    if (!isWhole && this.#isJournal) return undefined;
    // A damaged line is checked only to distinguish a journal from any other file.
    const header = parsedHeader(block.toString("utf8", start, Math.min(end, start + maxHeaderBytes)));
    if (!header) return undefined;
    if (isWhole && header.version !== version) {
      throw this.#refusal(`has version ${header.version}; this release reads version ${version}`);
    }
    this.#isJournal = true;
    if (isWhole) this.hasHeader = true;
    return isWhole ? header : undefined;
  }

  /** Refuses a file in which nothing is of a journal. */
  end(): void {
    if (!this.#isJournal) throw this.#refusal("is not a journal");
  }

  #refusal(what: string): FlowError {
    return new this.#ErrorKind("ERR_JOURNAL_FORMAT", `journal: ${this.#path} ${what}`);
  }
}

function parsedHeader(line: string): Header | undefined {
  try {
    const header = JSON.parse(line) as Header | null;
    return header?.journal === "sluice" ? header : undefined;
  } catch {
    return undefined;
  }
}

function checkTargets({ flow, names }: Header, targets: JournalTargets, path: string): void {
  if (isSameList(flow, targets.ids)) return;
  const recorded = [flow].flat().map(String);
  const isOld = names === undefined && recorded.length === targets.ids.length;
  const hint = isOld
    ? " (Sluice 0.1 wrote it, which recorded neither ports of this machine nor the store behind an emulator)"
    : "";
  throw new SinkError(
    "ERR_JOURNAL_FLOW",
    `journal: ${path} belongs to another flow or target: it records "${listText(recorded, names)}"${hint}, and this run has "${listText(targets.ids, targets.names)}"; give this run a journal file of its own`,
  );
}

function isSameList(recorded: unknown, own: readonly string[]): boolean {
  return Array.isArray(recorded) && recorded.length === own.length && own.every((id, index) => recorded[index] === id);
}

/** Targets as one text: each by its name, and by what a journal knows it by where that says more. */
function listText(ids: readonly string[], names: readonly string[] | undefined): string {
  if (ids.length === 0) return "no sink";
  const texts = ids.map((id, index) => {
    const name = Array.isArray(names) ? names[index] : undefined;
    return name === undefined || name === id ? id : `${name} (recorded as: ${id})`;
  });
  return texts.join(", then ");
}

/** What a record says of an outcome besides its state. */
function saying(outcome: Outcome): object {
  switch (outcome.state) {
    case "ok":
      return outcome.note === undefined ? {} : { note: outcome.note };
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

/** What went wrong with a journal, as the error that ends a run. */
export function asJournalError(path: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  if (error instanceof LockedError) {
    const { pid, host } = error.owner;
    const text = `journal: ${path} is held by process ${pid} on ${host}, and one process at a time may write it`;
    return new SinkError("ERR_JOURNAL_LOCKED", `${text} (if it is long gone, delete ${path}.lock)`, {
      retryable: true,
    });
  }
  const text = `journal: ${path} cannot be kept: ${describeError(error)}`;
  return new SinkError("ERR_JOURNAL_UNWRITABLE", text, { cause: error });
}

/** The journal of a run: which inputs are done, on disk before it is told, so that the next run goes on where this one ended. */

import { type FileHandle, mkdir, open, realpath, rename, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describeError, FlowError, SinkError, SourceError } from "./errors.js";
import type { Kind } from "./input.js";
import { AppendFile } from "./journal/append-file.js";
import { DigestSet } from "./journal/digest-set.js";
import { blocksOf, doneFingerprintAt, eachLine, encodeLine } from "./journal/lines.js";
import { LockedError, takeLock } from "./journal/lock.js";
import type { Outcome, Settlement } from "./ledger.js";
import type { JournalFacts } from "./report.js";

/** Version of the format; a journal of another one is refused. */
const version = 1;
/** Longest text of a record; what is longer is cut. */
const maxTextLength = 4096;

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
  /** What the sinks of its flow do, and to what. */
  flow: readonly string[];
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
   * Opens the journal of a flow, or makes it. A torn or damaged end is dropped; nothing else of a file that is there is ever changed.
   *
   * @throws {SinkError} ERR_JOURNAL_LOCKED, ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW, ERR_JOURNAL_UNWRITABLE
   */
  static async open(name: string, flow: readonly string[]): Promise<Journal> {
    try {
      const path = await realpath(name).catch(() => name);
      await mkdir(dirname(path), { recursive: true });
      const release = await takeLock(path);
      try {
        if (await isMissing(path)) await create(path, { journal: "sluice", version, flow });
        const found = await load(path, flow);
        return new Journal(path, found, await AppendFile.open(path, found.endsAt), release);
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
  static async look(path: string, flow: readonly string[]): Promise<(fingerprint: string) => boolean> {
    try {
      if (await isMissing(path)) return () => false;
      const { done } = await load(path, flow);
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
    let isFirst = true;
    for await (const block of blocksOf(file)) {
      const records: JournalRecord[] = [];
      eachLine(block, (start, end, isWhole) => {
        if (isFirst) headerOf(block.toString("utf8", start, end), isWhole, path, SourceError);
        else if (isWhole) {
          const { sum: _, ...record } = JSON.parse(block.toString("utf8", start, end)) as JournalRecord & {
            sum: string;
          };
          records.push(record);
        }
        isFirst = false;
      });
      yield* records;
    }
  } finally {
    await file.close();
  }
}

interface Found {
  done: DigestSet;
  damagedLines: number;
  /** Where the last whole line ends. */
  endsAt: number;
}

async function load(path: string, flow: readonly string[]): Promise<Found> {
  const done = new DigestSet();
  let damagedLines = 0;
  let endsAt = 0;
  let damagedSince = 0;
  let at = 0;
  const file = await open(path, "r");
  try {
    for await (const block of blocksOf(file)) {
      eachLine(block, (start, end, isWhole) => {
        if (at + start === 0) checkFlow(headerOf(block.toString("utf8", start, end), isWhole, path), flow, path);
        if (!isWhole) {
          damagedSince += 1;
          return;
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
  return { done, damagedLines, endsAt };
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
  await writeFile(made, encodeLine(header), { flush: true });
  await rename(made, path);
  await syncFolder(dirname(path));
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

function headerOf(
  line: string,
  isWhole: boolean,
  path: string,
  ErrorKind: typeof SinkError | typeof SourceError = SinkError,
): Header {
  const refuse = (what: string) => new ErrorKind("ERR_JOURNAL_FORMAT", `journal: ${path} ${what}`);
  let header: Header;
  try {
    header = JSON.parse(line) as Header;
  } catch {
    throw refuse("is not a journal");
  }
  if (header?.journal !== "sluice") throw refuse("is not a journal");
  if (header.version !== version) throw refuse(`has version ${header.version}; this release reads version ${version}`);
  if (!isWhole) throw refuse("is damaged in its first line, which says what it is for");
  return header;
}

function checkFlow(header: Header, flow: readonly string[], path: string): void {
  if (JSON.stringify(header.flow) === JSON.stringify(flow)) return;
  const text = (effects: readonly string[]) => (effects.length > 0 ? effects.join(", then ") : "no sink");
  throw new SinkError(
    "ERR_JOURNAL_FLOW",
    `journal: ${path} belongs to another flow: its inputs are done for "${text(header.flow)}", and this flow has "${text(flow)}"; give each flow a journal of its own`,
  );
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
  return text !== undefined && text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
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

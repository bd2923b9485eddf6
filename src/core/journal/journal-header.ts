/** The header of a journal: the flow and the targets that its lines belong to. */

import type { JournalTargets } from "../accounting/targets.js";
import { type FlowError, SinkError, type SourceError } from "../errors.js";
import { isHeaderLine } from "./lines.js";

/** Version of the format. A journal of another version is refused. */
export const version = 1;
/** Maximum bytes of a line that are read as a header. */
const maxHeaderBytes = 64 * 1024;

export interface Header {
  journal: "sluice";
  version: number;
  /** Ids of the targets: what each sink of the flow does, and to which target. */
  flow: readonly string[];
  /** Names of the targets, for people. Journals of 0.1 have none. */
  names?: readonly string[] | undefined;
  /** The share of the sources that the run reads; absent if it reads them as a whole. */
  shard?: string | undefined;
  /** The header before this one was lost, so the lines before it are valid for no target. */
  fresh?: true | undefined;
}

/** Checks line by line that a file is a journal: it has an intact header or an intact record. */
export class FormatCheck {
  hasHeader = false;
  #isJournal = false;
  readonly #path: string;
  readonly #ErrorKind: typeof SinkError | typeof SourceError;

  constructor(path: string, ErrorKind: typeof SinkError | typeof SourceError) {
    this.#path = path;
    this.#ErrorKind = ErrorKind;
  }

  /** Returns the header in an intact line; undefined for a record and for a damaged line. */
  headerIn(block: Buffer, start: number, end: number, isIntact: boolean): Header | undefined {
    if (isIntact && !isHeaderLine(block, start)) {
      this.#isJournal = true;
      return undefined;
    }
    if (!isIntact && this.#isJournal) return undefined;
    // A damaged line is checked only to distinguish a journal from any other file.
    const header = parsedHeader(block.toString("utf8", start, Math.min(end, start + maxHeaderBytes)));
    if (!header) return undefined;
    if (isIntact && header.version !== version) {
      throw this.#refusal(`has version ${header.version}; this release reads version ${version}`);
    }
    this.#isJournal = true;
    if (isIntact) this.hasHeader = true;
    return isIntact ? header : undefined;
  }

  /** Refuses a file without any line of a journal. @throws {FlowError} ERR_JOURNAL_FORMAT */
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

/** Refuses a journal of another flow, of other targets or of another shard. @throws {SinkError} ERR_JOURNAL_FLOW, ERR_JOURNAL_SHARD */
export function checkTargets({ flow, names, shard }: Header, targets: JournalTargets, path: string): void {
  if (isSameList(flow, targets.ids)) {
    checkShard(shard, targets.shard, path);
    return;
  }
  const recorded = [flow].flat().map(String);
  const isOld = names === undefined && recorded.length === targets.ids.length;
  const hint = isOld ? " (Sluice 0.1 wrote it, which recorded neither local ports nor the store of an emulator)" : "";
  throw new SinkError(
    "ERR_JOURNAL_FLOW",
    `journal: ${path} belongs to another flow or target: it records "${listText(recorded, names)}"${hint}, and this run has "${listText(targets.ids, targets.names)}"; give this run a journal file of its own`,
  );
}

function checkShard(recorded: string | undefined, own: string | undefined, path: string): void {
  if (recorded === own) return;
  const text = `journal: ${path} belongs to a run with ${shardText(recorded)}, and this run has ${shardText(own)}`;
  throw new SinkError("ERR_JOURNAL_SHARD", `${text}; give each shard a journal file of its own`);
}

function shardText(shard: string | undefined): string {
  return shard === undefined ? "no shard" : `shard ${shard}`;
}

function isSameList(recorded: unknown, own: readonly string[]): boolean {
  return Array.isArray(recorded) && recorded.length === own.length && own.every((id, index) => recorded[index] === id);
}

/** Formats targets: each by its name, and by its id if that differs. */
function listText(ids: readonly string[], names: readonly string[] | undefined): string {
  if (ids.length === 0) return "no sink";
  const texts = ids.map((id, index) => {
    const name = Array.isArray(names) ? names[index] : undefined;
    return name === undefined || name === id ? id : `${name} (recorded as: ${id})`;
  });
  return texts.join(", then ");
}

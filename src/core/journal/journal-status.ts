/** Reads what a journal knows about its flow: how far its runs have come, and what became of the inputs. */

import { open } from "node:fs/promises";
import type { Failure, ReasonGroup } from "../accounting/failure.js";
import type { Counts } from "../accounting/ledger.js";
import { describeError, SourceError } from "../errors.js";
import { doneEarlier } from "../plugin/source.js";
import { DigestSet } from "../util/digest-set.js";
import type { JournalRecord } from "./journal.js";
import { FormatCheck, type Header } from "./journal-header.js";
import { blocksOf, eachLine, isRunLine } from "./lines.js";
import type { RunBegin, RunEnd } from "./run-lines.js";

/** Maximum number of failures whose texts are kept. */
const maxFailures = 10_000;
/** Maximum number of reasons to skip inputs, and of examples of each. */
const maxReasons = 100;
const maxOrigins = 3;

/** What a journal knows. */
export interface JournalStatus {
  path: string;
  /**
   * `ended`: the last run came to its end. `stopped`: it was stopped before. `failed`: an error ended it. `unfinished`: it runs, or was killed. `unknown`: an
   * older release wrote the journal, which recorded no ends. `missing`: the file does not exist.
   */
  state: "ended" | "stopped" | "failed" | "unfinished" | "unknown" | "missing";
  /** The share of the sources, such as `3/8`; absent if the run reads them as a whole. */
  shard?: string | undefined;
  /** Targets of the sinks, for people. */
  targets: readonly string[];
  /** Identities of the targets. */
  targetIds: readonly string[];
  /** Outcomes so far. Inputs that earlier runs finished count by what they were then. */
  counts: Omit<Counts, "inFlight">;
  beganAt?: string | undefined;
  endedAt?: string | undefined;
  /** Code of the error that ended the last run. */
  error?: string | undefined;
  /** Process of the last run. */
  process?: { pid: number; host: string } | undefined;
  /** The failed inputs; the first 10,000. */
  failures: readonly Failure[];
  /** Skipped inputs by reason. */
  skipped: readonly ReasonGroup[];
  damagedLines: number;
}

/** An input that is failed or pending. */
interface OpenInput {
  state: "failed" | "pending";
  failure?: Failure | undefined;
}

/**
 * Reads a journal. A run over other sources than those of the first run, such as its dead letters, retries some of the inputs; any other run replaces what
 * the runs before it left failed or pending.
 *
 * @throws {SourceError} ERR_JOURNAL_FORMAT, ERR_FILE_UNREADABLE
 */
export async function readJournalStatus(path: string): Promise<JournalStatus> {
  const reader = new StatusReader(path);
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new SourceError("ERR_FILE_UNREADABLE", `status: ${path}: ${describeError(error)}`, { cause: error });
  });
  if (!file) return reader.missing();
  try {
    if ((await file.stat()).size === 0) return reader.missing();
    const format = new FormatCheck(path, SourceError);
    for await (const block of blocksOf(file)) {
      eachLine(block, (start, end, isIntact) => {
        const header = format.headerIn(block, start, end, isIntact);
        if (header) reader.header = header;
        else if (!isIntact) reader.damagedLines += 1;
        else {
          const line: unknown = JSON.parse(block.toString("utf8", start, end));
          if (!isRunLine(block, start)) reader.addRecord(line as JournalRecord);
          else if ((line as RunBegin | RunEnd).run === "begin") reader.begin(line as RunBegin);
          else reader.end(line as RunEnd);
        }
      });
    }
    format.end();
    return reader.status();
  } finally {
    await file.close();
  }
}

/** Adds the lines of one journal. */
class StatusReader {
  header: Header | undefined;
  damagedLines = 0;
  readonly #path: string;
  readonly #ok = new DigestSet();
  readonly #skipped = new DigestSet();
  /** Failed and pending inputs by journal key. */
  readonly #open = new Map<string, OpenInput>();
  /** Reasons of the inputs that have a record as skipped. */
  readonly #reasons = new Map<string, ReasonGroup>();
  #firstSources: string | undefined;
  #begin: RunBegin | undefined;
  /** Whether the last run retries inputs of the run before it. */
  #isRetry = false;
  #last: RunEnd | undefined;
  /** The end of the last run that is not a retry, and what was known then. */
  #main: { end: RunEnd; base: JournalStatus["counts"] } | undefined;
  /** Finished inputs before the last run that is not a retry. */
  #finishedBefore = { ok: 0, skipped: 0 };
  /** Outcomes that came after the main run ended. */
  #later = { ok: 0, skipped: 0 };

  constructor(path: string) {
    this.#path = path;
  }

  begin(line: RunBegin): void {
    const sources = JSON.stringify(line.sources);
    this.#firstSources ??= sources;
    this.#begin = line;
    this.#last = undefined;
    this.#isRetry = sources !== this.#firstSources;
    if (this.#isRetry) return;
    this.#main = undefined;
    this.#open.clear();
    this.#finishedBefore = { ok: this.#ok.size, skipped: this.#skipped.size };
    this.#later = { ok: 0, skipped: 0 };
  }

  end(line: RunEnd): void {
    this.#last = line;
    if (this.#isRetry) return;
    const { counts } = line;
    const earlierOk = Math.min(line.doneEarlier, this.#finishedBefore.ok);
    const { failed, pending } = this.#openCounts();
    const base = {
      read: counts.read,
      ok: counts.ok + earlierOk,
      failed: Math.max(0, counts.failed - failed),
      skipped: counts.skipped - earlierOk,
      pending: Math.max(0, counts.pending - pending),
    };
    this.#main = { end: line, base };
  }

  addRecord(record: JournalRecord): void {
    const { fingerprint: key, state } = record;
    if (state === "failed" || state === "pending") {
      const failure = state === "failed" && this.#open.size < maxFailures ? failureOf(record) : undefined;
      this.#open.set(key, { state, failure });
      return;
    }
    const wasOpen = this.#open.delete(key);
    const isNew = !this.#ok.has(key) && !this.#skipped.has(key);
    if (state === "ok") this.#ok.add(key);
    else if (!this.#ok.has(key) && this.#skipped.add(key)) this.#addReason(record);
    if (this.#main && (wasOpen || isNew)) this.#later[state] += 1;
  }

  #addReason({ origin, ...outcome }: JournalRecord): void {
    if (outcome.state !== "skipped") return;
    const { reason } = outcome;
    const known = this.#reasons.get(reason) ?? { reason, count: 0, origins: [] };
    if (this.#reasons.size < maxReasons) this.#reasons.set(reason, known);
    known.count += 1;
    if (known.origins.length < maxOrigins) known.origins.push(origin);
  }

  /** Returns the reasons to skip inputs: those of the records, and those of the last run that have no records. */
  #skippedReasons(): ReasonGroup[] {
    const others = this.#main?.end.skipped.filter(({ reason }) => reason !== doneEarlier && !this.#reasons.has(reason));
    return [...this.#reasons.values(), ...(others ?? [])];
  }

  status(): JournalStatus {
    const { shard, names, flow } = this.header ?? { flow: [] };
    const last = this.#last;
    return {
      path: this.#path,
      state: this.#state(),
      shard,
      targets: names ?? [flow].flat().map(String),
      targetIds: [flow].flat().map(String),
      counts: this.#counts(),
      beganAt: this.#begin?.at,
      endedAt: last?.at,
      error: last?.error,
      process: this.#begin && { pid: this.#begin.pid, host: this.#begin.host },
      failures: [
        ...[...this.#open.values()].flatMap(({ failure }) => failure ?? []),
        ...(this.#main?.end.unrecorded ?? []),
      ],
      skipped: this.#skippedReasons(),
      damagedLines: this.damagedLines,
    };
  }

  missing(): JournalStatus {
    const counts = { read: 0, ok: 0, failed: 0, skipped: 0, pending: 0 };
    const nothing = { targets: [], targetIds: [], failures: [], skipped: [], damagedLines: 0 };
    return { path: this.#path, state: "missing", counts, ...nothing };
  }

  #state(): JournalStatus["state"] {
    if (!this.#begin) return "unknown";
    // A retry that was killed leaves the end of the run before it as it is.
    const end = this.#isRetry ? this.#main?.end : this.#last;
    if (!end) return "unfinished";
    if (end.error !== undefined) return "failed";
    return end.stopped ? "stopped" : "ended";
  }

  #counts(): JournalStatus["counts"] {
    const open = this.#openCounts();
    const { base } = this.#main ?? {};
    const ok = base ? base.ok + this.#later.ok : this.#ok.size;
    const skipped = base ? base.skipped + this.#later.skipped : this.#skipped.size;
    const failed = (base?.failed ?? 0) + open.failed;
    const pending = (base?.pending ?? 0) + open.pending;
    return { read: ok + failed + skipped + pending, ok, failed, skipped, pending };
  }

  #openCounts(): { failed: number; pending: number } {
    let failed = 0;
    for (const { state } of this.#open.values()) if (state === "failed") failed += 1;
    return { failed, pending: this.#open.size - failed };
  }
}

function failureOf({ origin, id, ...outcome }: JournalRecord): Failure | undefined {
  if (outcome.state !== "failed") return undefined;
  const { code, stage, reason, attempts, retryable = false } = outcome;
  return { origin, id, code, stage, reason, attempts, retryable };
}

/** Adds the reports of several journals, such as those of all shards of a flow. */

import { OptionsError } from "../../errors.js";
import { type JournalStatus, readJournalStatus } from "../../journal/journal-status.js";
import { formatValue } from "../../util/format/format-value.js";
import { displayed } from "../display.js";
import type { ReasonGroup } from "../report.js";
import { type JournalSums, summaryOf } from "./journal-summary.js";
import { problemsOf } from "./problems.js";

/** Maximum number of failures that a report lists. */
const maxFailures = 10_000;
/** Maximum number of origins of a reason. */
const maxOrigins = 100;

/** The outcomes in several journals. They close: `read = ok + failed + skipped + pending`. */
export interface JournalReport extends JournalSums {
  /** Whether every run came to its end, and no shard is missing. */
  readonly isDone: boolean;
  /** Whether it is done, and no input failed or is pending. */
  readonly ok: boolean;
  /** 0 if `ok`, else 1. */
  readonly exitCode: number;
  /** Formats the report as text. */
  summary(): string;
  toJSON(): object;
}

/**
 * Adds the reports of journals: how many inputs have each outcome, over all runs so far. It names shards without a journal, runs that have not ended, and
 * journals of different targets. Runs may write to the journals at the same time. A journal that does not exist counts as missing.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} ERR_JOURNAL_FORMAT if a file is not a journal, ERR_FILE_UNREADABLE
 * @example console.log((await journalReport(["photos-1.journal", "photos-2.journal"])).summary());
 */
export async function journalReport(paths: readonly string[]): Promise<JournalReport> {
  if (!Array.isArray(paths) || paths.length === 0 || paths.some((path) => typeof path !== "string" || path === "")) {
    const text = `journalReport: the argument must be a list of paths of journals, got ${formatValue(paths)}`;
    throw new OptionsError("ERR_OPTIONS", text);
  }
  const journals: JournalStatus[] = [];
  for (const path of paths) journals.push(await readJournalStatus(path)); // one after the other, for the memory
  const counts = { read: 0, ok: 0, failed: 0, skipped: 0, pending: 0 };
  for (const journal of journals) {
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += journal.counts[key];
  }
  const problems = problemsOf(journals);
  const isDone = problems.length === 0;
  const ok = isDone && counts.failed === 0 && counts.pending === 0;
  const report = {
    counts,
    journals,
    problems,
    failures: journals.flatMap(({ failures }) => failures).slice(0, maxFailures),
    skipped: addedReasons(journals),
    isDone,
    ok,
    exitCode: ok ? 0 : 1,
  };
  const summary = () => summaryOf(report);
  const html = async () => (await import("../pages.js")).preformatted(summary());
  return displayed({ ...report, summary, toJSON: () => report }, summary, html);
}

function addedReasons(journals: readonly JournalStatus[]): ReasonGroup[] {
  const groups = new Map<string, ReasonGroup>();
  for (const { reason, count, origins } of journals.flatMap(({ skipped }) => skipped)) {
    const group = groups.get(reason) ?? { reason, count: 0, origins: [] };
    group.count += count;
    group.origins.push(...origins.slice(0, maxOrigins - group.origins.length));
    groups.set(reason, group);
  }
  return [...groups.values()].sort((one, other) => other.count - one.count);
}

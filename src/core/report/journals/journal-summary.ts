/** Formats the sums of journals as text. */

import type { Counts } from "../../accounting/ledger.js";
import type { JournalStatus } from "../../journal/journal-status.js";
import { counted, printable } from "../../util/format/format.js";
import type { Failure, ReasonGroup } from "../report.js";
import { failureLines, groupLines } from "../summary.js";

/** Maximum number of journals, and of problems, that have a line each. */
const maxLines = 200;

/** The sums of journals, and where they come from. */
export interface JournalSums {
  /** The sums over all journals. Inputs that were not read yet are not in them. */
  readonly counts: Readonly<Omit<Counts, "inFlight">>;
  /** What each journal knows, in the order of the paths. */
  readonly journals: readonly JournalStatus[];
  /** Why the sums are not those of a whole flow: missing shards, shards with two journals, different targets, runs that have not ended. */
  readonly problems: readonly string[];
  /** The failed inputs; the first 10,000. */
  readonly failures: readonly Failure[];
  readonly skipped: readonly ReasonGroup[];
}

/** Formats the sums, the target, a line for each journal, failures and reasons to skip, and what is missing. */
export function summaryOf({ counts, journals, problems, failures, skipped }: JournalSums): string {
  const lines = [`${countsText(counts)}  (${counted(journals.length, "journal")})`];
  const targets = new Set(journals.flatMap((journal) => journal.targets));
  for (const target of targets) lines.push(`  target   ${target}`);
  const width = Math.max(...journals.map((journal) => nameOf(journal).length));
  lines.push(
    ...shortened(
      journals.map((journal) => journalLine(journal, width)),
      "journals",
    ),
  );
  lines.push(...failureLines(failures, counts.failed), ...groupLines("skipped", skipped));
  lines.push(
    ...shortened(
      problems.map((problem) => `  problem  ${problem}`),
      "problems",
    ),
  );
  return lines.map(printable).join("\n");
}

function nameOf({ shard }: JournalStatus): string {
  return shard === undefined ? "journal " : `shard ${shard}`;
}

function journalLine(journal: JournalStatus, width: number): string {
  const { path, state, counts } = journal;
  return `  ${nameOf(journal).padEnd(width)} ${state.padEnd(10)} ${countsText(counts)}  ${path}`;
}

function countsText({ read, ok, failed, skipped, pending }: Omit<Counts, "inFlight">): string {
  return `read ${read} = ok ${ok} + failed ${failed} + skipped ${skipped} + pending ${pending}`;
}

function shortened(lines: readonly string[], what: string): string[] {
  if (lines.length <= maxLines) return [...lines];
  return [...lines.slice(0, maxLines), `  … and ${lines.length - maxLines} more ${what}`];
}

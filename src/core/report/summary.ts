/** The summary: a report as a few lines of text. */

import { printable } from "../format.js";
import type { Failure, ReasonGroup, Report } from "../report.js";

/** The report for people: the sum, then one line for each failure (the first 20) and reason. */
export function summaryOf(report: Omit<Report, "summary" | "toJSON" | "writeHtml">): string {
  const { counts, failures, notes } = report;
  const parts = [`ok ${counts.ok}`, `failed ${counts.failed}`, `skipped ${counts.skipped}`];
  if (counts.pending > 0) parts.push(`pending ${counts.pending}`);
  const lines = [`read ${counts.read} = ${parts.join(" + ")}  (${(report.durationMs / 1000).toFixed(1)} s)`];
  if (report.stopped) lines.push("The run was stopped before the end of its source.");
  if (report.journal && report.journal.damagedLines > 0) {
    lines.push(`  ${report.journal.damagedLines} damaged lines of ${report.journal.path} were passed over`);
  }
  for (const [note, count] of Object.entries(notes)) lines.push(`  ok, ${note}: ${count}`);
  lines.push(...failureLines(failures, counts.failed));
  lines.push(...groupLines("skipped", report.skipped), ...groupLines("pending", report.pending));
  return lines.map(printable).join("\n");
}

/** The first twenty failures, one a line, and how many more there are. */
export function failureLines(failures: readonly Failure[], count: number, verb = "failed"): string[] {
  const lines = failures.slice(0, 20).map((failure) => `  ${verb.padEnd(8)} ${failureText(failure)}`);
  const more = count - lines.length;
  if (more > 0) lines.push(`  … and ${more} more ${verb}`);
  return lines;
}

/** One line for each reason. */
export function groupLines(state: string, groups: readonly ReasonGroup[]): string[] {
  return groups.map(({ reason, count, origins }) => {
    const examples = origins.slice(0, 3).join(", ");
    return `  ${state}  ${count} × ${reason}${examples ? `: ${examples}` : ""}${count > 3 && examples ? ", …" : ""}`;
  });
}

/** A reason that begins with the origin names it once. */
function failureText({ origin, reason, stage, code }: Failure): string {
  const text = reason.startsWith(`${origin} `) ? reason : `${origin}: ${reason}`;
  return `${text} [${stage}, ${code}]`;
}

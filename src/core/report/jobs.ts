/** Formats the jobs of servers for summaries and pages. */

import type { ReportedJob } from "../accounting/targets.js";
import { countText } from "../util/format/format.js";

/** Maximum number of jobs in a summary. */
const maxLines = 5;

/** Formats a job on one line: `add inputs 3f2a: done, 128 succeeded`. */
export function jobText({ kind, id, state, counts }: ReportedJob): string {
  const { succeeded = 0, failed = 0, inProgress = 0, pending = 0 } = counts ?? {};
  const parts = Object.entries({ succeeded, failed, "in progress": inProgress, pending });
  const counted = parts.filter(([, count]) => count > 0).map(([name, count]) => `, ${countText(count)} ${name}`);
  return `${kind} ${id}: ${state}${counted.join("")}`;
}

/** Formats a line for each job that is not done. Its counts are those of the server, with every attempt; failed inputs have lines of their own. */
export function jobLines(jobs: readonly ReportedJob[]): string[] {
  const open = jobs.filter(({ state }) => state !== "done");
  const lines = open.slice(0, maxLines).map((job) => `  job      ${jobText(job)}`);
  if (open.length > maxLines) lines.push(`  … and ${open.length - maxLines} more jobs (report.jobs lists them)`);
  return lines;
}

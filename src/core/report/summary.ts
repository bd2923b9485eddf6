/** The summary: formats a report as a few lines of text. */

import { type ReportedTarget, textOf } from "../accounting/targets.js";
import type { UndoFacts } from "../journal/undo-log.js";
import { bytesText, counted, countText, printable, rateText } from "../util/format/format.js";
import { jobLines } from "./jobs.js";
import type { Conclusion, Failure, ReasonGroup, Report, ShardFacts } from "./report.js";
import { type SimilarFailures, similarFailures } from "./similar-failures.js";

/** Formats a report: the counts, then the failures in at most twenty lines, and a line for each reason to skip. */
export function summaryOf(report: Omit<Report, "summary" | "toJSON" | "writeHtml">): string {
  const { counts, failures, notes } = report;
  const parts = [`ok ${counts.ok}`, `failed ${counts.failed}`, `skipped ${counts.skipped}`];
  if (counts.pending > 0) parts.push(`pending ${counts.pending}`);
  const lines = [`read ${counts.read} = ${parts.join(" + ")}  (${(report.durationMs / 1000).toFixed(1)} s)`];
  lines.push(...sourceLines(report.sources), ...targetLines(report.targets), ...shardLines(report.shard));
  lines.push(...trafficLines(report));
  if (report.stopped) lines.push("The run was stopped before the end of its source.");
  else if (counts.read === 0) lines.push("  nothing was read: the source is empty");
  if (report.journal && report.journal.damagedLines > 0) {
    lines.push(`  ${report.journal.damagedLines} damaged lines of ${report.journal.path} were ignored`);
  }
  if (report.undo) lines.push(`  undo     ${undoText(report.undo)}`);
  for (const [note, count] of Object.entries(notes)) lines.push(`  ok, ${note}: ${count}`);
  lines.push(...conclusionLines(report.conclusions), ...jobLines(report.jobs));
  lines.push(...failureLines(failures, counts.failed));
  lines.push(...groupLines("skipped", report.skipped), ...groupLines("pending", report.pending));
  lines.push(...report.next.map((step) => `  next     ${step}`));
  return lines.map(printable).join("\n");
}

/** Formats a line for each source that says where its inputs come from. */
function sourceLines(sources: Report["sources"]): string[] {
  return sources.filter(({ from }) => from !== undefined).map((source) => `  source   ${sourceText(source)}`);
}

/** Formats a source: `folder ./photos`. */
export function sourceText({ name, from }: Report["sources"][number]): string {
  return from === undefined ? name : `${name} ${from}`;
}

/** Formats the bytes and requests of a run, and its rates. */
function trafficLines({ traffic, counts, durationMs }: Pick<Report, "traffic" | "counts" | "durationMs">): string[] {
  const text = trafficText(traffic);
  if (text === undefined) return [];
  const seconds = Math.max(durationMs, 1) / 1000;
  const bytes = Math.max(traffic.bytesSent, traffic.bytesReceived) / seconds;
  return [`  traffic  ${text}; ${rateText((counts.read - counts.pending) / seconds)} inputs, ${bytesText(bytes)}/s`];
}

/** Formats the requests and bytes of a run; undefined if it sent no request. */
export function trafficText(traffic: Report["traffic"]): string | undefined {
  const { bytesSent, bytesReceived } = traffic;
  const parts = requestTexts(traffic);
  if (parts.length === 0) return undefined;
  return [...parts, `${bytesText(bytesSent)} sent`, `${bytesText(bytesReceived)} received`].join(", ");
}

/** Formats the requests of a run: how many, and how many were sent again or throttled. */
export function requestTexts({ requests, retries, throttled }: Report["traffic"]): string[] {
  if (requests === 0) return [];
  const parts = [counted(requests, "request")];
  if (retries > 0) parts.push(`${countText(retries)} sent again`);
  if (throttled > 0) parts.push(`${countText(throttled)} throttled`);
  return parts;
}

/** Formats what a run recorded so that it can be undone. */
export function undoText({ path, states, media }: UndoFacts): string {
  const what = states === 1 ? "1 state is" : `${states} states are`;
  return `${what} recorded in ${path}${media ? ", and deleted files are kept" : ""}`;
}

/** Formats the share of the sources that was read. */
export function shardLines(shard: ShardFacts | undefined): string[] {
  if (!shard) return [];
  const { index, count, others } = shard;
  return [
    `  shard    ${index} of ${count}; ${counted(others, "item")} of the sources ${others === 1 ? "belongs" : "belong"} to other shards`,
  ];
}

/** Formats a line for each sink: its action and its target. */
export function targetLines(targets: readonly ReportedTarget[]): string[] {
  return targets.filter(({ name }) => name !== "").map((target) => `  target   ${targetText(target)}`);
}

/** Formats a target on one line, with its wire if that is gRPC, the note about it, and the datasets that inputs joined. */
export function targetText({ action, name, wire, note, datasets = [] }: ReportedTarget): string {
  const joined =
    datasets.length === 0 ? "" : `, ${datasets.length === 1 ? "dataset" : "datasets"} ${datasets.join(", ")}`;
  const over = wire === "grpc" ? " over gRPC" : "";
  return `${textOf(action, name)}${over}${joined}${note === undefined ? "" : ` (${note})`}`;
}

/** Formats what transforms say about all inputs together. */
export function conclusionLines(conclusions: readonly Conclusion[]): string[] {
  return conclusions
    .filter(({ lines }) => lines.length > 0)
    .flatMap(({ stage, lines }) => [`  ${stage}`, ...lines.map((line) => `    ${line}`)]);
}

/** Maximum number of lines of failures. Up to `maxSingle` failures have a line each. */
const maxLines = 20;
const maxSingle = 5;

/** Formats a line for each failure, or, if there are more than five, a line for all with the same code and reason. Counts the failures that have no line. */
export function failureLines(failures: readonly Failure[], count: number, verb = "failed"): string[] {
  const groups =
    failures.length > maxSingle
      ? similarFailures(failures).sort((one, other) => other.failures.length - one.failures.length)
      : failures.map((failure): Pick<SimilarFailures, "failures" | "reason"> => ({ failures: [failure], reason: "" }));
  const listed = groups.slice(0, maxLines);
  const lines = listed.map(
    ({ failures: group, reason }) =>
      `  ${verb.padEnd(8)} ${group.length > 1 ? groupText(group, reason) : failureText(group[0])}`,
  );
  const more = count - listed.reduce((sum, group) => sum + group.failures.length, 0);
  if (more > 0) lines.push(`  … and ${more} more ${verb}`);
  return lines;
}

function groupText(group: SimilarFailures["failures"], reason: string): string {
  const [first] = group;
  const origins = group.slice(0, 3).map(({ origin }) => origin);
  const examples = `${origins.join(", ")}${group.length > 3 ? ", …" : ""}`;
  return `${group.length} × ${reason} [${first.stage}, ${first.code}]: ${examples}`;
}

/** Formats a line for each reason. */
export function groupLines(state: string, groups: readonly ReasonGroup[]): string[] {
  return groups.map(({ reason, count, origins }) => {
    const examples = origins.slice(0, 3).join(", ");
    return `  ${state}  ${count} × ${reason}${examples ? `: ${examples}` : ""}${count > 3 && examples ? ", …" : ""}`;
  });
}

/** Formats a failure. If its reason begins with the origin, the line names the origin once. */
function failureText({ origin, reason, stage, code }: Failure): string {
  const isNamed = reason.startsWith(`${origin} `) || reason.startsWith(`"${origin}" `);
  const text = isNamed ? reason : `${origin}: ${reason}`;
  return `${text} [${stage}, ${code}]`;
}

/** Checks a dataset before it is uploaded or used for training. */

import * as z from "zod";
import type { Settlement } from "./core/accounting/ledger.js";
import { flow } from "./core/flow/flow.js";
import { defineTransform } from "./core/plugin/define-transform.js";
import { type OptionsOf, parseOptions } from "./core/plugin/options.js";
import type { Source } from "./core/plugin/source.js";
import { displayed } from "./core/report/display.js";
import type { ReasonGroup } from "./core/report/report.js";
import { groupLines } from "./core/report/summary.js";
import { counted, countText, printable } from "./core/util/format/format.js";
import { whenThere } from "./core/util/thenable.js";
import { checkOfError } from "./transforms/check-dataset/check-of-error.js";
import { type FailOn, isFailure, type Severity } from "./transforms/check-dataset/checks.js";
import type { ClassCount, SplitCount } from "./transforms/check-dataset/class-counts.js";
import { DatasetChecks } from "./transforms/check-dataset/dataset-checks.js";
import type { Finding } from "./transforms/check-dataset/findings.js";
import type { SizeSummary } from "./transforms/check-dataset/image-sizes.js";
import { summaryLines } from "./transforms/check-dataset/summary-lines.js";
import { type CheckDatasetOptions, checkFields } from "./transforms/check-dataset.js";

const ownFields = {
  /** Stops the check, which rejects with the signal's reason. */
  signal: z.instanceof(AbortSignal).optional(),
};
const Options = z.strictObject({ ...checkFields, ...ownFields });
/** Options of `doctor`. */
export type DoctorOptions = CheckDatasetOptions & OptionsOf<typeof ownFields>;

/** The result of `doctor`: plain data with a summary. */
export interface DoctorReport {
  /** `read = checked + failed + skipped`. Inputs that a source could not read failed; they are findings, too. */
  readonly counts: {
    readonly read: number;
    readonly checked: number;
    readonly failed: number;
    readonly skipped: number;
  };
  /** The findings by check, errors first, each with the first ten examples. */
  readonly findings: readonly Finding[];
  /** The classes with their counts, the most frequent first. Inputs that failed do not count. */
  readonly classes: readonly ClassCount[];
  readonly splits: readonly SplitCount[];
  /** Sizes of the images; undefined without images. */
  readonly sizes?: SizeSummary | undefined;
  /** What the sources skipped, by reason. */
  readonly skipped: readonly ReasonGroup[];
  /** Which findings count as a failure. */
  readonly failOn: FailOn;
  /** Whether no finding counts as a failure. */
  readonly ok: boolean;
  /** 0 if `ok`, else 1. */
  readonly exitCode: number;
  readonly durationMs: number;
  /** Formats the report as text for people. */
  summary(): string;
  toJSON(): object;
}

/**
 * Checks the inputs of sources, and changes nothing: broken and unsupported files, boxes without area or outside of their image, labels without images,
 * classes that nothing has, counts of classes, the same content in two splits, duplicates.
 *
 * Findings are errors, warnings or facts; `failOn` decides which of them count as a failure. By default, the header and the end of each file are checked, and
 * each file is read once to compare contents. `decode: true` also decodes each image, and `nearDuplicates` compares what images show. Nothing is sent, and URLs are not fetched.
 *
 * The split of an input is the text `split` of its metadata, as sources of datasets set it. Uses 80 to 160 bytes of memory for each input.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (rejects) if a source cannot be read at all
 * @example
 * const result = await doctor(folder("./photos", { labels: "folder" }));
 * console.log(result.summary());
 */
export async function doctor(sources: Source | readonly Source[], options: DoctorOptions = {}): Promise<DoctorReport> {
  const { failOn, signal, concurrency, ...checked } = parseOptions("doctor", Options, options);
  const list = Array.isArray(sources) ? (sources as readonly Source[]) : [sources as Source];
  const classes = checked.classes ?? (await declaredClasses(list, signal ?? new AbortController().signal));
  const checks = new DatasetChecks({ ...checked, classes });
  const check = defineTransform({
    name: "doctor",
    concurrency,
    parts: () => ["annotations"],
    apply: (input, _, { origin, signal: stop }) => whenThere(checks.check(input, origin, stop), () => input),
  });
  const onOutcome = (settlement: Settlement) => addOutcome(checks, settlement);
  const plan = await flow(list).pipe(check()).plan({ signal, onOutcome });
  const { read, ok, refused, skipped } = plan.counts;
  if (ok + refused === 0) checks.log.add("empty-dataset", "the source has no inputs, or all are skipped");
  const { findings, classes: counts, splits, sizes } = checks.conclude();
  const passes = !findings.some((finding) => isFailure(finding.check, failOn));
  const report = {
    counts: { read, checked: ok, failed: refused, skipped },
    findings,
    classes: counts,
    splits,
    ...(sizes && { sizes }),
    skipped: plan.skipped,
    failOn,
    ok: passes,
    exitCode: passes ? 0 : 1,
    durationMs: plan.durationMs,
  };
  const summary = () => summaryOf(report);
  const html = async () => (await import("./core/report/pages.js")).preformatted(summary());
  return displayed({ ...report, summary, toJSON: () => report }, summary, html);
}

/** Returns the classes that the sources declare, each once; undefined if none declares any. */
async function declaredClasses(sources: readonly Source[], signal: AbortSignal): Promise<string[] | undefined> {
  const names = new Set<string>();
  let declares = false;
  for (const source of sources) {
    const classes = await source.classes?.({ signal });
    if (classes) declares = true;
    for (const name of classes ?? []) names.add(name);
  }
  return declares ? [...names] : undefined;
}

/** Adds what a source reported about an input: the error with which it failed, or notes. */
function addOutcome(checks: DatasetChecks, { origin, outcome }: Settlement): void {
  if (outcome.state === "failed") {
    const { code, reason } = outcome;
    checks.log.addInput(origin, { check: checkOfError(code, reason), reason, code });
  } else if (outcome.state === "ok") {
    for (const reason of outcome.remarks ?? []) checks.log.addInput(origin, { check: "note", reason });
  }
}

function summaryOf(report: Omit<DoctorReport, "summary" | "toJSON">): string {
  const { counts, findings, failOn, ok } = report;
  const total = (severity: Severity) =>
    findings.reduce((sum, finding) => sum + (finding.severity === severity ? finding.count : 0), 0);
  const found = `${counted(total("error"), "error")}, ${counted(total("warning"), "warning")}`;
  const parts = [
    `checked ${countText(counts.checked)}`,
    `failed ${countText(counts.failed)}`,
    `skipped ${countText(counts.skipped)}`,
  ];
  const lines = [`doctor: read ${countText(counts.read)} = ${parts.join(" + ")}: ${found}`];
  lines.push(
    ...summaryLines({
      ...report,
      inputs: counts.checked,
      findings: [...findings],
      classes: [...report.classes],
      splits: [...report.splits],
    }),
  );
  lines.push(...groupLines("skipped", report.skipped).map((line) => line.trim()));
  lines.push(ok ? "ok" : `not ok: ${failOn === "warning" ? "errors and warnings" : "errors"} count as a failure`);
  return lines.map((line, index) => printable(index === 0 ? line : `  ${line}`)).join("\n");
}

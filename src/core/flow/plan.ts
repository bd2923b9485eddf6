/** A plan: the result of a dry run, which neither sends nor writes. */

import * as z from "zod";
import type { Settlement } from "../accounting/ledger.js";
import { RunContext } from "../accounting/run-context.js";
import { journalTargets, type ReportedTarget } from "../accounting/targets.js";
import type { Kind } from "../input/kinds.js";
import { Journal } from "../journal/journal.js";
import { type OptionsOf, parseOptions } from "../plugin/options.js";
import { displayed } from "../report/display.js";
import type { Conclusion, Failure, FailureGroup, ReasonGroup, ShardFacts } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { conclusionLines, failureLines, groupLines, shardLines, targetLines } from "../report/summary.js";
import { bytesText, counted, countText, durationText, printable } from "../util/format/format.js";
import type { Observable } from "../util/observable.js";
import { harmless } from "../util/safe-callback.js";
import { subscribed } from "./run.js";

const optionFields = {
  /** Stops the plan, which rejects with the signal's reason. */
  signal: z.instanceof(AbortSignal).optional(),
  /** As in the run. Default: 4096. */
  maxInFlight: z.number().min(1).optional(),
  /** As in the run. Default: 256,000,000. */
  maxBytesInFlight: z.number().min(1).optional(),
  /** Path of the run's journal. It is only read; inputs that it has are skipped, as in the run. */
  journal: z.string().min(1).optional(),
  /** Receives what the outcome of each input would be. */
  onOutcome: z.custom<(settlement: Settlement) => void>((value) => typeof value === "function").optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `Flow.plan`. */
export type PlanOptions = OptionsOf<typeof optionFields>;

/** The work of one sink. */
export interface PlannedSink {
  name: string;
  /** Inputs that it would write and pass on. */
  inputs: number;
  /** Batches that would be written; a single input counts as one. */
  batches: number;
}

/** The result of a plan: plain data with a summary. */
export interface Plan {
  /** `read = ok + refused + skipped`; ok counts the inputs that would be sent or written. */
  readonly counts: { readonly read: number; readonly ok: number; readonly refused: number; readonly skipped: number };
  /** The share of the sources that the run would read; absent if it would read them as a whole. */
  readonly shard?: Readonly<ShardFacts> | undefined;
  readonly sinks: readonly PlannedSink[];
  /** Targets of the sinks, in the order of the pipe. */
  readonly targets: readonly ReportedTarget[];
  /** Requests with inputs, annotations or ids. A run also sends requests that look up inputs and the state of their processing. */
  readonly requests: number;
  /** Bytes of the bodies of these requests. */
  readonly bytes: number;
  /**
   * Time of these requests at the account's rate, in milliseconds; the transfer of the bytes may take longer. Undefined if no rate is known, because the
   * server names none.
   */
  readonly expectedMs?: number | undefined;
  /** The inputs that would be refused before they are sent, in order; the first 10,000. */
  readonly refused: readonly Failure[];
  /** All refused inputs, by plugin and code. */
  readonly refusedGroups: readonly FailureGroup[];
  /** Skipped inputs, by reason. */
  readonly skipped: readonly ReasonGroup[];
  /** Number of inputs that would be ok with a note, by note. */
  readonly notes: Readonly<Record<string, number>>;
  /** What transforms say about all inputs together, such as `checkDataset` about duplicates. */
  readonly conclusions: readonly Conclusion[];
  /** Duration of the plan, in milliseconds. */
  readonly durationMs: number;
  /** Formats the plan as text for people. */
  summary(): string;
  toJSON(): object;
}

/** Runs the stream that `build` makes as a dry run; see `Flow.plan`. */
export async function planFlow(
  build: (context: RunContext) => Observable<unknown>,
  options: PlanOptions,
): Promise<Plan> {
  const { signal, maxInFlight, maxBytesInFlight, journal, onOutcome } = parseOptions("plan", Options, options);
  const context = new RunContext({ signal, maxInFlight, maxBytesInFlight, dryRun: true });
  const stream = build(context);
  const isDone =
    journal === undefined
      ? undefined
      : await Journal.finishedIn(journal, await journalTargets(context.stages.targets, context.shard?.text));
  if (isDone) context.accounting.store = { isDone, record: (_settlement, _tracking, _input, report) => report() };
  const reporter = new Reporter(context);
  const kinds: Partial<Record<Kind, number>> = {};
  context.accounting.ledger.onSettled(({ kind, outcome }) => {
    if (kind !== undefined && outcome.state === "ok") kinds[kind] = (kinds[kind] ?? 0) + 1;
  });
  if (onOutcome) context.accounting.ledger.onSettled(harmless("onOutcome", onOutcome));
  await subscribed(stream, context, undefined).finally(() => {
    reporter.close();
    return context.closed();
  });
  signal?.throwIfAborted();

  const report = reporter.finish(false);
  const {
    counts,
    shard,
    targets: reported,
    traffic,
    failures,
    failureGroups,
    skipped,
    notes,
    conclusions,
    durationMs,
  } = report;
  const { read, ok, failed: refused } = counts;
  const { pacedMs } = context.clients;
  const plan = {
    counts: { read, ok, refused, skipped: counts.skipped },
    ...(shard && { shard }),
    sinks: [...context.accounting.sinks].map(({ name, done, batches }) => ({ name, inputs: done, batches })),
    targets: reported,
    requests: traffic.requests,
    bytes: traffic.bytesSent,
    expectedMs: pacedMs === undefined ? undefined : Math.round(pacedMs),
    refused: failures,
    refusedGroups: failureGroups,
    skipped,
    notes,
    conclusions,
    durationMs,
  };
  const summary = () => summaryOf(plan, Object.entries(kinds));
  const html = async () => (await import("../report/pages.js")).preformatted(summary());
  return displayed({ ...plan, summary, toJSON: () => plan }, summary, html);
}

/** Formats a plan. `byKind`: the number of ok inputs of each kind. */
function summaryOf(plan: Omit<Plan, "summary" | "toJSON">, byKind: readonly [string, number][]): string {
  const { counts, sinks, requests, bytes, expectedMs } = plan;
  const lines = [`plan: read ${counts.read} = ok ${counts.ok} + refused ${counts.refused} + skipped ${counts.skipped}`];
  lines.push(...targetLines(plan.targets), ...shardLines(plan.shard));
  if (counts.read === 0) lines.push("  nothing was read: the source is empty");
  for (const { name, inputs, batches } of sinks) {
    lines.push(`  ${name.padEnd(8)} ${counted(inputs, "input")} in ${counted(batches, "batch", "batches")}`);
  }
  if (byKind.length > 1)
    lines.push(`  kinds    ${byKind.map(([kind, count]) => `${kind} ${countText(count)}`).join(", ")}`);
  if (requests > 0) {
    const time =
      expectedMs === undefined
        ? "at an unknown rate"
        : `at least ${durationText(expectedMs)} at ${plan.shard ? "this shard's share of " : ""}the account's rate`;
    lines.push(`  requests ${countText(requests)}${bytes > 0 ? ` with ${bytesText(bytes)}` : ""}, ${time}`);
  }
  for (const [note, count] of Object.entries(plan.notes)) lines.push(`  ok, ${note}: ${count}`);
  lines.push(...conclusionLines(plan.conclusions));
  lines.push(...failureLines(plan.refused, counts.refused, "refused"), ...groupLines("skipped", plan.skipped));
  return lines.map(printable).join("\n");
}

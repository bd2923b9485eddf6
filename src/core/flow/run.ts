/** One run of a flow: its files, signals, progress, stall watch and report. */

import * as z from "zod";
import type { Settlement } from "../accounting/ledger.js";
import { RunContext } from "../accounting/run-context.js";
import { journalTargets } from "../accounting/targets.js";
import { codeOf, describeThrown, FlowError, OptionsError } from "../errors.js";
import { Records } from "../journal/outcome-files.js";
import { UndoLog } from "../journal/undo-log.js";
import { type OptionsOf, parseOptions } from "../plugin/options.js";
import type { Source } from "../plugin/source.js";
import { Activity } from "../progress/health.js";
import { type MetricsMeter, startMetrics } from "../progress/metrics.js";
import { type ProgressEvent, startProgress } from "../progress/progress.js";
import { type Stall, stallText, watchForStalls } from "../progress/stalls.js";
import type { Report } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { shorten } from "../util/format/shorten.js";
import { writeNotice } from "../util/notice.js";
import type { Observable } from "../util/observable.js";
import { onAbort } from "../util/on-abort.js";
import { harmless } from "../util/safe-callback.js";
import { onInterrupt } from "./interrupts.js";

/** Name of a method by which a meter is recognized. */
const addsCallbacks = "addBatchObservableCallback";

const optionFields = {
  /** Stops the run at once: sources are closed, inputs in flight stay pending, and the report says so. */
  signal: z.instanceof(AbortSignal).optional(),
  /** Maximum number of inputs in flight. Default: 4096. */
  maxInFlight: z.number().min(1).optional(),
  /** Maximum bytes of inputs in flight that are in memory; files do not count. Default: 256,000,000. */
  maxBytesInFlight: z.number().min(1).optional(),
  /**
   * Path of the journal, a file that records finished inputs. The next run of the same flow resumes: finished inputs settle as skipped ("done earlier"). An
   * input is identified by its id, fields and content before any transform (files by size and time, listed inputs by id and creation time).
   */
  journal: z.string().min(1).optional(),
  /** Path of a file to which a line is appended for each failed input; `deadLetters(path)` reads them again. */
  deadLetters: z.string().min(1).optional(),
  /**
   * Path of an undo file, or `{ path, media }`. Sinks that change or delete what their target has (`patch`, `remove`, `addAnnotations`, `upload` with
   * `conflict: "replace"` and others) first read it, and record it in this file; `undo(app, path)` restores it. It is on disk before the change is sent. `media:
   * true` also keeps the files of inputs that are about to be deleted, in the folder `<path>.media`. Default: nothing is recorded.
   */
  undo: z
    .union([z.string().min(1), z.strictObject({ path: z.string().min(1), media: z.boolean().default(false) })])
    .optional(),
  /**
   * Handles SIGINT: sources are no longer read, open work may finish within 5 s, and the run ends as stopped. Flows that the program runs later end at
   * once. A second SIGINT is left to the program. True: handles SIGTERM too, also if the program has listeners. False: handles no signals. Default: handles
   * SIGINT, unless the program has a listener for it.
   */
  handleSignals: z.boolean().optional(),
  /**
   * Shows the progress on stderr: on a terminal, a few lines that are updated in place; elsewhere one line every 10 s, and a last line. Default: false.
   */
  progress: z.boolean().default(false),
  /** Receives the progress and the health of the run every 250 ms, and at its end, as JSON data. */
  onProgress: z.custom<(event: ProgressEvent) => void>((value) => typeof value === "function").optional(),
  /** Receives the outcome of each input, once, when it is counted. */
  onOutcome: z.custom<(settlement: Settlement) => void>((value) => typeof value === "function").optional(),
  /** A `Meter` of OpenTelemetry (`metrics.getMeter("sluice")`), which observes the counters of the run. */
  meter: z
    .custom<MetricsMeter>(
      (value) => typeof value === "object" && value !== null && addsCallbacks in value,
      "must be a Meter of OpenTelemetry",
    )
    .optional(),
  /**
   * Time without any read, request or outcome after which the run reports a stall, in milliseconds; 0: never. A run whose sources wait for new inputs
   * (`folder` with `watch`) is idle, not stalled. Default: 30,000.
   */
  stallMs: z.number().min(0).default(30_000),
  /** Receives what a stalled run waits for. Default: one line on stderr. */
  onStall: z.custom<(stall: Stall) => void>((value) => typeof value === "function").optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `Flow.run`. */
export type RunOptions = OptionsOf<typeof optionFields>;
/** Options of a stream that is not a run, and so has neither journal nor signals. */
export type StreamOptions = Pick<RunOptions, "signal" | "maxInFlight" | "maxBytesInFlight">;

/** After a signal, open work may continue for this long; then it is aborted, and has a moment to close. In milliseconds. */
const drainForMs = 4000;
const closeForMs = 900;
/** Longest wait for the journal, the dead letters and the undo file after a signal, in milliseconds. Outcomes that are not on disk by then stay pending. */
const recordsForMs = 2000;
/** Most reasons to skip inputs that a journal records at the end of a run, and the longest text of one. */
const maxRecordedReasons = 50;
const maxReasonLength = 300;

/** Runs the stream that `build` makes to its end; see `Flow.run`. */
export async function runFlow(
  sources: readonly Source[],
  build: (context: RunContext) => Observable<unknown>,
  options: RunOptions,
): Promise<Report> {
  const checked = parseOptions("run", Options, options);
  const { maxInFlight, maxBytesInFlight, journal, deadLetters } = checked;
  const abort = new AbortController();
  const drain = new AbortController();
  const { signal } = abort;
  // Not AbortSignal.any: the user's signal may outlive many runs, and would hold memory of each.
  const stopAtOnce = () => abort.abort(checked.signal?.reason);
  const context = new RunContext({ signal, drain: drain.signal, maxInFlight, maxBytesInFlight });
  const stream = build(context);
  const known = journal === undefined ? undefined : await journalTargets(context.stages.targets, context.shard?.text);
  const records = known || deadLetters !== undefined ? await Records.open({ journal, deadLetters }, known) : undefined;
  const undo = checked.undo === undefined ? undefined : await undoLogOf(context, checked.undo, records);
  const reporter = new Reporter(context);
  context.undo = undo;
  context.accounting.store = records;
  if (checked.onOutcome) context.accounting.ledger.onSettled(harmless("onOutcome", checked.onOutcome));
  records?.attach(context);
  records?.journal?.begin(sources.map(({ name }) => name));

  const unlink = checked.signal && onAbort(checked.signal, stopAtOnce);
  if (checked.signal?.aborted) stopAtOnce();
  let cut: NodeJS.Timeout | undefined;
  const stop = () => {
    cut = setTimeout(() => abort.abort(new Error("the run was stopped by a signal")), drainForMs);
    drain.abort();
  };
  const forget = checked.handleSignals === false ? undefined : onInterrupt(stop, checked.handleSignals ?? false);
  const { progress, unwatch } = watchRun(context, sources, reporter, checked);
  try {
    const stopped = await subscribed(stream, context, records).finally(() =>
      context.closed(drain.signal.aborted ? closeForMs : undefined),
    );
    const endsAt = drain.signal.aborted ? performance.now() + recordsForMs : undefined;
    await within(records?.flushed(), endsAt);
    await within(undo?.close(), endsAt);
    const report = reporter.finish(stopped, { journal: records?.journal?.facts, undo: undo?.facts });
    recordEnd(records, context, report);
    await within(records?.close(), endsAt);
    await progress?.end(stopped ? "stopped" : "ended");
    return report;
  } catch (error) {
    await progress?.end("failed");
    await records?.flushed().catch(() => undefined); // the first error is the one to report
    await undo?.close().catch(() => undefined);
    const report = reporter.finish(false, { journal: records?.journal?.facts, undo: undo?.facts }, error);
    recordEnd(records, context, report, error);
    await records?.close().catch(() => undefined);
    throw withReport(error, report);
  } finally {
    unlink?.();
    reporter.close();
    clearTimeout(cut);
    unwatch();
    forget?.();
  }
}

/** Records the end of a run in its journal, so that the reports of several journals can be added. */
function recordEnd(records: Records | undefined, { accounting }: RunContext, report: Report, error?: unknown): void {
  const { counts, durationMs, stopped, skipped, shard } = report;
  records?.journal?.end({
    counts,
    doneEarlier: accounting.doneEarlier,
    others: shard?.others,
    durationMs,
    stopped,
    error: error === undefined ? undefined : codeOf(error, "ERR_UNEXPECTED"),
    skipped: skipped.slice(0, maxRecordedReasons).map(({ reason, count, origins }) => ({
      reason: shorten(reason, maxReasonLength),
      count,
      origins: origins.slice(0, 3).map((origin) => shorten(origin, maxReasonLength)),
    })),
  });
}

/** Opens the undo file of a run. @throws {OptionsError} ERR_UNDO if no sink of the flow changes what its target has */
async function undoLogOf(
  { stages }: RunContext,
  undo: NonNullable<RunOptions["undo"]>,
  records: Records | undefined,
): Promise<UndoLog> {
  try {
    if (!stages.list.some(({ recordsStates }) => recordsStates)) {
      const text = "run: no sink of this flow changes or deletes what its target has, so there is nothing to undo";
      throw new OptionsError("ERR_UNDO", `${text}; leave out the option undo`);
    }
    return await UndoLog.open(typeof undo === "string" ? { path: undo, media: false } : { media: false, ...undo });
  } catch (error) {
    await records?.close().catch(() => undefined); // the first error is the one to report
    throw error;
  }
}

/** Starts the progress, the metrics and the report of stalls of a run. `unwatch` ends the latter two. */
function watchRun(
  context: RunContext,
  sources: readonly Source[],
  reporter: Reporter,
  { stallMs, meter, progress: isShown, onProgress, ...options }: z.output<typeof Options>,
) {
  const reportStall = (stall: Stall) => writeNotice(`${stallText(stall)}\n`);
  const onStall = options.onStall ? harmless("onStall", options.onStall) : reportStall;
  const activity = new Activity(context, stallMs);
  const progress = startProgress(context, sources, reporter, activity, { isShown, onProgress });
  const endMetrics = meter && startMetrics(meter, { context, reporter, activity });
  const endStalls = stallMs > 0 ? watchForStalls(context, activity, stallMs, onStall) : undefined;
  const unwatch = () => {
    endMetrics?.();
    endStalls?.();
  };
  return { progress, unwatch };
}

/** Adds the report so far to the error that ends a run. The property is not enumerable, so that a logged error stays short. */
export function withReport(error: unknown, report: Report): FlowError {
  const named =
    error instanceof FlowError
      ? error
      : new FlowError(codeOf(error, "ERR_UNEXPECTED"), `run: ${describeThrown(error)}`, { cause: error });
  if (Object.isExtensible(named)) Object.defineProperty(named, "report", { value: report, configurable: true });
  return named;
}

/** Waits for some work, or no longer than until a moment of `performance.now()`. */
async function within(work: Promise<void> | undefined, until: number | undefined): Promise<void> {
  if (work === undefined || until === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, until - performance.now());
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Subscribes to a stream and resolves at its end. The result says whether it was stopped before. */
export function subscribed(
  stream: Observable<unknown>,
  context: RunContext,
  records: Records | undefined,
): Promise<boolean> {
  const { signal, drain } = context.lifecycle;
  return new Promise<boolean>((resolve, reject) => {
    const subscription = stream.subscribe({
      error: (error: unknown) => reject(error),
      complete: () => resolve(signal.aborted || drain.aborted),
    });
    const abort = () => {
      subscription.unsubscribe();
      resolve(true);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    if (!records) return;
    records.onFailure = (error) => {
      subscription.unsubscribe();
      reject(error);
    };
  });
}

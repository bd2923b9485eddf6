/** One execution of a flow: its files, its signals, its watchdog, its report. */

import * as z from "zod";
import { RunContext } from "../accounting/run-context.js";
import { journalTargets } from "../accounting/targets.js";
import { codeOf, describeThrown, FlowError } from "../errors.js";
import { Records } from "../journal/outcome-files.js";
import { type OptionsOf, parseOptions } from "../plugin/options.js";
import type { Source } from "../plugin/source.js";
import { Activity } from "../progress/health.js";
import { type MetricsMeter, startMetrics } from "../progress/metrics.js";
import { type ProgressEvent, startProgress } from "../progress/progress.js";
import { type Stall, stallText, watchForStalls } from "../progress/stalls.js";
import type { Report } from "../report/report.js";
import { Reporter } from "../report/reporter.js";
import { writeNotice } from "../util/notice.js";
import type { Observable } from "../util/observable.js";
import { harmless } from "../util/safe-callback.js";
import { onInterrupt } from "./interrupts.js";

/** What only a meter has. */
const addsCallbacks = "addBatchObservableCallback";

const Options = z.strictObject({
  /** Stops the run: the source is closed, what is in flight is abandoned unsettled, and the report says so. */
  signal: z.instanceof(AbortSignal).optional(),
  /** Most messages held at once. Default: 4096. */
  maxInFlight: z.number().min(1).optional(),
  /** Most bytes that messages in flight have in memory (files do not count). Default: 256,000,000. */
  maxBytesInFlight: z.number().min(1).optional(),
  /**
   * File that keeps what is done. The next run of the same flow with it does only the rest; done inputs settle as skipped ("done earlier"). An input
   * is known by its id, fields and content (files by size and time, listed inputs by id and making), whatever transforms make of it.
   */
  journal: z.string().min(1).optional(),
  /** File that gets a line for each failed input; `deadLetters(path)` reads them again. Lines are added to those that are there. */
  deadLetters: z.string().min(1).optional(),
  /**
   * On SIGINT no more is read, what is open may finish within 5 s, and the run ends as stopped; flows that the program runs after that end at
   * once. The second one is the program's own, which ends unless it listens to it. True: on SIGTERM too. Default: on SIGINT, unless the program
   * listens to it itself.
   */
  handleSignals: z.boolean().optional(),
  /**
   * Shows on stderr how the run stands: a few lines that are written anew on a terminal, elsewhere one line every 10 s and a last one. Default:
   * false.
   */
  progress: z.boolean().default(false),
  /** Gets how the run stands and whether it is healthy, every 250 ms and a last time at its end: data that goes into JSON. */
  onProgress: z.custom<(event: ProgressEvent) => void>((value) => typeof value === "function").optional(),
  /** A `Meter` of OpenTelemetry (`metrics.getMeter("sluice")`), which reads the counters of the run when it collects. */
  meter: z
    .custom<MetricsMeter>(
      (value) => typeof value === "object" && value !== null && addsCallbacks in value,
      "must be a Meter of OpenTelemetry",
    )
    .optional(),
  /**
   * Time in which nothing is read, sent or settled before the run says what it waits for, in milliseconds; 0: never. A run whose sources
   * wait for what is to come (`folder` with `watch`) is idle, which is no stall. Default: 30,000.
   */
  stallMs: z.number().min(0).default(30_000),
  /** Gets what a run that stalls waits for. Default: one line on stderr. */
  onStall: z.custom<(stall: Stall) => void>((value) => typeof value === "function").optional(),
});
/** Options of `Flow.run`. */
export type RunOptions = OptionsOf<typeof Options>;
/** Options of a stream that is not a run: no journal, no signals. */
export type StreamOptions = Pick<RunOptions, "signal" | "maxInFlight" | "maxBytesInFlight">;

/** What is open at a signal may go on for this long; then it is cut, and what it opened has a moment to close. */
const drainForMs = 4000;
const closeForMs = 900;
/** After a signal, a disk that does not answer is not waited for longer; what it has not confirmed stays pending. */
const recordsForMs = 2000;

/** Runs what `build` makes to its end; see `Flow.run`. */
export async function runFlow(
  sources: readonly Source[],
  build: (context: RunContext) => Observable<unknown>,
  options: RunOptions,
): Promise<Report> {
  const checked = parseOptions("run", Options, options);
  const { maxInFlight, maxBytesInFlight, journal, deadLetters, stallMs } = checked;
  const abort = new AbortController();
  const drain = new AbortController();
  const { signal } = abort;
  // Not AbortSignal.any: what is given may live longer than many runs, and would keep something of each.
  const stopAtOnce = () => abort.abort(checked.signal?.reason);
  const context = new RunContext({ signal, drain: drain.signal, maxInFlight, maxBytesInFlight });
  const stream = build(context);
  const known = journal === undefined ? undefined : await journalTargets(context.stages.targets);
  const records = known || deadLetters !== undefined ? await Records.open({ journal, deadLetters }, known) : undefined;
  const reporter = new Reporter(context);
  context.accounting.store = records;
  records?.attach(context);

  checked.signal?.addEventListener("abort", stopAtOnce);
  if (checked.signal?.aborted) stopAtOnce();
  let cut: NodeJS.Timeout | undefined;
  const stop = () => {
    cut = setTimeout(() => abort.abort(new Error("the run was stopped by a signal")), drainForMs);
    drain.abort();
  };
  const forget = checked.handleSignals === false ? undefined : onInterrupt(stop, checked.handleSignals ?? false);
  const reportStall = (stall: Stall) => writeNotice(`${stallText(stall)}\n`);
  const onStall = checked.onStall ? harmless("onStall", checked.onStall) : reportStall;
  const { progress: isShown, onProgress } = checked;
  const activity = new Activity(context, stallMs);
  const progress = startProgress(context, sources, reporter, activity, { isShown, onProgress });
  const endMetrics = checked.meter && startMetrics(checked.meter, { context, reporter, activity });
  const unwatch = stallMs > 0 ? watchForStalls(context, activity, stallMs, onStall) : undefined;
  try {
    const stopped = await subscribed(stream, context, records).finally(() =>
      context.closed(drain.signal.aborted ? closeForMs : undefined),
    );
    await within(records?.close(), drain.signal.aborted ? recordsForMs : undefined);
    const report = reporter.finish(stopped, records?.journal?.facts);
    await progress?.end(stopped ? "stopped" : "ended");
    return report;
  } catch (error) {
    await progress?.end("failed");
    await records?.close().catch(() => undefined); // what went wrong first is what is told
    throw withReport(error, reporter.finish(false, records?.journal?.facts, error));
  } finally {
    checked.signal?.removeEventListener("abort", stopAtOnce);
    reporter.close();
    clearTimeout(cut);
    endMetrics?.();
    unwatch?.();
    forget?.();
  }
}

/** The error that ends a run, with the report so far. It is not enumerable: whoever logs the error does not want all of it. */
export function withReport(error: unknown, report: Report): FlowError {
  const named =
    error instanceof FlowError
      ? error
      : new FlowError(codeOf(error, "ERR_UNEXPECTED"), `run: ${describeThrown(error)}`, { cause: error });
  if (Object.isExtensible(named)) Object.defineProperty(named, "report", { value: report, configurable: true });
  return named;
}

/** Waits for some work, or no longer than `ms`. */
async function within(work: Promise<void> | undefined, ms: number | undefined): Promise<void> {
  if (work === undefined || ms === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Resolves at the end of a stream: whether it was stopped before its own end. */
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

/** The watchdog: if a run makes no progress for a while, it reports what the run waits for. */

import type { RunContext } from "../accounting/run-context.js";
import { longestTimerMs } from "../net/deadline.js";
import { type Activity, progressOf } from "./health.js";

/** A stall: nothing was read, sent or settled for a while. */
export interface Stall {
  /** Length of the stall, in milliseconds. */
  forMs: number;
  /** What the stages wait for, one line each. */
  waits: readonly string[];
}

/** Checks in each period of `stallMs`. */
const checksPerStall = 4;
/** Calls `onStall` once for each period of `stallMs` without progress, unless the run is idle. Returns a function that ends the watch. */
export function watchForStalls(
  context: RunContext,
  activity: Activity,
  stallMs: number,
  onStall: (stall: Stall) => void,
): () => void {
  let before = "";
  let unchanged = 0;
  const check = () => {
    activity.check(); // keeps the health current, since other callers check less often
    const now = progressOf(context);
    unchanged = now === before && !context.isIdle ? unchanged + 1 : 0;
    before = now;
    if (unchanged === checksPerStall) onStall({ forMs: stallMs, waits: waitsOf(context) });
  };
  // The timer keeps the process alive: a run that waits for nothing has to be reported, instead of an exit without a word.
  const timer = setInterval(check, Math.min(stallMs / checksPerStall, longestTimerMs));
  return () => clearInterval(timer);
}

/** Formats a stall on one line. */
export function stallText({ forMs, waits }: Stall): string {
  return `sluice: nothing was read, sent or settled for ${Math.round(forMs / 100) / 10} s; waiting: ${waits.join("; ")}`;
}

/** What the stages of a run wait for, a line each. */
export function waitsOf({ accounting, lifecycle, clients }: RunContext): string[] {
  const { budget, ledger, sinks } = accounting;
  const lines = [...lifecycle.waits].map((wait) => wait()).filter((line) => line !== undefined);
  lines.push(...clients.waits);
  if (budget.waiting > 0) lines.push(`batch: for batches with ${budget.waiting} inputs to fill`);
  const { inFlight } = ledger.counts;
  const silent = [...sinks].reduce((rest, { underWay }) => rest - underWay, inFlight);
  if (budget.held === 0 && silent > 0)
    lines.push(`${silent} inputs are in RxJS operators, which do not say what they wait for`);
  return lines;
}

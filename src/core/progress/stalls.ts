/** The watchdog: when nothing goes on for a while, it says what the run waits for. */

import type { RunContext } from "../accounting/run-context.js";
import { type Activity, progressOf } from "./health.js";

/** A run in which nothing was read, sent or settled for a while. */
export interface Stall {
  /** For how long, in milliseconds. */
  forMs: number;
  /** What its stages wait for, one line each. */
  waits: readonly string[];
}

/** Looks this often within the time. */
const looks = 4;
/** A longer pause between two looks would be none. */
const longestTimerMs = 2 ** 31 - 1;

/** Calls `onStall` once for each time that nothing goes on for `stallMs` and the run is not idle; gives back its end. */
export function watchForStalls(
  context: RunContext,
  activity: Activity,
  stallMs: number,
  onStall: (stall: Stall) => void,
): () => void {
  let before = "";
  let unchanged = 0;
  const look = () => {
    activity.look(); // which others ask less often
    const now = progressOf(context);
    unchanged = now === before && !context.isIdle ? unchanged + 1 : 0;
    before = now;
    if (unchanged === looks) onStall({ forMs: stallMs, waits: waitsOf(context) });
  };
  // It keeps the process alive: a run that nothing can wake any more is to be told of, and not to vanish.
  const timer = setInterval(look, Math.min(stallMs / looks, longestTimerMs));
  return () => clearInterval(timer);
}

/** A stall as one line of text. */
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

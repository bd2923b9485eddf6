/** Deadlines: abort work when its time is up, or when the flow stops. */

import { linkAborts } from "../util/link-aborts.js";

export interface DeadlineOptions {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** Makes the error of work that exceeds the deadline. */
  late: () => Error;
}

/** Node.js fires a timer with a longer delay at once. */
export const longestTimerMs = 2 ** 31 - 1;

/**
 * Runs `work` with a signal that is aborted as soon as `signal` is, with the same reason, or after `deadlineMs` milliseconds with the error of `late`.
 */
export async function withDeadline<T>(
  { deadlineMs, signal, late }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { controller, unlink } = linkAborts(signal);
  const timer = setTimeout(() => controller.abort(late()), Math.min(deadlineMs, longestTimerMs));
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    unlink();
  }
}

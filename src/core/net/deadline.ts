/** A deadline: cuts work off when its time is up, or when the flow stops. */

import { linkAborts } from "./linked-abort.js";

export interface DeadlineOptions {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** The error of work that is late. */
  late: () => Error;
}

/** A longer one fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Runs `work` with a signal that is aborted by the given one, with its reason, or after `deadlineMs` milliseconds, with the error of `late`. */
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

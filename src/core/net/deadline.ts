/** A deadline: cuts work off when its time is up, or when the flow stops. */

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
  const abort = new AbortController();
  const stop = () => abort.abort(signal?.reason);
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop);
  const timer = setTimeout(() => abort.abort(late()), Math.min(deadlineMs, longestTimerMs));
  try {
    return await work(abort.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Links an abort controller to a signal. */

/**
 * Aborts `controller` with the reason of `signal` as soon as `signal` is aborted.
 *
 * `AbortSignal.any` does not fit here: each call leaves an entry in `signal`, which may live as long as the program.
 *
 * @returns a function that removes the link.
 */
export function linkAbort(signal: AbortSignal | undefined, controller: AbortController): () => void {
  if (!signal) return () => undefined;
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
}

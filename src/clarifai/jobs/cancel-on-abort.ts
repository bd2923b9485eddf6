/** Cancels a job of the server when its caller gives up. */

import type { App } from "../client/app.js";

/** Longest wait for the answer to a cancellation, in milliseconds. */
const cancelTimeoutMs = 10_000;

/** Does some work on a job. If the signal aborts it, cancels the job on the server, and throws the reason of the signal. */
export async function cancelOnAbort<T>(
  app: App,
  jobId: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!signal.aborted) throw error;
    // Best effort: the job may not have begun, and the reason of the abort is what the caller needs.
    await app.cancelAddJob(jobId, AbortSignal.timeout(cancelTimeoutMs)).catch(() => undefined);
    throw signal.reason;
  }
}

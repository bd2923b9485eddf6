/** Waits for the processing of a dataset version and of its exports. */

import { FlowError } from "../../core/errors.js";
import { type Clock, systemClock } from "../../core/net/clock.js";
import type { DatasetVersion } from "../client/app-types.js";
import { statusText, type WireStatus } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";

/** The first and the longest wait between two requests, in milliseconds. */
const firstDelayMs = 50;
const lastDelayMs = 5000;
/** Default of the longest wait, in milliseconds. */
export const defaultTimeoutMs = 600_000;

export interface WaitOptions {
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

const versionInProgress: ReadonlySet<number> = new Set([
  statusCodes.DATASET_VERSION_PENDING,
  statusCodes.DATASET_VERSION_IN_PROGRESS,
]);

/**
 * Waits until a version is ready.
 *
 * @throws {FlowError} ERR_VERSION_DEADLINE, 11101 if somebody deleted it, and the platform's code if its processing failed
 */
export async function waitForVersion(
  read: () => Promise<DatasetVersion | undefined>,
  { datasetId, versionId, ...options }: WaitOptions & { datasetId: string; versionId: string },
): Promise<DatasetVersion> {
  const what = `the version ${JSON.stringify(versionId)} of the dataset ${JSON.stringify(datasetId)}`;
  const poll = async () => {
    const version = await read();
    if (!version) throw new FlowError(String(statusCodes.CONN_DOES_NOT_EXIST), `${what} does not exist`);
    if (version.status?.code === statusCodes.DATASET_VERSION_READY) return version;
    if (version.status && !versionInProgress.has(version.status.code))
      throw failure(what, "processing", version.status);
    return undefined;
  };
  return pollUntil(poll, { ...options, what });
}

/** Makes the error of a version or an export that the platform could not make. */
export function failure(what: string, step: string, status: WireStatus): FlowError {
  return new FlowError(String(status.code), `${what}: its ${step} failed: ${statusText(status)} (${status.code})`);
}

/** Calls `poll` until it returns a result. @throws {FlowError} ERR_VERSION_DEADLINE */
export async function pollUntil<T>(
  poll: () => Promise<T | undefined>,
  { timeoutMs = defaultTimeoutMs, signal, clock = systemClock, what }: WaitOptions & { what: string },
): Promise<T> {
  const deadline = clock.now() + timeoutMs;
  for (let delay = firstDelayMs; ; delay = Math.min(lastDelayMs, delay * 1.6)) {
    const result = await poll();
    if (result !== undefined) return result;
    const left = deadline - clock.now();
    if (left <= 0) {
      const text = `${what} was not ready within ${timeoutMs} ms; the server goes on, so ask for it again later, or raise timeoutMs`;
      throw new FlowError("ERR_VERSION_DEADLINE", text, { retryable: true });
    }
    await clock.sleep(Math.min(delay, left), signal ?? never);
  }
}

const never = new AbortController().signal;

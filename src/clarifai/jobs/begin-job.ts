/** Begins a job under an id of its own, once, even if an answer is lost. */

import { again, fail, ok, retry, unknown } from "../../core/net/retry.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { AddJob } from "../client/app-types.js";
import { statusCodes } from "../wire/status-codes.js";

/** Returns a job that adds inputs; undefined if it does not exist. @throws {ApiError} */
export async function findJob(app: App, id: string, signal: AbortSignal): Promise<AddJob | undefined> {
  try {
    return await app.getAddJob(id, signal);
  } catch (error) {
    if (error instanceof ApiError && error.status?.code === statusCodes.CONN_DOES_NOT_EXIST) return undefined;
    throw error;
  }
}

/**
 * Begins a job with `post`, or finds the one that an earlier call with the same id began. An answer that is lost, and a refusal because the id exists, are
 * followed by a lookup.
 *
 * @throws {ApiError}
 */
export async function beginJob(
  app: App,
  id: string,
  post: () => Promise<AddJob[]>,
  signal: AbortSignal,
): Promise<{ job: AddJob; isNew: boolean }> {
  const existing = await findJob(app, id, signal);
  if (existing) return { job: existing, isNew: false };
  const { pacer } = app.transport;
  return retry<{ job: AddJob; isNew: boolean }, "lost">(
    async () => {
      const [job] = await post();
      return job
        ? ok({ job: { ...job, id }, isNew: true })
        : unknown(new Error(`the answer does not name the job ${id}`));
    },
    {
      rules: { lost: { maxAttempts: 5, pause: ({ failures }) => pacer.pause(failures, signal) } },
      signal,
      verdictOf: (error) => {
        if (!(error instanceof ApiError)) throw error;
        const mayExist = error.outcomeUnknown || error.status?.code === statusCodes.JOB_CONFLICT;
        return mayExist ? unknown(error) : fail(error);
      },
      reconcile: async (lost) => {
        const job = await findJob(app, id, signal);
        return job ? ok({ job, isNew: true }) : again("lost", lost);
      },
    },
  );
}

/** Follows a job that adds inputs by archives, until it ends or the time is over. */

import type { JobCounts, ReportedJob } from "../../core/accounting/targets.js";
import type { Clock } from "../../core/net/clock.js";
import type { App } from "../client/app.js";
import type { AddJob, ExtractionJob } from "../client/app-types.js";
import { statusText } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { stateOfJob } from "./job-state.js";

/** What a job has done so far. */
export interface IngestProgress {
  /** Id of the job on the server. */
  jobId: string;
  state: ReportedJob["state"];
  /** Inputs by state. The server counts them when it has found them. */
  counts: JobCounts;
  /** Inputs by kind that the server found in its archives. */
  found: { image: number; video: number; audio: number; text: number };
  /** Archives that could not be unpacked, each with the reason. */
  failures: string[];
}

export interface FollowOptions {
  clock: Clock;
  signal: AbortSignal;
  /** Longest wait, in milliseconds. */
  timeoutMs: number;
  onProgress?: ((progress: IngestProgress) => void) | undefined;
}

const firstDelayMs = 20;
const lastDelayMs = 10_000;

/** Polls a job until it ends, or until `timeoutMs` is over. Returns its last state. @throws {ApiError} if the job cannot be read */
export async function followJob(
  app: App,
  jobId: string,
  { clock, signal, timeoutMs, onProgress }: FollowOptions,
): Promise<IngestProgress> {
  const deadline = clock.now() + timeoutMs;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(lastDelayMs, delayMs * 1.5)) {
    const job = await app.getAddJob(jobId, signal);
    const progress = progressOf(jobId, job);
    onProgress?.(progress);
    if ((job && hasEnded(job)) || clock.now() >= deadline) return progress;
    await clock.sleep(Math.min(delayMs, Math.max(1, deadline - clock.now())), signal);
  }
}

/** Whether a job has nothing left to do. Counters at 0 prove nothing, because the server counts inputs only when it has found them. */
function hasEnded(job: AddJob): boolean {
  const state = stateOfJob(job);
  if (state === "failed" || state === "cancelled") return true;
  return state === "done" && job.pending + job.inProgress === 0 && !job.extractions.some(isOpen);
}

function isOpen({ status, archives }: ExtractionJob): boolean {
  if (status?.code === statusCodes.JOB_QUEUED || status?.code === statusCodes.JOB_RUNNING) return true;
  return archives.pending + archives.inProgress > 0;
}

function progressOf(jobId: string, job: AddJob | undefined): IngestProgress {
  const { pending = 0, inProgress = 0, succeeded = 0, failed = 0, extractions = [] } = job ?? {};
  const found = { image: 0, video: 0, audio: 0, text: 0 };
  for (const { inputs } of extractions)
    for (const kind of Object.keys(found) as (keyof typeof found)[]) found[kind] += inputs[kind];
  return {
    jobId,
    state: job ? stateOfJob(job) : "queued",
    counts: { pending, inProgress, succeeded, failed },
    found,
    failures: extractions.filter(hasFailed).map(({ url, status, archives }) => {
      const name = url ?? "archive";
      return status && isFailure(status.code)
        ? `${name}: ${statusText(status)} (${status.code})`
        : `${name}: ${archives.failed} archives could not be unpacked`;
    }),
  };
}

function hasFailed({ status, archives }: ExtractionJob): boolean {
  return archives.failed > 0 || (status !== undefined && isFailure(status.code));
}

function isFailure(code: number): boolean {
  return (
    code === statusCodes.JOB_FAILED || code === statusCodes.JOB_UNEXPECTED_ERROR || code === statusCodes.JOB_CONFLICT
  );
}

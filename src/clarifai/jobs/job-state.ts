/** The states of the platform's jobs in the words of a report. */

import type { ReportedJob } from "../../core/accounting/targets.js";
import type { AddJob } from "../client/app-types.js";
import { statusCodes } from "../wire/status-codes.js";

const states: ReadonlyMap<number, ReportedJob["state"]> = new Map([
  [statusCodes.JOB_QUEUED, "queued"],
  [statusCodes.JOB_RUNNING, "running"],
  [statusCodes.JOB_COMPLETED, "done"],
  [statusCodes.JOB_FAILED, "failed"],
  [statusCodes.JOB_CANCELLED, "cancelled"],
  [statusCodes.JOB_UNEXPECTED_ERROR, "failed"],
  [statusCodes.JOB_CONFLICT, "failed"],
  [statusCodes.JOB_PAUSED, "paused"],
]);

/** Returns the state of a job that adds inputs. A job without a known status is judged by its counters. */
export function stateOfJob({ status, pending, inProgress, succeeded, failed }: AddJob): ReportedJob["state"] {
  const known = status && states.get(status.code);
  if (known) return known;
  if (pending + inProgress > 0) return inProgress + succeeded + failed > 0 ? "running" : "queued";
  return succeeded + failed > 0 ? "done" : "queued";
}

/** Returns a job that adds inputs, for the report. */
export function reportedAddJob(job: AddJob): Omit<ReportedJob, "sink"> {
  const { id, pending, inProgress, succeeded, failed } = job;
  return { kind: "add inputs", id, state: stateOfJob(job), counts: { pending, inProgress, succeeded, failed } };
}

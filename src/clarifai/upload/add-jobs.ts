/** Polls add-jobs: follows the processing of accepted inputs with few requests. */

import { randomUUID } from "node:crypto";
import { describeError } from "../../core/errors.js";
import type { Clock } from "../../core/net/clock.js";
import { counted } from "../../core/util/format/format.js";
import type { App } from "../client/app.js";
import type { AddJob } from "../client/app-types.js";
import { limits } from "../limits.js";
import { classify, statusText, type WireStatus } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { type Awaited, AwaitedBatch, type OpenInput, type Processed } from "./awaited-batch.js";

export interface AddJobsOptions {
  signal: AbortSignal;
  clock: Clock;
  /** Longest wait for one input's processing, in milliseconds. */
  processingTimeoutMs: number;
  /** Receives each state of a job that the server tells. */
  onState: (answer: AddJob) => void;
  /** Whether nothing is being posted just now. */
  idle: () => boolean;
}

interface Job {
  id: string;
  batches: number;
  /** Inputs that it is certain to count. */
  accepted: number;
  /** Batches with inputs in progress, oldest first. */
  waiting: Set<AwaitedBatch>;
  /** Wait before the next poll, in milliseconds. */
  delayMs: number;
  /** Polls since it is the first in the queue. */
  polls: number;
  /** Answers in a row from which the state of its inputs is not clear. */
  unclearAnswers: number;
}

/** Batches of one job: enough to keep polls few, and few enough that one failure causes few lookups. */
const batchesPerJob = 32;
const firstDelayMs = 10;
const maxDelayMs = 10_000;
/** While batches are still being posted, a poll waits for one of these: a time, or a number of batches since the last poll. */
const busyDelayMs = 500;
const batchesPerPoll = 8;
/** Shortest wait between polls of a job that still gets batches. */
const unfinishedDelayMs = 5_000;
/** The budget of polls: a share for each batch, and a number at the start. Without budget, polls are rare. */
const pollsPerBatch = 0.15;
const freePolls = 3;
const rareDelayMs = 500;
/** After so many polls, a job that is not done moves to the end of the queue. */
const patience = 4;

/**
 * Groups batches into jobs and polls their counters, the oldest job first, because the server mostly processes inputs in the order of acceptance. The
 * wait between polls grows, or is the estimated time for the rest of the job. Single inputs are looked up only if a job counts failures or its counters
 * cannot be read.
 */
export class AddJobs {
  readonly #app: App;
  readonly #options: AddJobsOptions;
  #current: Job | undefined;
  /** Jobs with inputs in progress; the first one is polled next. */
  readonly #jobs: Job[] = [];
  #polls = freePolls;
  #polling = false;
  #batchesSincePoll = 0;

  constructor(app: App, options: AddJobsOptions) {
    this.#app = app;
    this.#options = options;
  }

  /** Returns the job for the next batch. */
  next(): Job {
    if (!this.#current || this.#current.batches >= batchesPerJob) {
      const id = randomUUID().replaceAll("-", "");
      const waiting = new Set<AwaitedBatch>();
      this.#current = { id, batches: 0, accepted: 0, waiting, delayMs: firstDelayMs, polls: 0, unclearAnswers: 0 };
    }
    this.#current.batches += 1;
    this.#batchesSincePoll += 1;
    this.#polls += pollsPerBatch;
    return this.#current;
  }

  /** Describes what it is waiting for; undefined if it is not waiting. */
  waits(): string | undefined {
    if (this.#jobs.length === 0) return undefined;
    const batches = this.#jobs.flatMap((job) => [...job.waiting]);
    const inputs = batches.reduce((sum, batch) => sum + batch.missing, 0);
    return `processing: for the server to process ${counted(inputs, "input")}`;
  }

  /** Resolves with the result of each input, in the order of `inputs`. */
  wait(job: Job, inputs: readonly Awaited[]): Promise<Processed[]> {
    const batch = new AwaitedBatch(inputs, this.#options.clock.now());
    job.accepted += batch.counted;
    job.waiting.add(batch);
    if (!this.#jobs.includes(job)) this.#jobs.push(job);
    if (!this.#polling) {
      this.#polling = true;
      this.#poll().catch((error: unknown) => {
        this.#polling = false;
        const isStopped = this.#options.signal.aborted;
        const reason = isStopped ? "accepted, and not processed before the run stopped" : describeError(error);
        for (const open of this.#jobs.splice(0)) {
          for (const one of open.waiting) one.finishAll({ state: "pending", reason });
        }
      });
    }
    return batch.done;
  }

  async #poll(): Promise<void> {
    for (let job = this.#jobs[0]; job; job = this.#jobs[0]) {
      await this.#untilDue(job);
      this.#polls -= 1;
      this.#batchesSincePoll = 0;
      await this.#pollOnce(job);
      for (const open of this.#jobs) this.#expire(open);
      if (job.waiting.size === 0) this.#jobs.splice(this.#jobs.indexOf(job), 1);
      else if (job.polls >= patience && this.#jobs.length > 1) {
        job.polls = 0;
        this.#jobs.push(...this.#jobs.splice(0, 1));
      }
    }
    this.#polling = false; // without an await since the last job ended, so that a new job starts polling again
  }

  /** Waits in small steps, because the wait can become shorter meanwhile. */
  async #untilDue(job: Job): Promise<void> {
    const { clock, signal, idle } = this.#options;
    for (let slept = 0; ; ) {
      const isFull = job !== this.#current;
      const least = idle() ? 0 : isFull ? busyDelayMs : unfinishedDelayMs;
      const hasBudget = this.#polls >= 1;
      const due = Math.max(job.delayMs, least, hasBudget ? 0 : rareDelayMs);
      if (slept >= due) return;
      if (isFull && hasBudget && slept >= job.delayMs && this.#batchesSincePoll >= batchesPerPoll) return;
      const step = Math.min(due - slept, Math.max(firstDelayMs, slept / 2));
      await clock.sleep(step, signal);
      slept += step;
    }
  }

  async #pollOnce(job: Job): Promise<void> {
    const { clock, signal } = this.#options;
    const expected = job.accepted;
    const before = [...job.waiting];
    job.polls += 1;
    const answer = await this.#app.getAddJob(job.id, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    if (answer) this.#options.onState(answer);
    const settled = answer && answer.pending === 0 && answer.inProgress === 0;
    if (settled && answer.succeeded + answer.failed >= expected && answer.failed === 0) {
      const status = { code: statusCodes.INPUT_SUCCESS };
      for (const batch of before) batch.finishAll({ state: "done", status }, "counted");
      forgetDone(job);
      if (job.waiting.size === 0) return;
    }
    job.unclearAnswers = answer && !settled ? 0 : job.unclearAnswers + 1;
    const done = answer ? answer.succeeded + answer.failed : 0;
    const soFarMs = clock.now() - (before[0]?.acceptedAt ?? 0);
    const restMs = done > 0 ? (soFarMs * (expected - done)) / done : 0;
    const grownMs = job.delayMs * 1.8 * (0.9 + Math.random() * 0.2);
    job.delayMs = Math.min(maxDelayMs, Math.max(grownMs, Math.min(restMs, job.delayMs * 4)));
    const left = before.flatMap((batch) => batch.open());
    const uncounted = left.some(({ isCounted }) => !isCounted);
    if ((settled && (answer.failed > 0 || uncounted)) || job.unclearAnswers >= 3) await this.#lookUp(job, left);
  }

  /** Looks up the status of each input; inputs in progress stay in the job. */
  async #lookUp(job: Job, inputs: readonly OpenInput[]): Promise<void> {
    const { signal } = this.#options;
    for (let at = 0; at < inputs.length; at += limits.maxIdsPerRequest) {
      const part = inputs.slice(at, at + limits.maxIdsPerRequest);
      const found = await this.#app.listInputs({ ids: part.map(({ id }) => id), signal });
      const statuses = new Map(found.map((input) => [input.id, input.status]));
      for (const { batch, index, id } of part) {
        const status = statuses.get(id);
        if (!status) {
          if (job.unclearAnswers < 6) continue;
          batch.finish(index, { state: "pending", reason: "accepted, but the server does not list it" });
          continue;
        }
        const meaning = classify(status);
        if (meaning === "ok") batch.finish(index, { state: "done", status });
        else if (meaning !== "progress") batch.finish(index, { state: "failed", status });
      }
    }
    forgetDone(job);
  }

  #expire(job: Job): void {
    const { clock, processingTimeoutMs } = this.#options;
    const oldest = clock.now() - processingTimeoutMs;
    const seconds = Math.round(processingTimeoutMs / 1000);
    for (const batch of job.waiting) {
      if (batch.acceptedAt > oldest) break;
      batch.finishAll({ state: "pending", reason: `accepted, still being processed after ${seconds} s` });
    }
    forgetDone(job);
  }
}

/** Removes the batches without inputs in progress. */
function forgetDone(job: Job): void {
  for (const batch of job.waiting) if (batch.missing === 0) job.waiting.delete(batch);
}

export type { Job };

/** Formats a failed status as the reason of an outcome. */
export function failureText(status: WireStatus): string {
  return `the platform could not process it: ${statusText(status)}`;
}

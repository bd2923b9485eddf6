/** Polls add-jobs: follows the processing of accepted inputs with few requests. */

import { randomUUID } from "node:crypto";
import { describeError } from "../../core/errors.js";
import type { Clock } from "../../core/net/clock.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { classify, statusText, type WireStatus } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";

/** The result of processing an accepted input; "pending" if it was still in progress at the deadline. */
export type Processed = { state: "done" | "failed"; status: WireStatus } | { state: "pending"; reason: string };

export interface AddJobsOptions {
  signal: AbortSignal;
  clock: Clock;
  /** Longest wait for one input's processing, in milliseconds. */
  processingTimeoutMs: number;
  /** Whether nothing is being posted just now. */
  idle: () => boolean;
}

/** The inputs of one batch that are waited for together. */
interface Group {
  results: Processed[];
  missing: number;
  resolve: (results: Processed[]) => void;
}

/** An accepted input; `counted`: its job is certain to count it, so the counters of the job can confirm it. */
export interface Awaited {
  id: string;
  counted: boolean;
}

interface Entry extends Awaited {
  acceptedAt: number;
  group: Group;
  /** Its index in the group. */
  index: number;
}

interface Job {
  id: string;
  batches: number;
  /** Inputs that it is certain to count. */
  accepted: number;
  /** A set and no map by id: a replaced and a replacing input have the same id. */
  entries: Set<Entry>;
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
/** Shortest wait between polls while batches are still being posted. */
const busyDelayMs = 500;
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

  constructor(app: App, options: AddJobsOptions) {
    this.#app = app;
    this.#options = options;
  }

  /** Returns the job for the next batch. */
  next(): Job {
    if (!this.#current || this.#current.batches >= batchesPerJob) {
      const id = randomUUID().replaceAll("-", "");
      const entries = new Set<Entry>();
      this.#current = { id, batches: 0, accepted: 0, entries, delayMs: firstDelayMs, polls: 0, unclearAnswers: 0 };
    }
    this.#current.batches += 1;
    this.#polls += pollsPerBatch;
    return this.#current;
  }

  /** Describes what it is waiting for; undefined if it is not waiting. */
  waits(): string | undefined {
    const jobs = [...this.#jobs];
    if (jobs.length === 0) return undefined;
    const inputs = jobs.reduce((sum, job) => sum + job.entries.size, 0);
    const more = jobs.length > 1 ? ` and ${jobs.length - 1} more` : "";
    return `processing: ${inputs} inputs of job ${jobs[0]?.id}${more}`;
  }

  /** Resolves with the result of each input, in the order of `inputs`. */
  wait(job: Job, inputs: readonly Awaited[]): Promise<Processed[]> {
    const acceptedAt = this.#options.clock.now();
    job.accepted += inputs.filter(({ counted }) => counted).length;
    const results = new Promise<Processed[]>((resolve) => {
      const group: Group = { results: [], missing: inputs.length, resolve };
      inputs.forEach((input, index) => void job.entries.add({ ...input, acceptedAt, group, index }));
    });
    if (!this.#jobs.includes(job)) this.#jobs.push(job);
    if (!this.#polling) {
      this.#polling = true;
      this.#poll().catch((error: unknown) => {
        this.#polling = false;
        const reason = describeError(error);
        for (const open of this.#jobs.splice(0)) {
          for (const entry of [...open.entries]) this.#finish(open, entry, { state: "pending", reason });
        }
      });
    }
    return results;
  }

  async #poll(): Promise<void> {
    for (let job = this.#jobs[0]; job; job = this.#jobs[0]) {
      await this.#untilDue(job);
      this.#polls -= 1;
      await this.#pollOnce(job);
      for (const open of this.#jobs) this.#expire(open);
      if (job.entries.size === 0) this.#jobs.splice(this.#jobs.indexOf(job), 1);
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
      const due = Math.max(job.delayMs, least, this.#polls < 1 ? rareDelayMs : 0);
      if (slept >= due) return;
      const step = Math.min(due - slept, Math.max(firstDelayMs, slept / 2));
      await clock.sleep(step, signal);
      slept += step;
    }
  }

  async #pollOnce(job: Job): Promise<void> {
    const { clock, signal } = this.#options;
    const expected = job.accepted;
    const before = [...job.entries];
    job.polls += 1;
    const answer = await this.#app.getAddJob(job.id, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    const settled = answer && answer.pending === 0 && answer.inProgress === 0;
    if (settled && answer.succeeded + answer.failed >= expected && answer.failed === 0) {
      const status = { code: statusCodes.INPUT_SUCCESS };
      for (const entry of before) if (entry.counted) this.#finish(job, entry, { state: "done", status });
      if (job.entries.size === 0) return;
    }
    job.unclearAnswers = answer && !settled ? 0 : job.unclearAnswers + 1;
    const done = answer ? answer.succeeded + answer.failed : 0;
    const soFarMs = clock.now() - (before[0]?.acceptedAt ?? 0);
    const restMs = done > 0 ? (soFarMs * (expected - done)) / done : 0;
    const grownMs = job.delayMs * 1.8 * (0.9 + Math.random() * 0.2);
    job.delayMs = Math.min(maxDelayMs, Math.max(grownMs, Math.min(restMs, job.delayMs * 4)));
    const left = before.filter((entry) => job.entries.has(entry));
    const uncounted = left.some((entry) => !entry.counted);
    if ((settled && (answer.failed > 0 || uncounted)) || job.unclearAnswers >= 3) await this.#lookUp(job, left);
  }

  /** Looks up the status of each input; inputs in progress stay in the job. */
  async #lookUp(job: Job, entries: readonly Entry[]): Promise<void> {
    const { signal } = this.#options;
    for (let at = 0; at < entries.length; at += limits.maxIdsPerRequest) {
      const part = entries.slice(at, at + limits.maxIdsPerRequest);
      const found = await this.#app.listInputs({ ids: part.map((entry) => entry.id), signal });
      const statuses = new Map(found.map((input) => [input.id, input.status]));
      for (const entry of part) {
        const status = statuses.get(entry.id);
        if (!status) {
          if (job.unclearAnswers < 6) continue;
          this.#finish(job, entry, { state: "pending", reason: "accepted, but the server does not list it" });
          continue;
        }
        const meaning = classify(status);
        if (meaning === "ok") this.#finish(job, entry, { state: "done", status });
        else if (meaning !== "progress") this.#finish(job, entry, { state: "failed", status });
      }
    }
  }

  #expire(job: Job): void {
    const { clock, processingTimeoutMs } = this.#options;
    const oldest = clock.now() - processingTimeoutMs;
    for (const entry of job.entries) {
      if (entry.acceptedAt > oldest) continue;
      const seconds = Math.round(processingTimeoutMs / 1000);
      this.#finish(job, entry, { state: "pending", reason: `accepted, still being processed after ${seconds} s` });
    }
  }

  #finish(job: Job, entry: Entry, result: Processed): void {
    job.entries.delete(entry);
    const { group, index } = entry;
    if (group.results[index]) return;
    group.results[index] = result;
    group.missing -= 1;
    if (group.missing === 0) group.resolve(group.results);
  }
}

export type { Job };

/** Formats a failed status as the reason of an outcome. */
export function failureText(status: WireStatus): string {
  return `the platform could not process it: ${statusText(status)}`;
}

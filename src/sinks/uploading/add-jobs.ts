/** Add-jobs: follows the processing of accepted inputs with few requests. */

import { randomUUID } from "node:crypto";
import type { App } from "../../client/app.js";
import type { Clock } from "../../client/pacing/clock.js";
import { classify, statusText, type WireStatus } from "../../client/status.js";
import { describeError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";

/** What became of an accepted input: the status it ended in, or none when it was still being processed at the deadline. */
export type Processed = { state: "done" | "failed"; status: WireStatus } | { state: "pending"; reason: string };

export interface AddJobsOptions {
  signal: AbortSignal;
  clock: Clock;
  /** Longest wait for one input's processing, in milliseconds. */
  processingTimeoutMs: number;
  /** Whether nothing is being posted just now: then waiting is all there is to do. */
  idle: () => boolean;
}

/** The inputs of one batch that are waited for together. */
interface Group {
  results: Processed[];
  missing: number;
  resolve: (results: Processed[]) => void;
}

interface Entry {
  id: string;
  acceptedAt: number;
  group: Group;
  /** Its place in the group. */
  index: number;
}

interface Job {
  id: string;
  batches: number;
  accepted: number;
  entries: Map<string, Entry>;
  polling: boolean;
  /** Answers in a row that did not say what was hoped for. */
  strange: number;
}

/** Batches that share one job: so many that its polls cost little, so few that one failure does not make all be looked up. */
const batchesPerJob = 16;
const firstDelayMs = 10;
const maxDelayMs = 10_000;
/** While batches are still being posted, a job that is not full is asked rarely. */
const busyDelayMs = 5_000;

/**
 * Groups batches into jobs, polls the counters of each with a growing interval, and looks single inputs up only when a job counts
 * failures or its counters cannot be read.
 */
export class AddJobs {
  readonly #app: App;
  readonly #options: AddJobsOptions;
  #current: Job | undefined;

  constructor(app: App, options: AddJobsOptions) {
    this.#app = app;
    this.#options = options;
  }

  /** The job that the next batch goes under. */
  next(): Job {
    if (!this.#current || this.#current.batches >= batchesPerJob) {
      const id = randomUUID().replaceAll("-", "");
      this.#current = { id, batches: 0, accepted: 0, entries: new Map(), polling: false, strange: 0 };
    }
    this.#current.batches += 1;
    return this.#current;
  }

  /** Resolves with the result of each input, in the order of `ids`. */
  wait(job: Job, ids: readonly string[]): Promise<Processed[]> {
    const acceptedAt = this.#options.clock.now();
    job.accepted += ids.length;
    const results = new Promise<Processed[]>((resolve) => {
      const group: Group = { results: [], missing: ids.length, resolve };
      ids.forEach((id, index) => void job.entries.set(id, { id, acceptedAt, group, index }));
    });
    if (!job.polling) {
      job.polling = true;
      this.#poll(job).catch((error: unknown) => {
        for (const entry of [...job.entries.values()]) {
          this.#finish(job, entry, { state: "pending", reason: describeError(error) });
        }
        job.polling = false;
      });
    }
    return results;
  }

  async #poll(job: Job): Promise<void> {
    const { clock, signal, idle } = this.#options;
    let delay = firstDelayMs;
    let slept = 0;
    while (job.entries.size > 0) {
      const sealed = job !== this.#current;
      const due = sealed || idle() ? delay : busyDelayMs;
      if (slept < due) {
        // In small steps, since a job can become urgent while it waits.
        const step = Math.min(due - slept, Math.max(firstDelayMs, slept / 2));
        await clock.sleep(step, signal);
        slept += step;
        continue;
      }
      slept = 0;
      delay = Math.min(maxDelayMs, delay * 1.6) * (0.9 + Math.random() * 0.2);
      await this.#ask(job);
      this.#expire(job);
    }
    job.polling = false;
  }

  async #ask(job: Job): Promise<void> {
    const { signal } = this.#options;
    const expected = job.accepted;
    const before = [...job.entries.values()];
    const answer = await this.#app.getAddJob(job.id, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    const settled = answer && answer.pending === 0 && answer.inProgress === 0;
    if (settled && answer.succeeded + answer.failed >= expected && answer.failed === 0) {
      const status = { code: 30000 };
      for (const entry of before) this.#finish(job, entry, { state: "done", status });
      return;
    }
    job.strange = answer && !settled ? 0 : job.strange + 1;
    if ((settled && answer.failed > 0) || job.strange >= 3) await this.#lookUp(job, before);
  }

  /** Asks for the status of each input; those still in progress stay. */
  async #lookUp(job: Job, entries: readonly Entry[]): Promise<void> {
    const { signal } = this.#options;
    for (let at = 0; at < entries.length; at += limits.maxIdsPerRequest) {
      const part = entries.slice(at, at + limits.maxIdsPerRequest);
      const found = await this.#app.listInputs({ ids: part.map((entry) => entry.id), signal });
      const statuses = new Map(found.map((input) => [input.id, input.status]));
      for (const entry of part) {
        const status = statuses.get(entry.id);
        if (!status) {
          if (job.strange < 6) continue;
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
    for (const entry of job.entries.values()) {
      if (entry.acceptedAt > oldest) continue;
      const seconds = Math.round(processingTimeoutMs / 1000);
      this.#finish(job, entry, { state: "pending", reason: `accepted, still being processed after ${seconds} s` });
    }
  }

  #finish(job: Job, entry: Entry, result: Processed): void {
    if (job.entries.get(entry.id) === entry) job.entries.delete(entry.id);
    const { group, index } = entry;
    if (group.results[index]) return;
    group.results[index] = result;
    group.missing -= 1;
    if (group.missing === 0) group.resolve(group.results);
  }
}

export type { Job };

/** A failed status as the reason of an outcome. */
export function failureText(status: WireStatus): string {
  return `the platform could not process it: ${statusText(status)}`;
}

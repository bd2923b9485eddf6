/** Sink: uploads inputs to an app, and waits until they are processed. */

import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import type { App } from "../client/app.js";
import { loadHasher } from "../client/body.js";
import { systemClock } from "../client/pacing/clock.js";
import { classify } from "../client/status.js";
import { InputError } from "../core/errors.js";
import type { Message } from "../core/message.js";
import { parseOptions } from "../core/plugin.js";
import type { RunContext } from "../core/run-context.js";
import { type MessageSink, messageSinkOperator } from "../core/sink-operator.js";
import { addAnnotations } from "./uploading/add-annotations.js";
import { AddJobs, failureText, type Job } from "./uploading/add-jobs.js";
import { type Accepted, type Conflict, postBatch, removeAndWait } from "./uploading/post-batch.js";

const Options = z.strictObject({
  /**
   * What to do with an input whose id exists. "skip": skipped when its content is the same, failed when it is not; "replace": the one
   * that is there is deleted first; "suffix": the platform finds another id; "error": failed. Default: "skip".
   */
  conflict: z.enum(["skip", "replace", "suffix", "error"]).default("skip"),
  /** Waits until each input is processed; without it, an accepted input is ok. Default: true. */
  wait: z.boolean().default(true),
  /** Longest wait for the processing of an input, in milliseconds; then it is pending. Default: 1,800,000 (30 minutes). */
  processingTimeoutMs: z.number().positive().default(1_800_000),
  /** Most accepted inputs that wait for their processing at once; beyond it nothing is posted. Default: 20,000. */
  maxProcessing: z.number().int().min(128).default(20_000),
  /** Longest time that a batch is tried again, in milliseconds. Default: 300,000. */
  retryForMs: z.number().min(0).default(300_000),
});
export type UploadOptions = z.input<typeof Options>;

/** Times that an input is uploaded again after the platform accepted it and failed to process it for a reason that may pass. */
const maxUploads = 3;

/**
 * Uploads batches: files and bytes as base64, URLs by reference, text as it is, each with its metadata, concepts, place and datasets;
 * then its annotations. Put `batch()` before it.
 *
 * An input goes on downstream when the platform has processed it. Order is that of acceptance, not of the source. Failures settle input by
 * input, with the platform's code; only what can succeed is sent again, and nothing is sent twice without a look at what is there. An input without
 * content fails unsent (ERR_INPUT_EMPTY, ERR_TEXT_EMPTY).
 * On an abort open requests are cut; what they carried stays unsettled.
 *
 * Limits and codes: https://docs.clarifai.com/create-manage/inputs/upload
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key or the account cannot upload at all, such as 11009
 * @example await flow(folder("./photos")).pipe(batch(), upload(app)).run();
 */
export function upload(app: App, options: UploadOptions = {}): OperatorFunction<Message | readonly Message[], Message> {
  const checked = parseOptions("upload", Options, options);
  return messageSinkOperator("upload", () => new Uploader(app, checked));
}

/** Batches that stand ready when a request ends; more would only cost memory. */
const readyBatches = 2;

/** One run of an upload. */
class Uploader implements MessageSink {
  readonly name = "upload";
  /** The pacer decides how many requests are open; the flow's budgets bound what waits here. */
  readonly concurrency = Number.POSITIVE_INFINITY;
  readonly #app: App;
  readonly #options: z.output<typeof Options>;
  readonly #clock = systemClock;
  #jobs: AddJobs | undefined;
  #context: RunContext | undefined;
  #posting = 0;
  #processing = 0;
  #waiters: (() => void)[] = [];

  constructor(app: App, options: z.output<typeof Options>) {
    this.#app = app;
    this.#options = options;
  }

  open({ signal }: { signal: AbortSignal }): Promise<void> {
    const { processingTimeoutMs } = this.#options;
    this.#jobs = new AddJobs(this.#app, {
      signal,
      clock: this.#clock,
      processingTimeoutMs,
      idle: () => this.#posting === 0,
    });
    return loadHasher().then(() => undefined);
  }

  async write(messages: readonly Message[], { signal }: { signal: AbortSignal }): Promise<void> {
    this.#begin(messages[0]?.context);
    let rest = messages;
    const before = new Set<Message>();
    for (let uploads = 1; rest.length > 0; uploads += 1) {
      rest = await this.#uploadOnce(rest, uploads, before, signal);
    }
    const added = await this.#annotate(messages, before, signal);
    for (const message of before) if (!added.has(message) && !message.noted) message.skip("already there");
  }

  /** Adds the annotations of inputs that are there; gives back how many each got. */
  async #annotate(
    messages: readonly Message[],
    before: ReadonlySet<Message>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Message, number>> {
    const annotated = messages.filter((message) => !message.settled && message.value.annotations.length > 0);
    if (annotated.length === 0) return new Map();
    const { retryForMs } = this.#options;
    const { name: stage } = this;
    return addAnnotations(annotated, before, { app: this.#app, clock: this.#clock, signal, stage, retryForMs });
  }

  /** Counts what is sent, and tells the flow when enough batches wait for their turn. */
  #begin(context: RunContext | undefined): void {
    if (!context || this.#context === context) return;
    this.#context = context;
    const { transport } = this.#app;
    context.watch(transport.counts);
    context.gate.onSated(() => this.#posting >= transport.pacer.limit + readyBatches);
  }

  /** Posts and waits; gives back what was accepted, failed for a reason that may pass, and may be uploaded again. */
  async #uploadOnce(
    messages: readonly Message[],
    uploads: number,
    before: Set<Message>,
    signal: AbortSignal,
  ): Promise<Message[]> {
    const { conflict, wait, maxProcessing, retryForMs } = this.#options;
    while (this.#processing >= maxProcessing) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    const job = (this.#jobs as AddJobs).next();
    this.#posting += 1;
    let accepted: Accepted[];
    try {
      const hasher = await loadHasher();
      accepted = await postBatch(messages, {
        app: this.#app,
        jobId: job.id,
        conflict: conflict as Conflict,
        hasher,
        clock: this.#clock,
        signal,
        stage: this.name,
        retryForMs,
      });
    } finally {
      this.#posting -= 1;
    }
    for (const entry of accepted) {
      entry.message.encoded = undefined; // it may wait for long, and is not sent again but for a failure
      if (entry.before) before.add(entry.message);
      if (entry.id !== entry.message.value.id) entry.message.rename(entry.id);
    }
    const waiting = wait ? accepted.filter((entry) => !entry.done) : [];
    // Accepted inputs are small: they no longer hold the source back, `maxProcessing` does.
    for (const { message } of waiting) message.release();
    return this.#followUp(job, waiting, uploads, signal);
  }

  async #followUp(job: Job, waiting: readonly Accepted[], uploads: number, signal: AbortSignal): Promise<Message[]> {
    if (waiting.length === 0) return [];
    this.#processing += waiting.length;
    const again: Message[] = [];
    try {
      const results = await (this.#jobs as AddJobs).wait(
        job,
        waiting.map((entry) => entry.id),
      );
      results.forEach((result, index) => {
        const { message } = waiting[index] as Accepted;
        if (result.state === "pending") message.settle({ state: "pending", reason: result.reason });
        else if (result.state === "failed") {
          // It is this run's own input, and its status says that it failed: only then may it be removed and sent again.
          if (classify(result.status) === "upload-again" && uploads < maxUploads) again.push(message);
          else message.fail(new InputError(String(result.status.code), failureText(result.status)), this.name, uploads);
        }
      });
    } finally {
      this.#processing -= waiting.length;
      for (const wake of this.#waiters.splice(0)) wake();
    }
    if (again.length > 0) await removeAndWait(this.#app, again, { clock: this.#clock, signal });
    return again;
  }
}

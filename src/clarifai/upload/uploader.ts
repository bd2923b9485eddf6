/** One run of an upload: posts batches, follows their processing, and adds their annotations. */

import { claimId } from "../../core/accounting/claim-id.js";
import { IdsInRun } from "../../core/accounting/ids-in-run.js";
import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import { systemClock } from "../../core/net/clock.js";
import type { SinkRun } from "../../core/plugin/sink.js";
import type { App } from "../client/app.js";
import { asFatalToUpload, settleWith } from "../requests.js";
import { type ContentHasher, loadHasher } from "../wire/content-hash.js";
import { classify } from "../wire/status.js";
import { type AnnotationsAdded, addAnnotations } from "./add-annotations.js";
import { AddJobs, failureText, type Job } from "./add-jobs.js";
import { type Accepted, type Conflict, failExisting, removeAndWait, settleFound } from "./conflicts.js";
import { LookupBatcher } from "./lookup-batcher.js";
import { postBatch } from "./post-batch.js";

/** Times that an input is uploaded again after the platform accepted it and failed to process it for a reason that may pass. */
const maxUploads = 3;

/** Batches that stand ready when a request ends; more would only cost memory. */
const readyBatches = 2;

/** Options of an upload, with their defaults; see `upload`. */
export interface UploaderOptions {
  conflict: Conflict;
  wait: boolean;
  processingTimeoutMs: number;
  maxProcessing: number;
  resume?: "server" | undefined;
  retryForMs: number;
}

/** One run of an upload. */
export class Uploader {
  readonly name = "upload";
  readonly #app: App;
  readonly #options: UploaderOptions;
  readonly #run: SinkRun;
  readonly #clock = systemClock;
  readonly #ids = new IdsInRun();
  readonly #hasher: ContentHasher;
  readonly #jobs: AddJobs;
  readonly #lookUps: LookupBatcher | undefined;
  #posting = 0;
  #processing = 0;
  #waiters: (() => void)[] = [];

  private constructor(
    app: App,
    options: UploaderOptions,
    { signal, run }: { signal: AbortSignal; run: SinkRun },
    hasher: ContentHasher,
  ) {
    const { processingTimeoutMs, resume } = options;
    const { transport } = app;
    this.#app = app;
    this.#options = options;
    this.#run = run;
    this.#hasher = hasher;
    this.#jobs = new AddJobs(app, {
      signal,
      clock: this.#clock,
      processingTimeoutMs,
      idle: () => this.#posting === 0,
    });
    if (resume === "server") this.#lookUps = new LookupBatcher(app, hasher, signal);
    run.watch(transport);
    run.onWait(() => this.#jobs.waits());
    run.onSaturated(() => this.#posting >= transport.pacer.limit + readyBatches);
  }

  /** Loads what an upload needs, and begins it. */
  static async open(
    app: App,
    options: UploaderOptions,
    context: { signal: AbortSignal; run: SinkRun },
  ): Promise<Uploader> {
    return new Uploader(app, options, context, await loadHasher());
  }

  /** Uploads a batch; resolves when each of its inputs is processed or settled. */
  async write(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const there: Accepted[] = [];
    const own = messages.filter((message) => claimId(this.#ids, message, this.name));
    let rest = this.#lookUps && own.length > 0 ? await this.#withoutThere(own, this.#lookUps, there, signal) : own;
    const before = new Set<Message>();
    for (let uploads = 1; rest.length > 0 || there.length > 0; uploads += 1) {
      rest = await this.#uploadOnce(rest, there.splice(0), uploads, before, signal);
    }
    for (const message of messages) {
      const joins = !message.settled && (!before.has(message) || message.noted); // an input that exists joins none
      if (joins) this.#run.addDatasets(message.value.datasets);
    }
    const { added, differing } = await this.#annotate(messages, before, signal);
    for (const message of differing)
      message.doneBefore("already there, and its annotations differ (patch changes those)");
    for (const message of before) {
      if (!added.has(message) && !differing.has(message) && !message.noted) message.doneBefore("already there");
    }
  }

  /** Adds the annotations of inputs that are there. */
  async #annotate(
    messages: readonly Message[],
    before: ReadonlySet<Message>,
    signal: AbortSignal,
  ): Promise<AnnotationsAdded> {
    const annotated = messages.filter((message) => !message.settled && message.value.annotations.length > 0);
    if (annotated.length === 0) return { added: new Map(), differing: new Set() };
    const { retryForMs } = this.#options;
    const { name: stage } = this;
    return addAnnotations(annotated, before, { app: this.#app, clock: this.#clock, signal, stage, retryForMs });
  }

  /** Settles what the server has already; gives back what is to be sent, and in `there` what is there and not finished. */
  async #withoutThere(
    messages: readonly Message[],
    lookUps: LookupBatcher,
    there: Accepted[],
    signal: AbortSignal,
  ): Promise<readonly Message[]> {
    const options = this.#postOptions(signal);
    let missing: readonly Message[] = [];
    const ask = async () => {
      missing = await settleFound(messages, await lookUps.find(messages), there, options);
    };
    await settleWith(messages, this.name, ask, asFatalToUpload);
    return missing;
  }

  #postOptions(signal: AbortSignal) {
    const { conflict, retryForMs } = this.#options;
    return {
      app: this.#app,
      conflict,
      hasher: this.#hasher,
      clock: this.#clock,
      signal,
      stage: this.name,
      retryForMs,
    };
  }

  /**
   * Posts and waits, also for what is `there`; gives back what was accepted, failed for a reason that may pass, and may be uploaded again.
   */
  async #uploadOnce(
    messages: readonly Message[],
    there: readonly Accepted[],
    uploads: number,
    before: Set<Message>,
    signal: AbortSignal,
  ): Promise<Message[]> {
    const { wait, maxProcessing } = this.#options;
    while (this.#processing >= maxProcessing) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    const job = this.#jobs.next();
    this.#posting += 1;
    let accepted: readonly Accepted[];
    try {
      const options = { ...this.#postOptions(signal), jobId: job.id };
      accepted = [...there, ...(await postBatch(messages, options))];
    } finally {
      this.#posting -= 1;
      this.#run.recheck(); // what was settled let go before
    }
    for (const entry of accepted) {
      entry.message.forgetMeasurement(); // it may wait for long, and is not sent again but for a failure
      if (entry.before) before.add(entry.message);
      if (entry.id === entry.message.value.id) continue;
      entry.message.rename(entry.id);
      this.#ids.claim(entry.id, entry.message.origin, entry.message.sequence);
    }
    const waiting = wait ? accepted.filter((entry) => !entry.done) : [];
    // Accepted inputs are small: they no longer hold the source back, `maxProcessing` does.
    for (const { message } of waiting) message.release();
    return this.#followUp(job, waiting, uploads, signal);
  }

  async #followUp(job: Job, waiting: readonly Accepted[], uploads: number, signal: AbortSignal): Promise<Message[]> {
    if (waiting.length === 0) return [];
    this.#processing += waiting.length;
    const again: { message: Message; error: InputError }[] = [];
    try {
      const inputs = waiting.map(({ id, before = false }) => ({ id, counted: !before }));
      const results = await this.#jobs.wait(job, inputs);
      results.forEach((result, index) => {
        const { message, foreign } = waiting[index] as Accepted;
        if (result.state === "pending") message.settle({ state: "pending", reason: result.reason });
        else if (result.state === "failed") {
          const retryable = classify(result.status) === "upload-again";
          const error = new InputError(String(result.status.code), failureText(result.status), { retryable });
          if (foreign) failExisting(message, result.status, this.name);
          else if (retryable) again.push({ message, error });
          else message.fail(error, this.name, uploads);
        }
        if (!message.settled) message.hold(); // the stages behind this one count on it
      });
    } finally {
      this.#processing -= waiting.length;
      for (const wake of this.#waiters.splice(0)) wake();
    }
    return this.#removeFailed(again, uploads, signal);
  }

  /**
   * Removes what this run uploaded and saw fail for a reason that may pass, so that it is in the way of no other try; gives back what is to be
   * uploaded again now.
   */
  async #removeFailed(
    failed: readonly { message: Message; error: InputError }[],
    uploads: number,
    signal: AbortSignal,
  ): Promise<Message[]> {
    const messages = failed.map(({ message }) => message);
    const kept = await removeAndWait(this.#app, messages, { clock: this.#clock, signal, stage: this.name });
    return messages.filter((message, index) => {
      if (!kept[index] && uploads < maxUploads) return true;
      message.fail(failed[index]?.error, this.name, uploads);
      return false;
    });
  }
}

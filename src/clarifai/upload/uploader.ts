/** One run of an upload: posts batches, follows their processing, and adds their annotations. */

import { hash } from "node:crypto";
import { claimId } from "../../core/accounting/ids/claim-id.js";
import { IdsInRun } from "../../core/accounting/ids/ids-in-run.js";
import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import { systemClock } from "../../core/net/clock.js";
import type { SinkRun } from "../../core/plugin/sink.js";
import type { App } from "../client/app.js";
import { reportedAddJob } from "../jobs/job-state.js";
import { LargeVideos, largeVideoOf, planLargeVideo } from "../multipart/large-videos.js";
import { asFatalToUpload, settleWith } from "../requests.js";
import { type ContentHasher, loadHasher } from "../wire/content-hash.js";
import { classify } from "../wire/status.js";
import { type AnnotationsAdded, addAnnotations } from "./add-annotations.js";
import { AddJobs, failureText, type Job } from "./add-jobs.js";
import { type Accepted, type Conflict, failExisting, removeAndWait, settleFound } from "./conflicts.js";
import { LookupBatcher } from "./lookup-batcher.js";
import { NewDatasets } from "./new-datasets.js";
import { postBatch } from "./post-batch.js";

/** Most uploads of an input that the platform accepted and then failed to process for a transient reason. */
const maxUploads = 3;

/** Batches that are ready when a request ends. More would only use memory. */
const readyBatches = 2;

/** Options of an upload, with their defaults; see `upload`. */
export interface UploaderOptions {
  conflict: Conflict;
  wait: boolean;
  processingTimeoutMs: number;
  maxProcessing: number;
  resume?: "server" | undefined;
  retryForMs: number;
  createDatasets?: boolean | undefined;
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
  readonly #dryRun: boolean;
  readonly #largeVideos: LargeVideos;
  readonly #reportedJobs = new Set<string>();
  readonly #datasets: NewDatasets | undefined;
  #wire: string | undefined;
  #posting = 0;
  #processing = 0;
  #waiters: (() => void)[] = [];

  private constructor(
    app: App,
    options: UploaderOptions,
    { signal, run, dryRun }: { signal: AbortSignal; run: SinkRun; dryRun: boolean },
    hasher: ContentHasher,
  ) {
    const { processingTimeoutMs, resume, createDatasets } = options;
    const { transport } = app;
    this.#app = app;
    this.#options = options;
    this.#run = run;
    this.#dryRun = dryRun;
    this.#largeVideos = new LargeVideos(run);
    run.onWait(() => this.#largeVideos.waits());
    this.#hasher = hasher;
    this.#jobs = new AddJobs(app, {
      signal,
      clock: this.#clock,
      processingTimeoutMs,
      idle: () => this.#posting === 0,
      onState: (answer) => run.setJob(reportedAddJob(answer)),
    });
    if (createDatasets) this.#datasets = new NewDatasets(app, this.name);
    if (resume === "server") this.#lookUps = new LookupBatcher(app, hasher, signal);
    run.watch(transport);
    run.onWait(() => this.#jobs.waits());
    run.onSaturated(() => this.#posting >= transport.pacer.limit + readyBatches);
  }

  /** Loads the hash function and starts an upload. */
  static async open(
    app: App,
    options: UploaderOptions,
    context: { signal: AbortSignal; run: SinkRun; dryRun: boolean },
  ): Promise<Uploader> {
    if (!context.dryRun) await app.wire.settle(context.signal);
    return new Uploader(app, options, context, await loadHasher());
  }

  /** Uploads a batch; resolves when each of its inputs is processed or settled. */
  async write(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const inProgress: Accepted[] = [];
    const claimed = messages.filter((message) => claimId(this.#ids, message, this.name));
    let rest =
      this.#lookUps && claimed.length > 0
        ? await this.#settleExisting(claimed, this.#lookUps, inProgress, signal)
        : claimed;
    await this.#datasets?.create(rest, signal);
    const existing = new Set<Message>();
    const large = rest.filter(({ value }) => largeVideoOf(value) !== undefined);
    if (large.length > 0) {
      rest = rest.filter((message) => !large.includes(message));
      inProgress.push(...(await this.#uploadLarge(large, existing, signal)));
    }
    for (let uploads = 1; rest.length > 0 || inProgress.length > 0; uploads += 1) {
      rest = await this.#uploadOnce(rest, inProgress.splice(0), uploads, existing, signal);
    }
    for (const message of messages) {
      const joins = !message.settled && (!existing.has(message) || message.noted); // inputs that existed before are not added to datasets
      if (joins) this.#run.addDatasets(message.value.datasets);
    }
    const { added, differing } = await this.#annotate(messages, existing, signal);
    for (const message of differing.keys())
      message.doneBefore(
        'already exists, and its annotations differ (addAnnotations with conflict: "replace" changes those)',
      );
    for (const message of existing) {
      if (!added.has(message) && !differing.has(message) && !message.noted) message.doneBefore("already exists");
    }
  }

  /** Reports gRPC as the wire of this run as soon as one of its requests used it. */
  #reportWire(name: string): void {
    if (this.#wire !== "grpc") this.#run.setWire(name);
    if (name === "grpc") this.#wire = name;
  }

  /** Uploads videos that are too large for a request. Returns the videos that the server still processes. */
  async #uploadLarge(messages: readonly Message[], existing: Set<Message>, signal: AbortSignal): Promise<Accepted[]> {
    const { wait, processingTimeoutMs } = this.#options;
    const options = { ...this.#postOptions(signal), wait, processingTimeoutMs };
    this.#posting += messages.length;
    const entries: Accepted[] = [];
    try {
      for (const message of messages) {
        if (this.#dryRun) entries.push(await planLargeVideo(message, options));
        else entries.push(...(await this.#largeVideos.upload(message, options)));
      }
    } finally {
      this.#posting -= messages.length;
      this.#run.recheck();
    }
    this.#adopt(entries, existing);
    return entries.filter(({ done }) => !done);
  }

  /** Takes the ids under which the server has inputs, and records those that existed before. */
  #adopt(accepted: readonly Accepted[], existing: Set<Message>): void {
    for (const entry of accepted) {
      entry.message.forgetMeasurement(); // it may wait for long, and is sent again only after a failure
      if (entry.before) existing.add(entry.message);
      if (entry.id === entry.message.value.id) continue;
      entry.message.rename(entry.id);
      this.#ids.claim(entry.id, entry.message.origin, entry.message.sequence);
    }
  }

  /** Reports a job under which inputs were accepted, until its counters are read. */
  #reportJob(id: string): void {
    if (this.#dryRun || this.#reportedJobs.has(id)) return;
    this.#reportedJobs.add(id);
    this.#run.setJob({ kind: "add inputs", id, state: "accepted" });
  }

  /** Adds the annotations of inputs that the platform has. */
  async #annotate(
    messages: readonly Message[],
    existing: ReadonlySet<Message>,
    signal: AbortSignal,
  ): Promise<AnnotationsAdded> {
    const annotated = messages.filter((message) => !message.settled && message.value.annotations.length > 0);
    if (annotated.length === 0) return { added: new Map(), differing: new Map() };
    return addAnnotations(annotated, existing, {
      ...{ app: this.#app, clock: this.#clock, signal, stage: this.name, retryForMs: this.#options.retryForMs },
      idOf: (inputId, _, index) => hash("sha1", `${inputId}#${index}`, "hex").slice(0, 32),
      before: "uploaded, but ",
    });
  }

  /**
   * Looks up messages and settles those that already exist. Returns the messages to send, and adds existing inputs that are still being processed to
   * `inProgress`.
   */
  async #settleExisting(
    messages: readonly Message[],
    lookUps: LookupBatcher,
    inProgress: Accepted[],
    signal: AbortSignal,
  ): Promise<readonly Message[]> {
    const options = this.#postOptions(signal);
    let missing: readonly Message[] = [];
    const lookUp = async () => {
      missing = await settleFound(messages, await lookUps.find(messages), inProgress, options);
    };
    await settleWith(messages, this.name, lookUp, asFatalToUpload);
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
   * Posts messages and waits for their processing, and for that of the inputs `inProgress`. Returns the messages to upload again: the platform accepted
   * them and failed to process them for a transient reason.
   */
  async #uploadOnce(
    messages: readonly Message[],
    inProgress: readonly Accepted[],
    uploads: number,
    existing: Set<Message>,
    signal: AbortSignal,
  ): Promise<Message[]> {
    const { wait, maxProcessing } = this.#options;
    while (this.#processing >= maxProcessing) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    const job = this.#jobs.next();
    this.#posting += 1;
    let accepted: readonly Accepted[];
    try {
      const onWire = (name: string) => this.#reportWire(name);
      const { startRequest } = this.#run;
      const options = { ...this.#postOptions(signal), jobId: job.id, onWire, startRequest };
      const posted = await postBatch(messages, options);
      if (posted.length > 0) this.#reportJob(job.id);
      accepted = [...inProgress, ...posted];
    } finally {
      this.#posting -= 1;
      this.#run.recheck(); // settled messages were released while the request was still counted
    }
    this.#adopt(accepted, existing);
    const waiting = wait ? accepted.filter((entry) => !entry.done) : [];
    // Accepted inputs use little memory, so `maxProcessing` bounds them instead of the budget.
    for (const { message } of waiting) message.release();
    return this.#followUp(job, waiting, uploads, signal);
  }

  /** Waits for the processing of inputs and settles them. Returns the messages to upload again. */
  async #followUp(job: Job, waiting: readonly Accepted[], uploads: number, signal: AbortSignal): Promise<Message[]> {
    if (waiting.length === 0) return [];
    this.#processing += waiting.length;
    this.#run.addAccepted(waiting.length);
    const retries: { message: Message; error: InputError }[] = [];
    try {
      const results = await this.#jobs.wait(job, waiting);
      results.forEach((result, index) => {
        const { message, foreign } = waiting[index] as Accepted;
        if (result.state === "pending") message.settle({ state: "pending", reason: result.reason });
        else if (result.state === "failed") {
          const retryable = classify(result.status) === "upload-again";
          const error = new InputError(String(result.status.code), failureText(result.status), { retryable });
          if (foreign) failExisting(message, result.status, this.name);
          else if (retryable) retries.push({ message, error });
          else message.fail(error, this.name, uploads);
        }
        if (!message.settled) message.hold(); // the next stage releases it
      });
    } finally {
      this.#processing -= waiting.length;
      this.#run.addAccepted(-waiting.length);
      for (const wake of this.#waiters.splice(0)) wake();
    }
    return this.#removeFailed(retries, uploads, signal);
  }

  /**
   * Removes inputs that this run uploaded and the platform failed to process for a transient reason, so that their ids are free for another upload.
   * Returns the messages to upload again now.
   */
  async #removeFailed(
    failed: readonly { message: Message; error: InputError }[],
    uploads: number,
    signal: AbortSignal,
  ): Promise<Message[]> {
    const messages = failed.map(({ message }) => message);
    const notRemoved = await removeAndWait(this.#app, messages, { clock: this.#clock, signal, stage: this.name });
    return messages.filter((message, index) => {
      if (!notRemoved[index] && uploads < maxUploads) return true;
      message.fail(failed[index]?.error, this.name, uploads);
      return false;
    });
  }
}

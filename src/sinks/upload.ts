/** Sink: uploads inputs to an app, and waits until they are processed. */

import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { asFatalToUpload, settleWith } from "../clarifai/requests.js";
import { type AnnotationsAdded, addAnnotations } from "../clarifai/upload/add-annotations.js";
import { AddJobs, failureText, type Job } from "../clarifai/upload/add-jobs.js";
import { type Accepted, failExisting, removeAndWait, settleFound } from "../clarifai/upload/conflicts.js";
import { LookupBatcher } from "../clarifai/upload/lookup-batcher.js";
import { postBatch } from "../clarifai/upload/post-batch.js";
import { loadHasher } from "../clarifai/wire/content-hash.js";
import { classify } from "../clarifai/wire/status.js";
import { claimId } from "../core/accounting/claim-id.js";
import { IdsInRun } from "../core/accounting/ids-in-run.js";
import type { Message } from "../core/accounting/message.js";
import type { RunContext } from "../core/accounting/run-context.js";
import { InputError } from "../core/errors.js";
import { systemClock } from "../core/net/clock.js";
import { type OptionsOf, parseOptions } from "../core/plugin/plugin.js";
import { type MessageSink, messageSinkOperator } from "../core/plugin/sink-operator.js";

const Options = z.strictObject({
  /**
   * What to do with an input whose id exists. "skip": an input of the same content is skipped, and its metadata, concepts and location stay as they
   * are (`patch` changes them); one of other content fails. "replace": an input of other content deletes the stored one, with its annotations and all
   * that was added to it, and is uploaded instead; if content, concepts, metadata and location are stored as asked for, it is ok. "suffix": the platform finds
   * another id, unless it found one for the same content before. "error": it fails, also if an earlier run uploaded the same content and was killed
   * before it could report it. Default: "skip".
   */
  conflict: z.enum(["skip", "replace", "suffix", "error"]).default("skip"),
  /** Waits until each input is processed; without it, an accepted input is ok. Default: true. */
  wait: z.boolean().default(true),
  /** Longest wait for the processing of an input, in milliseconds; then it is pending. Default: 1,800,000 (30 minutes). */
  processingTimeoutMs: z.number().positive().default(1_800_000),
  /** Most accepted inputs that wait for their processing at once; beyond it nothing is posted. Default: 20,000. */
  maxProcessing: z.number().int().min(128).default(20_000),
  /**
   * "server": asks the server which ids it has, 128 a request, before anything of them is sent; what is there with the same content settles as
   * skipped. For going on without a journal, from any machine; files of ids that are there are read to compare them.
   */
  resume: z.literal("server").optional(),
  /** Longest time that a batch is tried again, in milliseconds. Default: 300,000. */
  retryForMs: z.number().min(0).default(300_000),
});
/** Options of `upload`. */
export type UploadOptions = OptionsOf<typeof Options>;

/** Times that an input is uploaded again after the platform accepted it and failed to process it for a reason that may pass. */
const maxUploads = 3;

/**
 * Uploads batches: files and bytes as base64, URLs by reference, text as it is, each with its metadata, concepts, place and datasets;
 * then its annotations. Put `batch()` before it.
 *
 * An input goes on downstream when the platform has processed it. Order is that of acceptance, not of the source. Failures settle input by
 * input, with the platform's code; only what can succeed is sent again, and nothing is sent twice without a look at what is there. An input without
 * content fails unsent (ERR_INPUT_EMPTY, ERR_TEXT_EMPTY).
 *
 * Two inputs of one id in one run: the second fails with ERR_ID_IN_RUN, whatever `conflict` says. The check costs 40 to 80 bytes of memory an input.
 * On an abort open requests are cut; what they carried stays unsettled.
 *
 * Limits and codes: https://docs.clarifai.com/create-manage/inputs/upload
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key or the account cannot upload at all, such as 11009
 * @example await flow(folder("./photos")).pipe(batch(), upload(app)).run();
 */
export function upload(app: App, options: UploadOptions = {}): OperatorFunction<Message | readonly Message[], Message> {
  checkApp("upload", app);
  const checked = parseOptions("upload", Options, options);
  return messageSinkOperator("upload", () => new Uploader(app, checked), app.target("upload to"));
}

/** Most datasets that a report names. */
const maxDatasets = 20;

/** Tells the report which datasets inputs joined. */
function noteDatasets(messages: readonly Message[]): void {
  for (const { settled, value, context } of messages) {
    if (settled || value.datasets.length === 0) continue;
    let noted = context.datasets.get("upload");
    if (!noted) context.datasets.set("upload", (noted = new Set()));
    for (const id of value.datasets) if (noted.size < maxDatasets) noted.add(id);
  }
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
  readonly #ids = new IdsInRun();
  #jobs: AddJobs | undefined;
  #lookUps: LookupBatcher | undefined;
  #context: RunContext | undefined;
  #posting = 0;
  #processing = 0;
  #waiters: (() => void)[] = [];

  constructor(app: App, options: z.output<typeof Options>) {
    this.#app = app;
    this.#options = options;
  }

  async open({ signal }: { signal: AbortSignal }): Promise<void> {
    const { processingTimeoutMs, resume } = this.#options;
    this.#jobs = new AddJobs(this.#app, {
      signal,
      clock: this.#clock,
      processingTimeoutMs,
      idle: () => this.#posting === 0,
    });
    const hasher = await loadHasher();
    if (resume === "server") this.#lookUps = new LookupBatcher(this.#app, hasher, signal);
  }

  /** What the server has and how it processes inputs is not known beforehand. */
  rehearsal(): MessageSink {
    return new Uploader(this.#app.rehearsed(), { ...this.#options, wait: false, resume: undefined });
  }

  async write(messages: readonly Message[], { signal }: { signal: AbortSignal }): Promise<void> {
    this.#begin(messages[0]?.context);
    const there: Accepted[] = [];
    const own = messages.filter((message) => claimId(this.#ids, message, this.name));
    let rest = this.#lookUps && own.length > 0 ? await this.#withoutThere(own, this.#lookUps, there, signal) : own;
    const before = new Set<Message>();
    for (let uploads = 1; rest.length > 0 || there.length > 0; uploads += 1) {
      rest = await this.#uploadOnce(rest, there.splice(0), uploads, before, signal);
    }
    noteDatasets(messages.filter((message) => !before.has(message) || message.noted)); // what was there joins none
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

  /** Counts what is sent, and tells the flow when enough batches wait for their turn. */
  #begin(context: RunContext | undefined): void {
    if (!context || this.#context === context) return;
    this.#context = context;
    const { transport } = this.#app;
    context.watch(transport);
    context.waits.add(() => this.#jobs?.waits());
    context.gate.onSated(() => this.#posting >= transport.pacer.limit + readyBatches);
  }

  /** Settles what the server has already; gives back what is to be sent, and in `there` what is there and not finished. */
  async #withoutThere(
    messages: readonly Message[],
    lookUps: LookupBatcher,
    there: Accepted[],
    signal: AbortSignal,
  ): Promise<readonly Message[]> {
    const options = { ...this.#postOptions(signal), hasher: await loadHasher() };
    let missing: readonly Message[] = [];
    const ask = async () => {
      missing = await settleFound(messages, await lookUps.find(messages), there, options);
    };
    await settleWith(messages, this.name, ask, asFatalToUpload);
    return missing;
  }

  #postOptions(signal: AbortSignal) {
    const { conflict, retryForMs } = this.#options;
    return { app: this.#app, conflict, clock: this.#clock, signal, stage: this.name, retryForMs };
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
    const job = (this.#jobs as AddJobs).next();
    this.#posting += 1;
    let accepted: readonly Accepted[];
    try {
      const options = { ...this.#postOptions(signal), hasher: await loadHasher(), jobId: job.id };
      accepted = [...there, ...(await postBatch(messages, options))];
    } finally {
      this.#posting -= 1;
      this.#context?.gate.recheck(); // what was settled let go before
    }
    for (const entry of accepted) {
      entry.message.encoded = undefined; // it may wait for long, and is not sent again but for a failure
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
      const results = await (this.#jobs as AddJobs).wait(job, inputs);
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

/** Sink: uploads inputs to an app, and waits until they are processed. */

import * as z from "zod";
import { uploadPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { lookUpStored } from "../clarifai/upload/lookup.js";
import { Uploader } from "../clarifai/upload/uploader.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

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

/**
 * Uploads batches: files and bytes as base64, URLs by reference, text as it is, each with its metadata, concepts, place and datasets;
 * then its annotations. It groups inputs by the limits of the API; `batch()` before it makes the requests smaller.
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
export const upload = defineSink({
  name: "upload",
  parse(app: App, options: UploadOptions = {}) {
    checkApp("upload", app);
    return { app, ...parseOptions("upload", Options, options) };
  },
  target: ({ app }) => app.target("upload to"),
  batch: uploadPolicy,
  /** The pacer decides how many requests are open; the flow's budgets bound what waits here. */
  concurrency: () => Number.POSITIVE_INFINITY,
  supportsDryRun: true,
  lookUp: (input, { options, signal }) => lookUpStored(options.app, input, signal),
  open: ({ options, signal, dryRun, run }) => {
    const { app, ...rest } = options;
    if (!dryRun) return Uploader.open(app, rest, { signal, run });
    // What the server has, and how it processes inputs, is not known beforehand.
    return Uploader.open(app.forDryRun(), { ...rest, wait: false, resume: undefined }, { signal, run });
  },
  write: (batch, { state, signal }) => state.write(batch.messages, signal),
});

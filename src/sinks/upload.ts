/** Sink: uploads inputs to an app, and waits for their processing. */

import * as z from "zod";
import { uploadPolicyOf } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import { lookUpStored } from "../clarifai/upload/lookup.js";
import { Uploader } from "../clarifai/upload/uploader.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /**
   * What to do with an input whose id already exists. "skip": if the content is the same, the input is skipped, and the stored metadata, concepts and
   * location stay (`patch` changes them); if it differs, the input fails. "replace": if the content differs, the stored input is deleted with its
   * annotations and all other data, and the new one is uploaded; if content, concepts, metadata and location are the same, the input is ok. "suffix": the
   * platform stores it under another id, unless it did so before for the same content. "error": the input fails, also if an earlier run uploaded the
   * same content and was killed before it could report it. Default: "skip".
   */
  conflict: z.enum(["skip", "replace", "suffix", "error"]).default("skip"),
  /** Waits until each input is processed. False: an accepted input is ok. Default: true. */
  wait: z.boolean().default(true),
  /** Longest wait for the processing of an input, in milliseconds; after it, the input is pending. Default: 1,800,000 (30 minutes). */
  processingTimeoutMs: z.number().positive().default(1_800_000),
  /** Maximum number of accepted inputs that wait for their processing, at least 128. At this number, no further batch is posted. Default: 20,000. */
  maxProcessing: z.number().int().min(128).default(20_000),
  /**
   * "server": looks up ids on the server before their inputs are sent, 128 per request. An input that already exists with the same content is skipped.
   * Resumes without a journal, from any machine. Files of existing ids are read to compare their contents. Default: no lookup.
   */
  resume: z.literal("server").optional(),
  /** Longest time for the retries of a batch, in milliseconds. Default: 300,000. */
  retryForMs: z.number().min(0).default(300_000),
};
const Options = z.strictObject(optionFields);
/** Options of `upload`. */
export type UploadOptions = OptionsOf<typeof optionFields>;

/**
 * Uploads inputs in batches: files and bytes in binary over gRPC or as base64 over REST (`connect({ wire })`), URLs by reference, text as it is. Each has its metadata, concepts, location and datasets; its
 * annotations follow in a later request. The sink groups inputs by the limits of the API; `batch()` before it makes the requests smaller.
 *
 * An input passes downstream when the platform has processed it, in the order of acceptance, not of the source. Each input settles on its own; a failed
 * one has the platform's code. Only requests that can succeed are retried, and ids are looked up before inputs are sent a second time. An input without
 * content fails before it is sent (ERR_INPUT_EMPTY, ERR_TEXT_EMPTY).
 *
 * If two inputs of one run have the same id, the second fails with ERR_ID_IN_RUN, for every value of `conflict`. The check uses 40 to 80 bytes of memory
 * per input. A stop aborts open requests; their inputs stay unsettled.
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
  target: ({ app }) => ({
    ...app.target("upload to"),
    wire: () => ({ wire: app.wire.current.name, note: app.wire.note }),
  }),
  batch: ({ app }) => uploadPolicyOf(app.wire),
  // The pacer limits the open requests, and the budgets of the flow limit the waiting inputs.
  concurrency: () => Number.POSITIVE_INFINITY,
  supportsDryRun: true,
  stateReader: ({ conflict }) => (conflict === "replace" ? inputStates({ deletes: true }) : undefined),
  lookUp: (input, { options, signal }) => lookUpStored(options.app, input, signal),
  open: ({ options, signal, dryRun, run }) => {
    const { app, ...rest } = options;
    if (!dryRun) return Uploader.open(app, rest, { signal, run, dryRun });
    // A dry run cannot know which inputs exist, nor how the server processes them.
    return Uploader.open(app.forDryRun(), { ...rest, wait: false, resume: undefined }, { signal, run, dryRun });
  },
  write: (batch, { state, signal }) => state.write(batch.messages, signal),
});

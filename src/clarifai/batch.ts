/** Batching by the limits of the platform. */

import * as z from "zod";
import type { Message } from "../core/accounting/message.js";
import { batchBy } from "../core/plugin/batch-by.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { Stage } from "../core/plugin/stage.js";
import { uploadPolicy } from "./batch-policy.js";
import { limits } from "./limits.js";

const Options = z.strictObject({
  /** Most inputs in one batch, 1 to 128. Default: 128. */
  maxItems: z.number().int().min(1).max(limits.maxInputsPerRequest).default(limits.maxInputsPerRequest),
  /** The encoded request stays below this many bytes. Default and most: 128,000,000. */
  maxBytes: z.number().int().min(1000).max(limits.maxRequestBytes).default(limits.maxRequestBytes),
  /** Longest time an input waits for its batch to fill, in milliseconds. Default: 1000. */
  maxWaitMs: z.number().min(0).max(86_400_000).default(1000),
});
/** Options of `batch`. */
export type BatchOptions = OptionsOf<typeof Options>;

/**
 * Groups messages into the batches that one request carries, by the limits of the platform. `upload` does the same by itself; put `batch` before it to
 * make the requests smaller, or to see the batches.
 *
 * Counts what is sent: base64 and JSON, by arithmetic. No batch exceeds 128 inputs or its byte limit; a video goes alone; the kinds fill separate
 * batches; an id is never twice in one batch. An input that can never fit settles as failed, with the limit and its value. Inputs of one kind stay in
 * order unless their sizes make another batch fit better. A batch is emitted when it is full, when its oldest input has waited `maxWaitMs`, and when the
 * source is blocked by waiting batches alone. On completion the last batches are emitted short; no array is empty.
 *
 * Limits: https://docs.clarifai.com/create-manage/inputs/upload
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(batch({ maxBytes: 20_000_000 }), upload(app));
 */
export function batch(options: BatchOptions = {}): Stage<Message, Message[]> {
  return batchBy({ ...uploadPolicy, ...parseOptions("batch", Options, options) }, "batch");
}

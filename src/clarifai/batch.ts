/** Batching by the limits of the platform. */

import * as z from "zod";
import type { Message } from "../core/accounting/message.js";
import { batchBy } from "../core/plugin/batch/batch-by.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { Stage } from "../core/plugin/stage.js";
import { filesPolicy, uploadPolicy } from "./batch-policy.js";
import { limits } from "./limits.js";

const optionFields = {
  /** Maximum number of inputs of one batch, 1 to 128. Default: 128. */
  maxItems: z.number().int().min(1).max(limits.maxInputsPerRequest).default(limits.maxInputsPerRequest),
  /**
   * The request has fewer bytes than this as REST encodes it (base64 and JSON), at least 1000 and at most 128,000,000; over gRPC, it is a quarter smaller.
   * Default: the limit of the wire that carries the batch.
   */
  maxBytes: z.number().int().min(1000).max(limits.maxRequestBytes).optional(),
  /** Longest time that an input waits for its batch to fill, in milliseconds, at most a day. Default: 1000. */
  maxWaitMs: z.number().min(0).max(86_400_000).default(1000),
};
const Options = z.strictObject(optionFields);
/** Options of `batch`. */
export type BatchOptions = OptionsOf<typeof optionFields>;

/**
 * Groups inputs into batches for one request each, by the limits of the platform. `upload` groups by itself; put `batch` before it to make the requests
 * smaller, or to work on batches.
 *
 * A batch has at most 128 inputs, and less than 128 MB of files and text. `upload` splits it further if the wire needs that: a request over gRPC carries
 * 128 MB of files, one over REST 96 MB, because base64 makes them larger. With `maxBytes`, the size counts as REST encodes it. A video goes alone, each
 * kind has batches of its own, and no batch has the same id twice. An input that is too large for any batch settles as failed; the error names its size
 * and the limit.
 *
 * Inputs of one kind stay in order, unless an input fits another open batch better. A batch is emitted when it is full, when its oldest input has
 * waited `maxWaitMs`, or when only waiting batches block the source. On completion, the remaining batches are emitted. No batch is empty.
 *
 * Limits: https://docs.clarifai.com/create-manage/inputs/upload
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(batch({ maxBytes: 20_000_000 }), upload(app));
 */
export function batch(options: BatchOptions = {}): Stage<Message, Message[]> {
  const { maxBytes, ...rest } = parseOptions("batch", Options, options);
  const policy = maxBytes === undefined ? filesPolicy : { ...uploadPolicy, maxBytes };
  return batchBy({ ...policy, ...rest }, "batch");
}

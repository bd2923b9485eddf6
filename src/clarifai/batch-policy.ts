/** Batch policies: the limits of one request of the platform. */

import { type Input, kindOf } from "../core/input/input.js";
import type { BatchPolicy } from "../core/plugin/batch-policy.js";
import { checkLimits } from "./check-limits.js";
import { limits } from "./limits.js";
import { type Encoded, encodeInput } from "./wire/encode-input.js";

/** Returns the encoded size of an input, and checks the input against the limits. @throws {InputError} what `checkLimits` throws */
export function measureInput(input: Input): Encoded {
  const encoded = encodeInput(input);
  checkLimits(input, encoded);
  return encoded;
}

/** Policy of requests that send inputs. It counts the bytes as sent (base64 and JSON). Each kind has batches of its own, and a video goes alone. */
export const uploadPolicy = {
  maxItems: limits.maxInputsPerRequest,
  maxBytes: limits.maxRequestBytes,
  envelopeBytes: 256, // brackets, job id and conflict policy
  separatorBytes: 1, // the comma between two inputs
  measure: measureInput,
  lane: (input) => kindOf(input) ?? "text",
  isAlone: (input) => input.video !== undefined,
} satisfies BatchPolicy;

/** Policy of requests that name inputs by their ids. */
export const idsPolicy: BatchPolicy = { maxItems: limits.maxIdsPerRequest, repeatsIds: true };

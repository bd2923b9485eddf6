/** What fits into one request of the platform. */

import { type Input, kindOf } from "../core/input/input.js";
import type { BatchPolicy } from "../core/plugin/batch-policy.js";
import { checkLimits } from "./check-limits.js";
import { limits } from "./limits.js";
import { type Encoded, encodeInput } from "./wire/encoding.js";

/** Encodes an input and checks it against the limits. @throws {InputError} what `checkLimits` throws */
export function measureInput(input: Input): Encoded {
  const encoded = encodeInput(input);
  checkLimits(input, encoded);
  return encoded;
}

/**
 * Requests that carry inputs: what is counted is what is sent, base64 and JSON. The kinds fill separate batches, and a video goes alone.
 */
export const uploadPolicy = {
  maxItems: limits.maxInputsPerRequest,
  maxBytes: limits.maxRequestBytes,
  envelopeBytes: 256, // brackets, the id of the job, the conflict policy
  separatorBytes: 1, // the comma
  measure: measureInput,
  lane: (input) => kindOf(input) ?? "text",
  isAlone: (input) => input.video !== undefined,
} satisfies BatchPolicy;

/** Requests that name inputs by their ids. */
export const idsPolicy: BatchPolicy = { maxItems: limits.maxIdsPerRequest, repeatsIds: true };

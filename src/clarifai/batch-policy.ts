/** Batch policies: the limits of one request of the platform. */

import { kindOf } from "../core/input/input.js";
import type { BatchPolicy } from "../core/plugin/batch/batch-policy.js";
import type { WireChoice } from "./client/wire-choice.js";
import { limits } from "./limits.js";
import { base64Length, type Encoded } from "./wire/encode-input.js";
import { measureInput } from "./wire/upload-wire.js";

/** What holds for every wire: the number of inputs, a lane for each kind, and a video goes alone. */
const groups = {
  maxItems: limits.maxInputsPerRequest,
  lane: (input) => kindOf(input) ?? "text",
  isAlone: (input) => input.video !== undefined,
} satisfies BatchPolicy;

/** Policy of requests that send inputs over REST. It counts the bytes as sent: base64 and JSON. */
export const uploadPolicy = {
  ...groups,
  maxBytes: limits.maxRequestBytes,
  envelopeBytes: 256, // brackets, job id and conflict policy
  separatorBytes: 1, // the comma between two inputs
  measure: measureInput,
} satisfies BatchPolicy;

/** Policy of batches for any wire: no wire carries more files. It counts files without encoding. */
export const filesPolicy = {
  ...uploadPolicy,
  bytesOf: ({ bytes, mediaBytes }: Encoded) => bytes - base64Length(mediaBytes) + mediaBytes,
} satisfies BatchPolicy;

/** Returns the policy of an upload: its requests are measured by the wire that carries them, which may change. */
export function uploadPolicyOf(wire: WireChoice): BatchPolicy {
  return {
    ...uploadPolicy,
    envelopeBytes: 512, // a message also names the user and the app
    get maxBytes() {
      return wire.maxBytes;
    },
    get measure() {
      return wire.measure;
    },
  };
}

/** Policy of requests that name inputs by their ids. */
export const idsPolicy: BatchPolicy = { maxItems: limits.maxIdsPerRequest, repeatsIds: true };

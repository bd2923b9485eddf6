/** The two wires of an upload: JSON over REST, and protobuf over gRPC. */

import type { Input } from "../../core/input/input.js";
import { checkLimits } from "../check-limits.js";
import type { ReplayableBody } from "../client/call.js";
import { inputsBody } from "./body.js";
import type { ContentHasher } from "./content-hash.js";
import { type Encoded, encodeInput, type SizedInput } from "./encode-input.js";

/** Names of the wires. */
export type WireName = "rest" | "grpc";

/** A request that adds inputs, without the inputs. */
export interface PostRequest {
  userId: string;
  appId: string;
  jobId: string;
  /** Asks the platform to choose other ids for the inputs. */
  suffix?: boolean | undefined;
}

/** Encodes inputs for one wire. */
export interface UploadWire<E extends SizedInput = SizedInput> {
  readonly name: WireName;
  /** Encodes an input up to the bytes of its file, and checks it against the limits. @throws {InputError} what `checkLimits` throws, ERR_TEXT_ENCODING */
  measure(this: void, input: Input): E;
  /** Makes the body of the request from inputs that `measure` encoded. */
  body(this: void, request: PostRequest, inputs: readonly E[], hasher: ContentHasher): ReplayableBody;
}

/** Encodes an input as JSON, and checks it against the limits. @throws {InputError} what `checkLimits` throws */
export function measureInput(input: Input): Encoded {
  const encoded = encodeInput(input);
  checkLimits(input, encoded);
  return encoded;
}

/** JSON with base64. */
export const restWire: UploadWire<Encoded> = {
  name: "rest",
  measure: measureInput,
  body({ jobId, suffix }, inputs, hasher) {
    const policy = suffix ? `"input_id_conflict_resolution":"SUFFIX",` : "";
    return inputsBody(`{"inputs_add_job_id":${JSON.stringify(jobId)},${policy}"inputs":[`, inputs, "]}", hasher);
  },
};

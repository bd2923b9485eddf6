/** The batch policy of a sink: what fits into one request of its target. */

import type { Input } from "../input/input.js";

/** Limits and measures of a target. Every part may be left out. */
export interface BatchPolicy {
  /** Most inputs of a batch. Default: no limit. */
  maxItems?: number | undefined;
  /** A batch has less than this many bytes, by `measure`. An input that is larger goes alone. Default: no limit. */
  maxBytes?: number | undefined;
  /** Longest time that an input waits for its batch to fill, in milliseconds. Default: 1000. */
  maxWaitMs?: number | undefined;
  /** Bytes of a request besides its inputs. Default: 0. */
  envelopeBytes?: number | undefined;
  /** Bytes between two inputs of a request. Default: 0. */
  separatorBytes?: number | undefined;
  /**
   * Measures an input as it is sent: its bytes, or an object with them that the sink uses again (`message.measured`). Throws an InputError for an
   * input that can never fit, naming the limit; the input fails. Default: 0 bytes.
   */
  measure?: ((input: Input) => number | { readonly bytes: number }) | undefined;
  /** Names the lane of an input. Inputs of different lanes never share a batch. Default: one lane. */
  lane?: ((input: Input) => string) | undefined;
  /** Whether an input goes alone. Default: none does. */
  isAlone?: ((input: Input) => boolean) | undefined;
  /** Whether two inputs of one id may share a batch. Default: false. */
  repeatsIds?: boolean | undefined;
}

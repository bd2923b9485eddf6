/** The batch policy of a sink: the limits of one request of its target. */

import type { Input } from "../../input/input.js";

/** Limits of a target, and functions that measure its inputs. Every field is optional. */
export interface BatchPolicy {
  /** Maximum number of inputs per batch. Default: no limit. */
  maxItems?: number | undefined;
  /** A batch has fewer bytes than this, as `measure` counts them. A larger input goes alone. It may change during a run. Default: no limit. */
  maxBytes?: number | undefined;
  /** Longest time that an input waits for its batch to fill, in milliseconds. Default: 1000. */
  maxWaitMs?: number | undefined;
  /** Bytes of a request in addition to its inputs. Default: 0. */
  envelopeBytes?: number | undefined;
  /** Bytes between two inputs of a request. Default: 0. */
  separatorBytes?: number | undefined;
  /**
   * Returns the bytes of an input as sent, or an object with them that the sink can reuse (`message.measured`). Throws an InputError, which names the
   * limit, for an input that can never fit; the input fails. Default: 0 bytes.
   */
  measure?: ((input: Input) => number | { readonly bytes: number }) | undefined;
  /** Returns the bytes that count, from the object that `measure` returned. Default: its `bytes`. */
  bytesOf?(measured: { readonly bytes: number }): number;
  /** Returns the lane of an input. Inputs of different lanes never share a batch. Default: one lane. */
  lane?: ((input: Input) => string) | undefined;
  /** Whether an input needs a batch of its own. Default: no. */
  isAlone?: ((input: Input) => boolean) | undefined;
  /** Whether two inputs with the same id may share a batch. Default: false. */
  repeatsIds?: boolean | undefined;
}

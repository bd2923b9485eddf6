/** Calls a sink's `write`, and settles what its errors name. */

import { BatchError, InputError } from "../../errors.js";
import type { Batch, Sink, WriteContext } from "../sink.js";

/** Writes a batch. An InputError fails all of its inputs. A BatchError, which sinks for 0.1 throw, fails the inputs that it names. */
export async function writeBatch<Options, State>(
  sink: Sink<Options, State>,
  batch: Batch,
  context: WriteContext<Options, State>,
): Promise<void> {
  try {
    await sink.write(batch, context);
  } catch (error) {
    if (error instanceof BatchError) for (const [index, failure] of error.failures) batch.fail(index, failure);
    else if (error instanceof InputError) for (const index of batch.messages.keys()) batch.fail(index, error);
    else throw error;
  }
}

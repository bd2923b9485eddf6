/** Source: the inputs that failed in the workers of a stream, to retry them. */

import * as z from "zod";
import type { Acknowledge } from "../core/accounting/tracking.js";
import { InputError } from "../core/errors.js";
import { revealSecrets } from "../core/input/secret-urls.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { OptionsOf } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { NatsServer, natsOptions, StreamName } from "./nats-server.js";
import { readMessages } from "./read-messages.js";
import { partsOf } from "./streams.js";
import type { FailedInput } from "./worker/outcome-records.js";

const optionFields = {
  /** Name of the stream, as in `publishTo`. */
  stream: StreamName,
};
const Options = z.strictObject({ ...natsOptions, ...optionFields });
/** Options of `failedInputs`. */
export type FailedInputsOptions = OptionsOf<typeof natsOptions & typeof optionFields>;

type Checked = z.output<typeof Options>;

const recordForMs = 30_000;

/**
 * Reads the failed inputs of a stream in the order of their failures, as they were published and with their original origin. An input that succeeds this
 * time is removed from the failed ones, and the stream's report counts its first attempt as skipped ("retried"). An input that fails again stays.
 * Publish the inputs again with `publishTo(stream, { deduplicate: false })`, or upload them directly.
 *
 * Ends after the inputs that had failed when it began. An item that never was an input (ERR_REFERENCE), or was too large to be recorded, fails with
 * ERR_DEAD_LETTER_EMPTY. A plan or preview changes nothing.
 *
 * @throws {OptionsError} ERR_OPTIONS; (the run rejects) ERR_PACKAGE_MISSING
 * @throws {FlowError} (the run rejects) ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED
 * @example await flow(failedInputs({ stream: "photos" })).pipe(publishTo("photos", { deduplicate: false })).run();
 */
export const failedInputs = defineSource({
  name: "failedInputs",
  options: Options,
  acknowledges: true,
  read,
});

async function* read({ stream, ...address }: Checked, context: ReadContext): AsyncGenerator<SourceItem> {
  const nats = await NatsServer.connect("failedInputs", address);
  const close = () => nats.close();
  context.atEnd?.(close);
  try {
    for await (const message of readMessages(nats, partsOf(stream).failed.stream)) {
      if (context.signal.aborted) return;
      const letter = message.json<FailedInput>();
      yield itemOf(letter, context.dryRun ? undefined : deleteWhenDone(nats, stream, letter));
    }
  } finally {
    if (!context.atEnd) await close();
  }
}

function itemOf({ origin, listed, reason, input, secret }: FailedInput, acknowledge?: Acknowledge): SourceItem {
  if (input) return { origin, input: revealSecrets(input, secret), sameId: "again", listed, acknowledge };
  const text = `the failure has no input that could be sent again (${reason}); correct its source and publish that`;
  return { origin, error: new InputError("ERR_DEAD_LETTER_EMPTY", text) };
}

/** Deletes an input from the failed ones once its outcome is ok, or skipped because the target already has it. */
function deleteWhenDone(nats: NatsServer, stream: string, { origin, sequence }: FailedInput): Acknowledge {
  const { failed, skipped } = partsOf(stream);
  return async (outcome) => {
    if (outcome.state !== "ok" && !(outcome.state === "skipped" && outcome.done)) return outcome;
    const record = JSON.stringify({ sequence, origin, reason: "retried" });
    const options = { msgID: `${sequence} tried again` }; // must stay the same, since programs of other versions publish it too
    const filter = { filter: failed.subject(sequence) };
    try {
      await nats.callWithRetry(() => nats.client.publish(skipped.shared, record, options), undefined, recordForMs);
      await nats.callWithRetry(() => nats.manager.streams.purge(failed.stream, filter), undefined, recordForMs);
    } catch {
      // The input stays among the failed ones, and the next run reads it again.
    }
    return outcome;
  };
}

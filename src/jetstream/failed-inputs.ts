/** Source: the inputs that workers of a stream gave up on, to be tried again. */

import * as z from "zod";
import type { Acknowledge } from "../core/accounting/tracking.js";
import { InputError } from "../core/errors.js";
import { revealSecrets } from "../core/input/secret-urls.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { OptionsOf } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import type { FailedInput } from "./deliveries.js";
import { Engine, engineOptions, StreamName } from "./nats-server.js";
import { recordsOf } from "./read-records.js";
import { partsOf } from "./streams.js";

const Options = z.strictObject({
  ...engineOptions,
  /** Name of the stream, as in `publishTo`. */
  stream: StreamName,
});
/** Options of `failedInputs`. */
export type FailedInputsOptions = OptionsOf<typeof Options>;

type Checked = z.output<typeof Options>;

/**
 * Reads the inputs of a stream that failed in its workers, in their order, each as it was published, with the origin that it had. Those that end well this
 * time are taken off the failed ones, and the stream's report counts their first try as skipped ("tried again"); those that fail stay. Put them back on
 * the stream with `publishTo(stream, { deduplicate: false })`, or upload them here.
 *
 * What fails meanwhile is left for the next time. One that was no input (ERR_REFERENCE), or too large to be kept, fails again: ERR_DEAD_LETTER_EMPTY. Ends; in a plan or a preview it
 * changes nothing.
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
  const engine = await Engine.open("failedInputs", address);
  const close = () => engine.close();
  context.atEnd?.(close);
  try {
    for await (const message of recordsOf(engine, partsOf(stream).failed.stream)) {
      if (context.signal.aborted) return;
      const letter = message.json<FailedInput>();
      const { origin, listed, reason, sequence } = letter;
      const input = letter.input && revealSecrets(letter.input, letter.secret);
      const text = `there is no input with it (${reason}); mend its source and publish that`;
      if (!input) yield { origin, error: new InputError("ERR_DEAD_LETTER_EMPTY", text) };
      else
        yield {
          origin,
          input,
          sameId: "again",
          listed,
          acknowledge: context.dryRun ? undefined : triedAgain(engine, stream, origin, sequence),
        };
    }
  } finally {
    if (!context.atEnd) await close();
  }
}

/** An input that ended well is no failed one any more. */
function triedAgain(engine: Engine, stream: string, origin: string, sequence: number): Acknowledge {
  const { failed, skipped } = partsOf(stream);
  return async (outcome) => {
    if (outcome.state !== "ok" && !(outcome.state === "skipped" && outcome.done)) return outcome;
    const record = JSON.stringify({ sequence, origin, reason: "tried again" });
    try {
      const options = { msgID: `${sequence} tried again` };
      await engine.untilAnswered(() => engine.client.publish(skipped.subject, record, options), undefined, 30_000);
      const filter = { filter: failed.subject(sequence) };
      await engine.untilAnswered(() => engine.manager.streams.purge(failed.stream, filter), undefined, 30_000);
    } catch {
      // it stays a failed one, and comes again the next time
    }
    return outcome;
  };
}

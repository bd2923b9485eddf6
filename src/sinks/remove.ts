/** Sink: deletes inputs from an app. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import { ApiError } from "../clarifai/client/api-error.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { settleInHalves, settleWith } from "../clarifai/requests.js";
import { inputStates } from "../clarifai/undo/read-states.js";
import { waitUntilDeleted } from "../clarifai/wait-until-deleted.js";
import type { WireInput } from "../clarifai/wire/decode-answers.js";
import { statusText } from "../clarifai/wire/status.js";
import { statusCodes } from "../clarifai/wire/status-codes.js";
import type { Message } from "../core/accounting/message.js";
import { describeError, InputError } from "../core/errors.js";
import { systemClock } from "../core/net/clock.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /** Longest wait until the server has deleted the inputs of a request, in milliseconds, at most a day. Default: 60,000. */
  timeoutMs: z.number().positive().max(86_400_000).default(60_000),
};
const Options = z.strictObject(optionFields);
/** Options of `remove`. */
export type RemoveOptions = OptionsOf<typeof optionFields>;

/**
 * Deletes the inputs that reach it, at most 128 per request. Only a run with `undo` can be undone.
 *
 * The server deletes in the background. An input passes downstream when the server no longer lists it. An input that the server still lists after
 * `timeoutMs` is pending. If the server reports that a deletion failed, the input fails with that code. An input that does not exist is skipped; inputs
 * from `listInputs` need no lookup for it. If the server refuses a request, its inputs fail with the platform's code.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not delete
 * @example await flow(listInputs(app, { dataset: "old" })).pipe(batch(), remove(app)).run();
 */
export const remove = defineSink({
  name: "remove",
  parse(app: App, options: RemoveOptions = {}) {
    checkApp("remove", app);
    return { app, ...parseOptions("remove", Options, options) };
  },
  target: ({ app }) => app.target("remove from"),
  batch: idsPolicy,
  // A batch mostly waits for the server's background work.
  concurrency: 16,
  supportsDryRun: true,
  stateReader: () => inputStates({ deletes: true }),
  open: (context) => appOfRun(context),
  async write({ messages }, { options: { app, timeoutMs }, state: writer, signal, dryRun }) {
    const absent = await absentOf(app, messages, signal);
    const existing = () => messages.filter((message) => !message.settled && !absent.has(message));
    await settleInHalves(
      existing(),
      (part) => part,
      "remove",
      async (part) => {
        if (part.length > 0) await writer.deleteInputs(idsOf(part), signal);
      },
    );
    if (!dryRun) await settleRemaining(app, existing(), timeoutMs, signal);
  },
});

/** Finds and skips inputs that do not exist. Listed inputs need no lookup: the listing has just read them. */
async function absentOf(app: App, messages: readonly Message[], signal: AbortSignal): Promise<ReadonlySet<Message>> {
  const absent = new Set<Message>();
  const unknown = messages.filter(({ source }) => source.status === undefined);
  if (unknown.length === 0) return absent;
  await settleWith(unknown, "remove", async () => {
    const ids = [...new Set(idsOf(unknown))];
    const found = new Set((await app.listInputs({ ids, signal })).map(({ id }) => id));
    for (const message of unknown) if (!found.has(message.value.id)) absent.add(message);
  });
  for (const message of absent) message.doneBefore("no input has this id");
  return absent;
}

/** Waits until the server no longer lists the inputs, and settles those that it still lists at the end. */
async function settleRemaining(
  app: App,
  messages: readonly Message[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  let left: Map<string, WireInput>;
  try {
    left = await waitUntilDeleted(app, idsOf(messages), { clock: systemClock, signal, withinMs: timeoutMs });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reason = `the server accepted the deletion, and the lookup of its result failed: ${describeError(error)}`;
    for (const message of messages) message.settle({ state: "pending", reason });
    return;
  }
  for (const message of messages) {
    const input = left.get(message.value.id);
    if (!input) continue;
    const { status } = input;
    if (status?.code === statusCodes.INPUT_DELETE_FAILED) {
      message.fail(new InputError(String(status.code), statusText(status), { retryable: true }), "remove");
      continue;
    }
    const reason = `the server accepted the deletion, and the input still exists after ${timeoutMs / 1000} s; run the flow again, or raise timeoutMs`;
    message.settle({ state: "pending", reason });
  }
}

function idsOf(messages: readonly Message[]): string[] {
  return messages.map((message) => message.value.id);
}

/** Fails the messages whose inputs do not exist. */

import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { inParts, settleWith } from "../requests.js";
import { statusCodes } from "../wire/status-codes.js";

/**
 * Looks inputs up, 128 to a request, and fails those that do not exist. Inputs that were listed from the app, or that a sink before wrote, need no lookup.
 */
export async function failMissing(
  messages: readonly Message[],
  { app, stage, signal }: { app: App; stage: string; signal: AbortSignal },
): Promise<void> {
  const unknown = messages.filter(
    ({ settled, isWritten, listed }) => !settled && !isWritten && listed?.app !== app.address,
  );
  for (const part of inParts(unknown, limits.maxIdsPerRequest)) {
    await settleWith(part, stage, async () => {
      const ids = [...new Set(part.map((message) => message.value.id))];
      const found = new Set((await app.listInputs({ ids, signal })).map(({ id }) => id));
      for (const message of part) if (!found.has(message.value.id)) message.fail(missing(message), stage);
    });
  }
}

function missing({ value }: Message): InputError {
  const text = `the input ${JSON.stringify(value.id)} does not exist; upload it first, or correct its id`;
  return new InputError(String(statusCodes.INPUT_DOES_NOT_EXIST), text);
}

/** Patches the states of annotations, and checks each of them in the answer. */

import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { answersTo, inParts, settleInHalves } from "../requests.js";
import { classify, statusText } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";

/** An annotation whose state is to change. */
export interface StatusItem {
  message: Message;
  inputId: string;
  id: string;
}

interface StatusContext {
  app: App;
  signal: AbortSignal;
  stage: string;
  /** Whether nothing is sent, so that there is no state to check. */
  dryRun: boolean;
}

/** Gives annotations a state. A message fails if one of its annotations does not have it afterwards. */
export async function patchStatuses(items: readonly StatusItem[], code: number, context: StatusContext): Promise<void> {
  const send = (some: readonly StatusItem[]) => patchSome(some, code, context);
  for (const part of inParts(items, limits.maxInputsPerRequest)) {
    await settleInHalves(part, (some) => some.map(({ message }) => message), context.stage, send);
  }
}

async function patchSome(items: readonly StatusItem[], code: number, context: StatusContext): Promise<void> {
  const { app, signal, stage, dryRun } = context;
  const answers = await app.patchAnnotationStatuses(items, code, signal);
  if (dryRun) return;
  const untold: StatusItem[] = [];
  const found = answersTo(
    items.map(({ id }) => id),
    answers,
  );
  for (const [index, item] of items.entries()) {
    const status = found[index]?.status;
    if (status?.code === code) continue;
    const meaning = status && classify(status);
    // A success without the state, or no answer to this item, says nothing about the state.
    if (!status || meaning === "ok" || meaning === "progress") untold.push(item);
    else {
      const text = `the annotation ${JSON.stringify(item.id)} was refused: ${statusText(status)}`;
      item.message.fail(new InputError(String(status.code), text), stage);
    }
  }
  if (untold.length > 0) await checkStored(untold, code, context);
}

/** Looks up annotations, and fails the messages of those that have another state. */
async function checkStored(
  items: readonly StatusItem[],
  code: number,
  { app, signal, stage }: StatusContext,
): Promise<void> {
  const listed = await app.listAnnotations({
    ...{ inputIds: items.map(({ inputId }) => inputId), ids: items.map(({ id }) => id) },
    ...{ all: true, perPage: items.length, signal },
  });
  const byKey = new Map(
    listed.map((one) => [`${one.inputId}\n${one.id}`, one.status?.code ?? statusCodes.ANNOTATION_SUCCESS]),
  );
  for (const { message, inputId, id } of items) {
    const stored = byKey.get(`${inputId}\n${id}`);
    if (stored === code) continue;
    const state = stored === undefined ? "does not exist" : `has the state ${stored}, not ${code}`;
    const text = `the annotation ${JSON.stringify(id)} was patched, and on the server it ${state}`;
    message.fail(new InputError("ERR_PATCH_RESULT", text), stage);
  }
}

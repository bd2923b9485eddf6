/** Sets the values of concepts on inputs, and checks them in the answer. */

import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import type { Concept } from "../../core/input/input.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { answersTo, inParts, settleInHalves, settleItems } from "../requests.js";
import { fieldsIn, isSameValue } from "./results.js";

/** An input, and the concepts whose value is to be set. */
export interface ValuesItem {
  message: Message;
  valued: readonly Concept[];
}

interface ValuesContext {
  app: App;
  signal: AbortSignal;
  stage: string;
  /** Whether nothing is sent, so that there are no values to check. */
  dryRun: boolean;
}

/** Sets values of concepts. A second request has the same effect. An input that comes twice is patched in the order of its messages. */
export async function patchValues(items: readonly ValuesItem[], context: ValuesContext): Promise<void> {
  let left = items.filter(({ message, valued }) => valued.length > 0 && !message.settled);
  while (left.length > 0) {
    const ids = new Set<string>();
    const first = left.filter(({ message }) => !ids.has(message.value.id) && ids.add(message.value.id));
    for (const part of inParts(first, limits.maxInputsPerRequest)) {
      await settleInHalves(part, messagesOf, context.stage, (some) => patchSome(some, context));
    }
    left = left.filter((item) => !first.includes(item));
  }
}

async function patchSome(items: readonly ValuesItem[], { app, signal, stage, dryRun }: ValuesContext): Promise<void> {
  const ids = items.map(({ message }) => message.value.id);
  const patches = items.map(({ message, valued }) => ({
    id: message.value.id,
    data: { concepts: valued.map(({ id, value = 1 }) => ({ id, value })) },
  }));
  const answers = await app.patchInputs(patches, "merge", signal);
  if (dryRun) return;
  settleItems(messagesOf(items), ids, answers, stage);
  const found = answersTo(ids, answers);
  for (const [index, { message, valued }] of items.entries()) {
    const data = found[index]?.data;
    if (message.settled || !data) continue;
    const { concepts } = fieldsIn(data);
    const wrong = valued.find(
      (concept) =>
        !isSameValue(
          concepts.find(({ id }) => id === concept.id),
          concept,
        ),
    );
    if (!wrong) continue;
    const stored = concepts.find(({ id }) => id === wrong.id)?.value;
    const text = `the concept ${JSON.stringify(wrong.id)} was patched, and on the server its value is ${JSON.stringify(stored) ?? "missing"}, not ${wrong.value}`;
    message.fail(new InputError("ERR_PATCH_RESULT", text), stage);
  }
}

function messagesOf(items: readonly ValuesItem[]): Message[] {
  return items.map(({ message }) => message);
}

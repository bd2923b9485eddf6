/** Records the names of concepts, and restores them. */

import type { Message } from "../../core/accounting/message.js";
import { InputError } from "../../core/errors.js";
import type { Concept, Json } from "../../core/input/input.js";
import type { Batch, StateContext, StateReader } from "../../core/plugin/sink.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import { numberedPages } from "../listing/numbered-pages.js";
import { inParts, settleInHalves, settleWith } from "../requests.js";

/** Lists the names of all concepts of an app, by id. */
export async function conceptNames(app: App, signal: AbortSignal): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const pages = numberedPages({
    perPage: limits.maxPerPage,
    read: (page, perPage) => app.listConcepts({ page, perPage, signal }),
    keyOf: ({ id }) => id,
  });
  for await (const page of pages) for (const { id, name } of page) names.set(id, name ?? id);
  return names;
}

/** Makes the state reader of a sink that renames concepts. The names are listed once, before the first change. */
export function conceptStates({ options: { app }, signal, run }: StateContext<{ app: App }>): StateReader {
  run.watch(app.transport);
  let names: Map<string, string> | undefined;
  return async (batch: Batch) => {
    await settleWith(batch.messages, batch.sink, async () => {
      names ??= await conceptNames(app, signal);
    });
    return batch.inputs.map(({ concepts }): Json | undefined => {
      const known = concepts.flatMap(({ id }) => (names?.has(id) ? [{ id, name: names.get(id) as string }] : []));
      return known.length > 0 ? { concepts: known } : undefined;
    });
  };
}

/** Renames the concepts of messages that are nothing but names of concepts. A message whose concepts have their names already is done. */
export async function restoreConcepts(
  messages: readonly Message[],
  { reader, writer, signal }: { reader: App; writer: App; signal: AbortSignal },
): Promise<void> {
  if (messages.length === 0) return;
  let names = new Map<string, string>();
  await settleWith(messages, "restore", async () => {
    names = await conceptNames(reader, signal);
  });
  const renamed: { message: Message; concept: Concept }[] = [];
  for (const message of messages.filter(({ settled }) => !settled)) {
    const { concepts } = message.value;
    const missing = concepts.find(({ id }) => !names.has(id));
    const changed = concepts.filter(({ id, name }) => names.get(id) !== name);
    if (missing) message.fail(new InputError("ERR_UNDO_CONCEPT", `the app has no concept "${missing.id}"`), "restore");
    else if (changed.length === 0) message.doneBefore("is as it was");
    else renamed.push(...changed.map((concept) => ({ message, concept })));
  }
  for (const part of inParts(renamed, limits.maxInputsPerRequest)) {
    await settleInHalves(
      part,
      (some) => some.map(({ message }) => message),
      "restore",
      async (some) =>
        writer.patchConcepts(
          some.map(({ concept }) => concept),
          signal,
        ),
    );
  }
}

/** Sink: renames concepts, app-wide. */

import { idsPolicy } from "../clarifai/batch-policy.js";
import type { ApiError } from "../clarifai/client/api-error.js";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inParts, settleInHalves } from "../clarifai/requests.js";
import { mayBeOneItem } from "../clarifai/wire/status.js";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import type { Concept } from "../core/input/input.js";
import { defineSink } from "../core/plugin/define-sink.js";

/**
 * Renames the concepts of the inputs that reach it: each concept's id keeps its place, and its name becomes the label of that concept in the
 * whole app. The API knows no other action for concepts than to overwrite the name.
 *
 * Of several names for one id the last one stays, and no name is sent twice in a row. A concept that is refused, for instance because it does not
 * exist (11101), fails the inputs that have it, and no others.
 *
 * @throws {SinkError} (the run rejects) when the key may not write
 * @example
 * const renamed = fromIterable([{ concepts: [{ id: "id-face", name: "face" }] }]);
 * await flow(renamed).pipe(patchConcepts(app)).run();
 */
export const patchConcepts = defineSink({
  name: "patchConcepts",
  parse(app: App) {
    checkApp("patchConcepts", app);
    return { app };
  },
  target: ({ app }) => app.target("patch concepts in"),
  batch: idsPolicy,
  supportsDryRun: true,
  open({ options: { app }, dryRun, run }) {
    const writer = dryRun ? app.forDryRun() : app;
    run.watch(writer.transport);
    /** The names that concepts have by now. */
    return { app: writer, names: new Map<string, string | undefined>() };
  },
  async write({ messages }, { state: { app, names }, signal }) {
    for (const message of messages) {
      if (message.value.concepts.length > 0) continue;
      message.fail(new InputError("ERR_NO_CONCEPTS", "it has no concepts to rename"), "patchConcepts");
    }
    const wanted = new Map(messages.flatMap(({ value }) => value.concepts.map((concept) => [concept.id, concept])));
    const changed = [...wanted.values()].filter(({ id, name }) => !names.has(id) || names.get(id) !== name);
    const send = async (concepts: readonly Concept[]) => {
      for (const { id } of concepts) names.delete(id);
      await app.patchConcepts(concepts, signal);
      for (const { id, name } of concepts) names.set(id, name);
    };
    for (const part of inParts(changed, limits.maxInputsPerRequest)) {
      await settleInHalves(part, (concepts) => havingAny(messages, concepts), "patchConcepts", send, isOfOne);
    }
  },
});

/** The messages that have one of these concepts. */
function havingAny(messages: readonly Message[], concepts: readonly Concept[]): Message[] {
  const ids = new Set(concepts.map(({ id }) => id));
  return messages.filter((message) => message.value.concepts.some(({ id }) => ids.has(id)));
}

/** Whether a refusal is that of one concept: it does not exist, say. */
function isOfOne({ code, status }: ApiError): boolean {
  return code === "11101" || code === "40003" || (status !== undefined && mayBeOneItem(status));
}

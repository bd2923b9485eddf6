/** Sink: renames concepts in the whole app. */

import { idsPolicy } from "../clarifai/batch-policy.js";
import type { ApiError } from "../clarifai/client/api-error.js";
import type { App } from "../clarifai/client/app.js";
import { appOfRun } from "../clarifai/client/app-of-run.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inParts, settleInHalves } from "../clarifai/requests.js";
import { conceptStates } from "../clarifai/undo/concept-names.js";
import { mayBeOneItem } from "../clarifai/wire/status.js";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import type { Concept } from "../core/input/input.js";
import { defineSink } from "../core/plugin/define-sink.js";

/**
 * Renames the concepts of the inputs that reach it. The id of a concept stays, and its name becomes the label of the concept in the whole app. The API
 * has no other action for concepts than to overwrite the name.
 *
 * If one id has several names, the last one stays. A name that was sent last is not sent again. If the server refuses a concept, for example because it
 * does not exist (11101), only the inputs with this concept fail. An input without concepts fails (ERR_NO_CONCEPTS).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not write
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
  stateReader: () => conceptStates,
  open: (context) => ({ app: appOfRun(context), names: new Map<string, string | undefined>() }),
  async write({ messages }, { state: { app, names }, signal }) {
    for (const message of messages) {
      if (message.value.concepts.length > 0) continue;
      message.fail(new InputError("ERR_NO_CONCEPTS", "the input has no concepts to rename"), "patchConcepts");
    }
    const wanted = new Map(messages.flatMap(({ value }) => value.concepts.map((concept) => [concept.id, concept])));
    const changed = [...wanted.values()].filter(({ id, name }) => !names.has(id) || names.get(id) !== name);
    const send = async (concepts: readonly Concept[]) => {
      for (const { id } of concepts) names.delete(id);
      await app.patchConcepts(concepts, signal);
      for (const { id, name } of concepts) names.set(id, name);
    };
    for (const part of inParts(changed, limits.maxInputsPerRequest)) {
      await settleInHalves(
        part,
        (concepts) => withAnyConcept(messages, concepts),
        "patchConcepts",
        send,
        concernsOneConcept,
      );
    }
  },
});

/** Returns the messages that have one of these concepts. */
function withAnyConcept(messages: readonly Message[], concepts: readonly Concept[]): Message[] {
  const ids = new Set(concepts.map(({ id }) => id));
  return messages.filter((message) => message.value.concepts.some(({ id }) => ids.has(id)));
}

/** Whether one concept may have caused the refusal of a request, for example because it does not exist. */
function concernsOneConcept({ code, status }: ApiError): boolean {
  return code === "11101" || code === "40003" || (status !== undefined && mayBeOneItem(status));
}

/** Sink: renames concepts, app-wide. */

import type { OperatorFunction } from "rxjs";
import type { ApiError } from "../clarifai/client/api-error.js";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { inParts, settleInHalves } from "../clarifai/requests.js";
import { mayBeOneItem } from "../clarifai/wire/status.js";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import type { Concept } from "../core/input/input.js";
import { type MessageSink, messageSinkOperator } from "../core/plugin/sink-operator.js";

/**
 * Renames the concepts of the inputs that reach it: each concept's id keeps its place, and its name becomes the label of that concept in the
 * whole app. The API knows no other action for concepts than to overwrite the name.
 *
 * Of several names for one id the last one stays, and no name is sent twice in a row. A concept that is refused, for instance because it does not
 * exist (11101), fails the inputs that have it, and no others.
 *
 * @throws {SinkError} (the run rejects) when the key may not write
 * @example
 * const renamed = values([{ concepts: [{ id: "id-face", name: "face" }] }]);
 * await flow(renamed).pipe(patchConcepts(app)).run();
 */
export function patchConcepts(app: App): OperatorFunction<Message | readonly Message[], Message> {
  checkApp("patchConcepts", app);
  const make = (to: App): MessageSink => {
    /** The names that concepts have by now. */
    const names = new Map<string, string | undefined>();
    return {
      name: "patchConcepts",
      rehearsal: () => make(to.rehearsed()),
      async write(messages, { signal }) {
        messages[0]?.context.watch(to.transport);
        for (const message of messages) {
          if (message.value.concepts.length > 0) continue;
          message.fail(new InputError("ERR_NO_CONCEPTS", "it has no concepts to rename"), "patchConcepts");
        }
        const wanted = new Map(messages.flatMap(({ value }) => value.concepts.map((concept) => [concept.id, concept])));
        const fresh = [...wanted.values()].filter(({ id, name }) => !names.has(id) || names.get(id) !== name);
        for (const part of inParts(fresh, limits.maxInputsPerRequest)) {
          const send = async (concepts: readonly Concept[]) => {
            for (const { id } of concepts) names.delete(id);
            await to.patchConcepts(concepts, signal);
            for (const { id, name } of concepts) names.set(id, name);
          };
          await settleInHalves(part, (concepts) => havingAny(messages, concepts), "patchConcepts", send, isOfOne);
        }
      },
    };
  };
  return messageSinkOperator("patchConcepts", () => make(app), app.target("patch concepts in"));
}

/** The messages that have one of these concepts. */
function havingAny(messages: readonly Message[], concepts: readonly Concept[]): Message[] {
  const ids = new Set(concepts.map(({ id }) => id));
  return messages.filter((message) => message.value.concepts.some(({ id }) => ids.has(id)));
}

/** Whether a refusal is that of one concept: it does not exist, say. */
function isOfOne({ code, status }: ApiError): boolean {
  return code === "11101" || code === "40003" || (status !== undefined && mayBeOneItem(status));
}

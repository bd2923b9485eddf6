/** Sink: renames concepts, app-wide. */

import type { OperatorFunction } from "rxjs";
import type { App } from "../client/app.js";
import { checkApp } from "../client/check-app.js";
import { InputError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import type { Message } from "../core/message.js";
import { type MessageSink, messageSinkOperator } from "../core/sink-operator.js";
import { inParts, settleWith } from "./requests.js";

/**
 * Renames the concepts of the inputs that reach it: each concept's id keeps its place, and its name becomes the label of that concept in the
 * whole app. The API knows no other action for concepts than to overwrite the name.
 *
 * Each pair of id and name is sent once. A request that is refused, for instance because a concept does not exist (11101), fails its inputs.
 *
 * @throws {SinkError} (the run rejects) when the key may not write
 * @example
 * const renamed = values([{ concepts: [{ id: "id-face", name: "face" }] }]);
 * await flow(renamed).pipe(patchConcepts(app)).run();
 */
export function patchConcepts(app: App): OperatorFunction<Message | readonly Message[], Message> {
  checkApp("patchConcepts", app);
  const make = (to: App): MessageSink => {
    const sent = new Set<string>();
    return {
      name: "patchConcepts",
      rehearsal: () => make(to.rehearsed()),
      async write(messages, { signal }) {
        messages[0]?.context.watch(to.transport);
        for (const message of messages) {
          if (message.value.concepts.length > 0) continue;
          message.fail(new InputError("ERR_NO_CONCEPTS", "it has no concepts to rename"), "patchConcepts");
        }
        const concepts = messages.flatMap((message) => message.value.concepts);
        const fresh = concepts.filter(({ id, name }) => !sent.has(`${id}\n${name}`) && sent.add(`${id}\n${name}`));
        for (const part of inParts(fresh, limits.maxInputsPerRequest)) {
          const touched = messages.filter((message) =>
            message.value.concepts.some((concept) => part.includes(concept)),
          );
          await settleWith(touched, "patchConcepts", () => to.patchConcepts(part, signal));
        }
      },
    };
  };
  return messageSinkOperator("patchConcepts", () => make(app), `patch concepts in ${app.place}`);
}

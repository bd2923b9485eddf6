/** Transform: adds concepts. */

import type { OperatorFunction } from "rxjs";
import type { Concept, Input } from "../core/input.js";
import type { Message } from "../core/message.js";
import { transformOperator } from "../core/transform-operator.js";
import { conceptsFrom } from "./concepts.js";

type Labels = string | Concept | readonly (string | Concept)[];

/**
 * Adds concepts to each input: names, concepts, or what a function makes of the input. A name is the concept's id too. An id that is there
 * already is replaced; empty names are passed by.
 *
 * Keeps order. An input on which the function throws settles as failed.
 *
 * @example flow(folder("./photos")).pipe(label(["holiday", { id: "blurred", value: 0 }]));
 */
export function label(labels: Labels | ((input: Input) => Labels | undefined)): OperatorFunction<Message, Message> {
  return transformOperator({
    name: "label",
    apply(input) {
      const added = conceptsFrom(typeof labels === "function" ? labels(input) : labels);
      if (added.length === 0) return input;
      const kept = input.concepts.filter((concept) => !added.some((other) => other.id === concept.id));
      return { ...input, concepts: [...kept, ...added] };
    },
  });
}

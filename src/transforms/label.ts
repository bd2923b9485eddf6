/** Transform: adds concepts. */

import type { OperatorFunction } from "rxjs";
import type { Message } from "../core/accounting/message.js";
import { OptionsError } from "../core/errors.js";
import { conceptsFrom } from "../core/input/concepts.js";
import { isPlainObject } from "../core/input/frozen-json.js";
import type { Concept, Input } from "../core/input/input.js";
import { transformOperator } from "../core/plugin/transform-operator.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

type Labels = string | Concept | readonly (string | Concept)[];

/**
 * Adds concepts to each input: names, concepts, or what a function makes of the input, at once or as a promise. A name is the concept's id too. An id that is there
 * already is replaced; empty names are passed by.
 *
 * Keeps order. An input on which the function throws settles as failed.
 *
 * @example flow(folder("./photos")).pipe(label(["holiday", { id: "blurred", value: 0 }]));
 */
export function label(
  labels: Labels | ((input: Input) => Labels | undefined | Promise<Labels | undefined>),
): OperatorFunction<Message, Message> {
  const fixed = typeof labels === "function" ? undefined : fixedConcepts(labels);
  const add = (input: Input, added: readonly Concept[]): Input => {
    if (added.length === 0) return input;
    const kept = input.concepts.filter((concept) => !added.some((other) => other.id === concept.id));
    return { ...input, concepts: [...kept, ...added] };
  };
  return transformOperator({
    name: "label",
    apply(input) {
      if (typeof labels !== "function") return add(input, fixed ?? []);
      return whenThere(labels(input), (found) => add(input, conceptsFrom(found)));
    },
  });
}

function fixedConcepts(labels: Labels): readonly Concept[] {
  const list: readonly unknown[] = Array.isArray(labels) ? labels : [labels];
  if (list.every((entry) => typeof entry === "string" || isPlainObject(entry))) return conceptsFrom(labels);
  const wanted = "a name, a concept { id, name, value }, a list of them, or a function";
  throw new OptionsError("ERR_OPTIONS", `label: the argument must be ${wanted}, got ${formatValue(labels)}`);
}

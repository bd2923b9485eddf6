/** Transform: adds concepts. */

import { OptionsError } from "../core/errors.js";
import { conceptsFrom } from "../core/input/concepts.js";
import { isPlainObject } from "../core/input/frozen-json.js";
import type { Concept, Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format/format-value.js";
import { whenThere } from "../core/util/thenable.js";

type Labels = string | Concept | readonly (string | Concept)[];

/**
 * Adds concepts to each input: names, concepts, or the result of a function of the input, which may be async. A name is also used as the concept's id.
 * A concept with an existing id replaces that concept. Empty names are ignored.
 *
 * Keeps order. An input on which the function throws settles as failed.
 *
 * @throws {OptionsError} ERR_OPTIONS, at once, for fixed concepts
 * @example flow(folder("./photos")).pipe(addConcepts(["holiday", { id: "blurred", value: 0 }]));
 */
export const addConcepts = defineTransform({
  name: "addConcepts",
  parse(concepts: Labels | ((input: Input) => Labels | undefined | Promise<Labels | undefined>)) {
    return typeof concepts === "function" ? concepts : fixedConcepts(concepts);
  },
  apply(input, concepts) {
    if (typeof concepts !== "function") return withConcepts(input, concepts);
    return whenThere(concepts(input), (labels) => withConcepts(input, conceptsFrom(labels)));
  },
});

function withConcepts(input: Input, added: readonly Concept[]): Input {
  if (added.length === 0) return input;
  const others = input.concepts.filter((concept) => !added.some((other) => other.id === concept.id));
  return { ...input, concepts: [...others, ...added] };
}

function fixedConcepts(labels: Labels): readonly Concept[] {
  const list: readonly unknown[] = Array.isArray(labels) ? labels : [labels];
  if (list.every((entry) => typeof entry === "string" || isPlainObject(entry))) return conceptsFrom(labels);
  const expected = "a name, a concept { id, name, value }, a list of them, or a function";
  throw new OptionsError("ERR_OPTIONS", `addConcepts: the argument must be ${expected}, got ${formatValue(labels)}`);
}

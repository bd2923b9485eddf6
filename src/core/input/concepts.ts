/** Makes concepts of what users write: a name, a concept, or a list of them. */

import { InputError } from "../errors.js";
import { formatValue } from "../util/format/format-value.js";
import type { Concept } from "./input.js";

/** Checks the shape, since callers may not use TypeScript. @throws {InputError} ERR_CONCEPT */
function conceptIn(entry: unknown): Concept {
  const { id } = (entry ?? {}) as Partial<Concept>;
  if (typeof id === "string") return entry as Concept;
  throw new InputError("ERR_CONCEPT", `a concept is a name or { id, name, value }, got ${formatValue(entry)}`);
}

/** Returns one concept for each id: the last one in the list. Ignores empty names. @throws {InputError} ERR_CONCEPT, ERR_CONCEPT_VALUE */
export function conceptsFrom(labels: string | Concept | readonly (string | Concept)[] | undefined): Concept[] {
  const list =
    labels === undefined
      ? []
      : Array.isArray(labels)
        ? (labels as readonly (string | Concept)[])
        : [labels as string | Concept];
  const byId = new Map<string, Concept>();
  for (const entry of list) {
    const concept = typeof entry === "string" ? { id: entry.trim() } : { ...conceptIn(entry) };
    if (concept.id === "") continue;
    const { value } = concept;
    if (value !== undefined && !(value >= 0 && value <= 1)) {
      throw new InputError(
        "ERR_CONCEPT_VALUE",
        `the concept "${concept.id}" has the value ${value}; it must be between 0 and 1`,
      );
    }
    byId.set(concept.id, concept);
  }
  return [...byId.values()];
}

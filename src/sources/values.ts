/** Source: inputs from memory, or from any iterable. */

import { OptionsError } from "../core/errors.js";
import type { InputDraft } from "../core/input.js";
import { type Source, shown } from "../core/plugin.js";

/**
 * Yields the inputs of an iterable: an array, a generator, an async generator. It is asked for the next one only when the flow has room.
 *
 * An entry that is no input fails alone; what the iterable throws ends the run. On an early stop the iterable's `return` is called.
 *
 * @example await flow(values([{ id: "note", text: "calm sea" }])).pipe(batch(), upload(app)).run();
 */
export function values(inputs: Iterable<InputDraft> | AsyncIterable<InputDraft>): Source {
  if (!isIterable(inputs)) {
    throw new OptionsError(
      "ERR_OPTIONS",
      `values: the inputs must be a list or another iterable, got ${shown(inputs)}`,
    );
  }
  return {
    name: "values",
    total: Array.isArray(inputs) ? inputs.length : undefined,
    async *read() {
      let position = 0;
      for await (const input of inputs) {
        position += 1;
        yield { origin: `values:${position}`, input };
      }
    },
  };
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** Source: inputs from memory, or from any iterable. */

import * as z from "zod";
import { OptionsError } from "../core/errors.js";
import type { InputDraft } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { draftIds, idsOption } from "../core/plugin/row-ids.js";
import { formatValue } from "../core/util/format-value.js";

const Options = z.strictObject({
  /**
   * What ids are made of: the name of an entry of the metadata, of several, or a function of the input. One value that is a possible id is the id.
   * Default: the input's own id, else a hash of the input and of its occurrence among equal ones.
   */
  ids: idsOption<InputDraft>().optional(),
});
/** Options of `fromIterable`. */
export type FromIterableOptions = OptionsOf<typeof Options>;

/**
 * Yields the inputs of an iterable: an array, a generator, an async generator. It is asked for the next one only when the flow has room.
 *
 * An entry that is no input fails alone; what the iterable throws ends the run. On an early stop the iterable's `return` is called.
 *
 * @example await flow(fromIterable([{ id: "note", text: "calm sea" }])).pipe(batch(), upload(app)).run();
 */
export const fromIterable = defineSource({
  name: "fromIterable",
  parse(inputs: Iterable<InputDraft> | AsyncIterable<InputDraft>, options: FromIterableOptions = {}) {
    const { ids } = parseOptions("fromIterable", Options, options);
    if (isIterable(inputs)) return { inputs, ids };
    const text = `fromIterable: the inputs must be a list or another iterable, got ${formatValue(inputs)}`;
    throw new OptionsError("ERR_OPTIONS", text);
  },
  total: ({ inputs }) => (Array.isArray(inputs) ? inputs.length : undefined),
  async *read({ inputs, ids }) {
    let position = 0;
    const giveId = draftIds(ids);
    for await (const input of inputs) {
      position += 1;
      yield giveId({ origin: `values:${position}`, input }, position);
    }
  },
});

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

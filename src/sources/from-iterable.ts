/** Source: inputs from memory, or from any iterable. */

import * as z from "zod";
import { OptionsError } from "../core/errors.js";
import type { InputDraft } from "../core/input/input.js";
import { datasetsOption, joinDatasets } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { draftIds, idsOption } from "../core/plugin/row-ids.js";
import { formatValue } from "../core/util/format/format-value.js";

const optionFields = {
  /**
   * Source of ids: the name of one metadata entry, the names of several entries, or a function of the input. A single value that is a valid id is used
   * as it is. Default: the input's own id, else a hash of the input and of its occurrence among equal inputs.
   */
  ids: idsOption<InputDraft>().optional(),
  /** Datasets that every input joins, besides its own. */
  datasets: datasetsOption,
};
const Options = z.strictObject(optionFields);
/** Options of `fromIterable`. */
export type FromIterableOptions = OptionsOf<typeof optionFields>;

/**
 * Yields the inputs of an iterable: an array, a generator or an async generator. It requests the next input only when the flow has capacity.
 *
 * Keeps order. An entry that is not a valid input fails alone. If the iterable throws, the run rejects. An early stop calls the iterable's `return`.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) when the iterable throws
 *
 * @example await flow(fromIterable([{ id: "note", text: "calm sea" }])).pipe(batch(), upload(app)).run();
 */
export const fromIterable = defineSource({
  name: "fromIterable",
  parse(inputs: Iterable<InputDraft> | AsyncIterable<InputDraft>, options: FromIterableOptions = {}) {
    const { ids, datasets } = parseOptions("fromIterable", Options, options);
    if (isIterable(inputs)) return { inputs, ids, datasets };
    const text = `fromIterable: the inputs must be a list or another iterable, got ${formatValue(inputs)}`;
    throw new OptionsError("ERR_OPTIONS", text);
  },
  total: ({ inputs }) => (Array.isArray(inputs) ? inputs.length : undefined),
  async *read({ inputs, ids, datasets }) {
    let position = 0;
    const giveId = draftIds(ids);
    const join = joinDatasets(datasets);
    for await (const input of inputs) {
      position += 1;
      yield join(giveId({ origin: `values:${position}`, input }, position));
    }
  },
});

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

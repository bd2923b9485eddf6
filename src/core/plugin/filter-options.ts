/** Checks the filters that a plugin got as options. */

import * as z from "zod";
import { type Filters, filterFields, filterNames } from "../input/filter/filters.js";
import { type OptionsOf, parseOptions } from "./options.js";

/** Filters of inputs, as `searchInputs`, `listInputs` and `filterInputs` accept them. An input must pass all filters that are set. */
export type InputFilters = OptionsOf<typeof filterFields>;

const Schema = z.strictObject(filterFields);

/** Checks filters. @throws {OptionsError} ERR_OPTIONS, also for a filter whose value is undefined */
export function parseFilters(plugin: string, filters: unknown): Filters {
  return parseOptions(plugin, Schema, filters, filterNames);
}

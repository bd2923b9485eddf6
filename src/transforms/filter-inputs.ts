/** Transform: passes the inputs that match filters, or for which a predicate returns true. */

import { InputError, OptionsError } from "../core/errors.js";
import { type Filters, partsFor, type RecordPart } from "../core/input/filter/filters.js";
import { exclusionOf } from "../core/input/filter/passes.js";
import type { Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { type InputFilters, parseFilters } from "../core/plugin/filter-options.js";
import { formatValue } from "../core/util/format/format-value.js";
import { whenThere } from "../core/util/thenable.js";

/** A predicate, which may be async. */
type Predicate = (input: Input) => boolean | Promise<boolean>;

const allParts: ReadonlySet<RecordPart> = new Set(["annotations", "datasets", "sizes"]);

/**
 * Passes the inputs that match all filters, or for which the predicate returns true; the predicate may be async. The other inputs settle as skipped
 * ("dropped by filterInputs").
 *
 * The filters are those of `searchInputs`. Behind `listInputs`, the listing reads what they look at: annotations for `concepts`, what `has` names, datasets for
 * `datasets`, sizes for `minBytes` and `maxBytes`. Keeps order.
 *
 * An input settles as failed if a filter needs a time or a size that the input does not have (ERR_FILTER). It also fails if the predicate throws on
 * it, or returns anything except true and false (ERR_PREDICATE). In JavaScript an object and even an empty list count as true, and a `remove` after this
 * filter would delete inputs that should stay.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(listInputs(app)).pipe(filterInputs({ metadata: { split: "test" }, not: { has: ["annotations"] } }), batch(), remove(app));
 */
export const filterInputs = defineTransform({
  name: "filterInputs",
  parse(filter: InputFilters | Predicate): { predicate: Predicate } | { filters: Filters } {
    if (typeof filter === "function") return { predicate: filter };
    if (typeof filter === "object" && filter !== null && !Array.isArray(filter)) {
      const filters = parseFilters("filterInputs", filter);
      if (Object.keys(filters).length > 0) return { filters };
    }
    const expected = "the filter must be a predicate or an object with at least one filter";
    throw new OptionsError("ERR_OPTIONS", `filterInputs: ${expected}, got ${formatValue(filter)}`);
  },
  parts: (options) => ("filters" in options ? partsFor(options.filters) : []),
  apply(input, options) {
    if ("filters" in options) return exclusionOf(input, options.filters, allParts) === undefined ? input : null;
    return whenThere(options.predicate(input), (result) => (isTrue(result) ? input : null));
  },
});

function isTrue(result: unknown): boolean {
  if (typeof result === "boolean") return result;
  const text = `the predicate returned ${formatValue(result)}; it must return true or false, so convert the value with Boolean(…)`;
  throw new InputError("ERR_PREDICATE", text);
}

/** Transform: passes the inputs for which a predicate returns true. */

import { InputError, OptionsError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

/**
 * Passes the inputs for which the predicate returns true; it may be async. The other inputs settle as skipped ("dropped by filterInputs").
 *
 * Keeps order. An input settles as failed if the predicate throws on it, or returns anything except true and false (ERR_PREDICATE). In JavaScript an
 * object and even an empty list count as true, and a `remove` after this filter would delete inputs that should stay.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(listInputs(app)).pipe(filterInputs((input) => input.metadata.split === "test"), batch(), remove(app));
 */
export const filterInputs = defineTransform({
  name: "filterInputs",
  parse(predicate: (input: Input) => boolean | Promise<boolean>) {
    if (typeof predicate === "function") return predicate;
    const text = `filterInputs: the predicate must be a function, got ${formatValue(predicate)}`;
    throw new OptionsError("ERR_OPTIONS", text);
  },
  apply: (input, predicate) => whenThere(predicate(input), (result) => (isTrue(result) ? input : null)),
});

function isTrue(result: unknown): boolean {
  if (typeof result === "boolean") return result;
  const text = `the predicate returned ${formatValue(result)}; it must return true or false, so convert the value with Boolean(…)`;
  throw new InputError("ERR_PREDICATE", text);
}

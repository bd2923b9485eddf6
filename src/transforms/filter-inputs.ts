/** Transform: keeps the inputs for which a predicate holds. */

import { InputError, OptionsError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

/**
 * Keeps the inputs for which the predicate returns true, at once or as a promise. The others settle as skipped ("dropped by filterInputs"). Keeps order.
 *
 * An input settles as failed if the predicate throws on it, or returns anything but true and false (ERR_PREDICATE): an object and even an empty list
 * count as true in JavaScript, and a `remove` behind it would delete what nobody meant.
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
  apply: (input, predicate) => whenThere(predicate(input), (holds) => (isTrue(holds) ? input : null)),
});

function isTrue(holds: unknown): boolean {
  if (typeof holds === "boolean") return holds;
  const text = `the predicate returned ${formatValue(holds)}; it must return true or false, Boolean(…) makes one of another value`;
  throw new InputError("ERR_PREDICATE", text);
}

/** Transform: keeps the inputs for which a predicate holds. */

import type { OperatorFunction } from "rxjs";
import type { Message } from "../core/accounting/message.js";
import { InputError, OptionsError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { transformOperator } from "../core/plugin/transform-operator.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

/**
 * Keeps the inputs for which the predicate returns true, at once or as a promise. The others settle as skipped ("dropped by where"). Keeps order.
 *
 * An input settles as failed if the predicate throws on it, or returns anything but true and false (ERR_PREDICATE): an object and even an empty list
 * count as true in JavaScript, and a `remove` behind it would delete what nobody meant.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(listInputs(app)).pipe(where((input) => input.metadata.split === "test"), batch(), remove(app));
 */
export function where(predicate: (input: Input) => boolean | Promise<boolean>): OperatorFunction<Message, Message> {
  if (typeof predicate !== "function") {
    throw new OptionsError("ERR_OPTIONS", `where: the predicate must be a function, got ${formatValue(predicate)}`);
  }
  return transformOperator({
    name: "where",
    apply: (input) => whenThere(predicate(input), (holds) => (isTrue(holds) ? input : null)),
  });
}

function isTrue(holds: unknown): boolean {
  if (typeof holds === "boolean") return holds;
  const text = `the predicate returned ${formatValue(holds)}; it must return true or false, Boolean(…) makes one of another value`;
  throw new InputError("ERR_PREDICATE", text);
}

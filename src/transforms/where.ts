/** Transform: keeps the inputs for which a predicate holds. */

import type { OperatorFunction } from "rxjs";
import { OptionsError } from "../core/errors.js";
import type { Input } from "../core/input.js";
import type { Message } from "../core/message.js";
import { shown } from "../core/plugin.js";
import { transformOperator } from "../core/transform-operator.js";

/**
 * Keeps the inputs for which the predicate holds; the others settle as skipped ("dropped by where"). Keeps order. An input on which the
 * predicate throws settles as failed.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(listInputs(app)).pipe(where((input) => input.metadata.split === "test"), batch(), remove(app));
 */
export function where(predicate: (input: Input) => boolean): OperatorFunction<Message, Message> {
  if (typeof predicate !== "function") {
    throw new OptionsError("ERR_OPTIONS", `where: the predicate must be a function, got ${shown(predicate)}`);
  }
  return transformOperator({ name: "where", apply: (input) => (predicate(input) ? input : null) });
}

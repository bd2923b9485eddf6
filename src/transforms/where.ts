/** Transform: keeps the inputs for which a predicate holds. */

import type { OperatorFunction } from "rxjs";
import type { Input } from "../core/input.js";
import type { Message } from "../core/message.js";
import { transformOperator } from "../core/transform-operator.js";

/**
 * Keeps the inputs for which the predicate holds; the others settle as skipped ("dropped by where"). Keeps order. An input on which the
 * predicate throws settles as failed.
 *
 * @example flow(listInputs(app)).pipe(where((input) => input.metadata.split === "test"), batch(), remove(app));
 */
export function where(predicate: (input: Input) => boolean): OperatorFunction<Message, Message> {
  return transformOperator({ name: "where", apply: (input) => (predicate(input) ? input : null) });
}

/** Ids in paths. */

import { InputError } from "../../core/errors.js";

/**
 * An id as one part of a path. Dots alone are refused, since they lead to another path, encoded or not.
 *
 * @throws {InputError} ERR_ID_CHARACTERS
 */
export function pathPart(id: string): string {
  if (/^(?:\.{0,2}|.*\p{Cs}.*)$/su.test(id)) {
    throw new InputError("ERR_ID_CHARACTERS", `the id ${JSON.stringify(id)} cannot be part of an address`);
  }
  return encodeURIComponent(id);
}

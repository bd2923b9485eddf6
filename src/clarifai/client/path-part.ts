/** Encodes ids for paths. */

import { InputError } from "../../core/errors.js";

/**
 * Encodes an id as one part of a path. It refuses ids of dots alone, because they lead to another path, encoded or not.
 *
 * @throws {InputError} ERR_ID_CHARACTERS
 */
export function pathPart(id: string): string {
  if (/^(?:\.{0,2}|.*\p{Cs}.*)$/su.test(id)) {
    throw new InputError("ERR_ID_CHARACTERS", `the id ${JSON.stringify(id)} cannot be part of a URL`);
  }
  return encodeURIComponent(id);
}

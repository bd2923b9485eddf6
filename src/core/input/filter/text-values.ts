/** Values that a command line or a form has as texts. */

import { InputError } from "../../errors.js";
import { parseJson } from "../../util/json/json-text.js";
import type { Json } from "../../util/json/json-values.js";

/**
 * Reads a text as JSON. A text that is not JSON stays a text, and so does a number that JavaScript would change.
 *
 * @throws {InputError} ERR_NUMBER for such a number inside an object or a list
 */
export function valueOfText(text: string): Json {
  try {
    return parseJson(text) as Json;
  } catch (error) {
    if (error instanceof InputError && /^\s*[[{]/.test(text)) throw error;
    return text;
  }
}

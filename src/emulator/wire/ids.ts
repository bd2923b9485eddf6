/** Checks of ids. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { shorten } from "../../core/util/format/shorten.js";
import { ItemRefusal } from "./refusals.js";

const maxLengthInMessages = 60;

/**
 * Returns the id, or refuses it if it is empty or has a control character or half of a surrogate pair.
 *
 * SQLite ends a text at a NUL, and half of a surrogate pair cannot be encoded as UTF-8.
 *
 * @throws {ItemRefusal} 39999
 */
export function checkId(name: string, id: string): string {
  if (id === "") throw new ItemRefusal(statusCodes.INPUT_INVALID_REQUEST, `${name} must not be empty`);
  if (!/[\p{Cc}\p{Cs}]/u.test(id)) return id;
  const quoted = JSON.stringify(shorten(id, maxLengthInMessages));
  throw new ItemRefusal(
    statusCodes.INPUT_INVALID_REQUEST,
    `${name} ${quoted} has a control character or half of a surrogate pair; leave it out`,
  );
}

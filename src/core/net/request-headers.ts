/** Checks request headers that a user sets. */

import { OptionsError } from "../errors.js";
import { shorten } from "../util/format/shorten.js";

const nameForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers that belong to the connection, or that the client sets itself. */
const reserved = new Set([
  ...["host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "upgrade"],
  ...["content-length", "content-type", "transfer-encoding", "expect", "range", "if-range", "accept-encoding"],
]);

/**
 * Checks the names and values of headers, and returns them with names in lower case. Error texts never contain a value, since it may be a secret.
 *
 * @throws {OptionsError} ERR_OPTIONS
 */
export function checkHeaders(plugin: string, headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const refuse = (text: string) => new OptionsError("ERR_OPTIONS", `${plugin}: headers: ${text}`);
    if (!nameForm.test(name)) throw refuse(`"${shorten(name, 40)}" is not the name of a header`);
    const lower = name.toLowerCase();
    if (reserved.has(lower))
      throw refuse(`"${name}" cannot be set; it belongs to the connection, or the client sets it`);
    if (lower in checked) throw refuse(`"${name}" occurs twice`);
    if (typeof value !== "string") throw refuse(`the value of "${name}" is not a text`);
    const text = value.trim();
    if (text === "" || !valueForm.test(text))
      throw refuse(`the value of "${name}" is empty or has characters that headers do not allow`);
    checked[lower] = text;
  }
  return checked;
}

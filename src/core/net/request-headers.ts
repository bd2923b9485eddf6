/** Request headers that a user sets. */

import { OptionsError } from "../errors.js";

const nameForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers that belong to the connection or that fetching sets by itself. */
const reserved = new Set([
  ...["host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "upgrade"],
  ...["content-length", "content-type", "transfer-encoding", "expect", "range", "if-range", "accept-encoding"],
]);

/**
 * Checks the names and values of headers and gives them with names in lower case. A value is never part of an error, since it may be a secret.
 *
 * @throws {OptionsError} ERR_OPTIONS
 */
export function checkHeaders(plugin: string, headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const refuse = (text: string) => new OptionsError("ERR_OPTIONS", `${plugin}: headers: ${text}`);
    if (!nameForm.test(name)) throw refuse(`"${name.slice(0, 40)}" is not the name of a header`);
    const lower = name.toLowerCase();
    if (reserved.has(lower))
      throw refuse(`"${name}" cannot be set; it belongs to the connection or the fetching itself`);
    if (lower in checked) throw refuse(`"${name}" is there twice`);
    if (typeof value !== "string") throw refuse(`the value of "${name}" is not a text`);
    const text = value.trim();
    if (text === "" || !valueForm.test(text))
      throw refuse(`the value of "${name}" is empty or has characters that no header may have`);
    checked[lower] = text;
  }
  return checked;
}

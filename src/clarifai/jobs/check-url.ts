/** Checks the address of a pull. */

import { OptionsError } from "../../core/errors.js";
import { formatValue } from "../../core/util/format/format-value.js";

/** Refuses what is not an address with a scheme. The error does not print an address, which may contain a password. @throws {OptionsError} ERR_OPTIONS */
export function checkUrlText(caller: string, url: unknown): void {
  if (typeof url === "string" && /^[a-z][a-z0-9+.-]*:\/\/./i.test(url)) return;
  const found = typeof url === "string" ? "a text without a scheme" : formatValue(url);
  throw new OptionsError("ERR_OPTIONS", `${caller}: url must be an address such as s3://bucket/photos/, got ${found}`);
}

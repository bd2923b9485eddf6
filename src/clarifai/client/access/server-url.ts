/** Addresses of servers: checks those that the options of a connection name. */

import { describeError, OptionsError } from "../../../core/errors.js";
import { isLoopbackHost } from "../../../core/net/addresses.js";
import { checkUrl } from "../../../core/net/guarded-fetch.js";

/**
 * Returns the URL without slashes at its end. Refuses a URL that cannot be a base, without printing a part that may be a password. `needsTls` says that
 * the requests carry a secret, which does not go over plain HTTP to other machines.
 *
 * @throws {OptionsError} ERR_OPTIONS, ERR_CREDENTIALS
 */
export function checkServerUrl(name: "baseUrl" | "grpcUrl", text: string, needsTls: boolean): string {
  let url: URL;
  try {
    url = checkUrl(text);
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `connect: ${name}: ${describeError(error)}`);
  }
  if (url.search !== "" || url.hash !== "") {
    const parts = [url.search === "" ? "" : "a query", url.hash === "" ? "" : "a fragment"].filter(
      (part) => part !== "",
    );
    const reason = `has ${parts.join(" and ")} at its end, which requests cannot carry`;
    throw new OptionsError("ERR_OPTIONS", `connect: ${name}: ${url.origin}${url.pathname} ${reason}; leave it out`);
  }
  if (needsTls && url.protocol === "http:" && !isLoopbackHost(url.hostname)) {
    const hint = "use https, or pass allowHttp: true in a network that you trust";
    throw new OptionsError("ERR_CREDENTIALS", `connect: ${url.origin} would receive the key unencrypted; ${hint}`);
  }
  return text.replace(/\/+$/, "");
}

/** Settings of proxies: an option, or the environment. */

import { OptionsError } from "../../errors.js";
import { isLoopbackHost } from "../addresses.js";
import { HttpProxy, parseProxy } from "./http-proxy.js";
import { readNoProxy } from "./no-proxy.js";

/** Finds the proxy for a URL; undefined if the connection is direct. */
export type ProxyFor = (url: URL) => HttpProxy | undefined;

/**
 * Reads the settings of proxies; `plugin` names the plugin with the option. A URL is the proxy of all servers, and false is none. Without the option,
 * HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide, in lower or upper case. This machine is never reached through a proxy. Returns undefined if there is no
 * proxy at all.
 *
 * @throws {OptionsError} ERR_OPTIONS
 */
export function proxiesOf(plugin: string, option: string | false | undefined): ProxyFor | undefined {
  if (option === false) return undefined;
  if (option !== undefined) {
    const proxy = proxyOf(plugin, option, "proxy");
    return (url) => (isLoopbackHost(url.hostname) ? undefined : proxy);
  }
  const [plain, secure] = [fromEnvironment(plugin, "HTTP_PROXY"), fromEnvironment(plugin, "HTTPS_PROXY")];
  if (!plain && !secure) return undefined;
  const exempts = readNoProxy(variable("NO_PROXY")?.text ?? "");
  return (url) => {
    const proxy = url.protocol === "https:" ? secure : plain;
    if (!proxy || isLoopbackHost(url.hostname)) return undefined;
    return exempts(url.hostname, portOf(url)) ? undefined : proxy;
  };
}

/** Returns the port that a URL means. */
export function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === "https:" ? 443 : 80);
}

function fromEnvironment(plugin: string, name: string): HttpProxy | undefined {
  // In a CGI program, the header `Proxy` of a request sets HTTP_PROXY.
  const found = variable(name, name === "HTTP_PROXY" && process.env.REQUEST_METHOD !== undefined);
  return found && proxyOf(plugin, found.text, found.name);
}

/** Returns the value of a variable and its name; lower case comes first, as with curl. Undefined if it is empty. */
function variable(name: string, onlyLowerCase = false): { name: string; text: string } | undefined {
  for (const spelling of onlyLowerCase ? [name.toLowerCase()] : [name.toLowerCase(), name]) {
    const text = process.env[spelling]?.trim();
    if (text) return { name: spelling, text };
  }
  return undefined;
}

function proxyOf(plugin: string, text: string, setting: string): HttpProxy {
  const url = parseProxy(text.trim());
  if (!("reason" in url)) return new HttpProxy(url, setting);
  throw new OptionsError("ERR_OPTIONS", `${plugin}: ${setting}: ${url.reason}`);
}

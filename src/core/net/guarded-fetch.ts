/** Guarded fetching: connects only to public addresses, and exactly to the address that was checked. */

import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import { InputError } from "../errors.js";
import { redactUrl } from "../redact-urls.js";
import { shorten } from "../util/format/shorten.js";
import { isLoopbackAddress, isLoopbackHost, isPublicAddress, nameOfHost } from "./addresses.js";
import { Agent, buildConnector, type Connector } from "./http.js";
import { forwarding } from "./proxy/forwarding.js";
import type { ProxyFor } from "./proxy/proxies.js";
import { throughProxies } from "./proxy/tunnel.js";

const agents = new Map<PrivateAccess, Dispatcher>();
const agentsOfProxies = new WeakMap<ProxyFor, Map<PrivateAccess, Dispatcher>>();

/** Access beyond the public network: none, this machine, or all. */
export type PrivateAccess = boolean | "loopback";

export interface GuardOptions {
  /** Resolves names. Default: that of the system. */
  lookup?: typeof systemLookup | undefined;
  /** Default: no proxies. */
  proxyFor?: ProxyFor | undefined;
}

/** Longest time to resolve a name that the proxy resolves again, in milliseconds. */
const lookupTimeoutMs = 3000;
/** Names that do not exist in the public network, or that have no dot. */
const localName = /^[^.]*$|\.(?:local|lan|home|corp|intranet|private|home\.arpa)$/;
/** Names of the metadata services of clouds, which hand out credentials. */
const metadataNames = new Set([
  ...["metadata", "instance-data", "metadata.goog", "metadata.amazonaws.com", "metadata.azure.com"],
  ...["metadata.packet.net", "metadata.platformequinix.com", "metadata.tencentyun.com", "api.metadata.cloud.ibm.com"],
]);
/** Maximum characters of a refused URL in an error text. */
const maxUrlLength = 300;
/** Names that do not exist in the public network. */
const internalName = /(?:^|\.)(?:internal|localhost)$/;
/**
 * Returns an HTTP agent that refuses private, loopback, link-local, multicast and reserved addresses, and the names of metadata services.
 *
 * It resolves a name once for each connection, checks all addresses, and connects to a checked address. So an attacker gains nothing by changing the DNS
 * answer between check and use. It does not follow redirects: `followRedirects` sends a new request for each.
 *
 * Behind a proxy, the proxy resolves the name again, and decides where it connects to. The agent still refuses what it can see: addresses in the URL,
 * internal names, and names that resolve here to an address that is not public.
 */
export function guardedAgent(allowPrivate: PrivateAccess, options: GuardOptions = {}): Dispatcher {
  const { lookup, proxyFor } = options;
  if (lookup) return makeAgent(allowPrivate, options);
  const ofProxies = proxyFor ? (agentsOfProxies.get(proxyFor) ?? new Map<PrivateAccess, Dispatcher>()) : agents;
  if (proxyFor) agentsOfProxies.set(proxyFor, ofProxies);
  let agent = ofProxies.get(allowPrivate);
  if (!agent) ofProxies.set(allowPrivate, (agent = makeAgent(allowPrivate, options)));
  return agent;
}

/** Checks the text of a URL, without resolving its host. @throws {InputError} ERR_URL, ERR_URL_SCHEME, ERR_URL_CREDENTIALS */
export function checkUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Without a cause: the error of the parser contains the whole text.
    throw new InputError("ERR_URL", `"${short(text)}" is not a URL`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InputError("ERR_URL_SCHEME", `"${short(text)}" is not http or https`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InputError("ERR_URL_CREDENTIALS", `the URL of ${url.host} carries a user name or password`);
  }
  return url;
}

/** Shortens a URL for an error text; a `data:` URL may be very long. */
function short(text: string): string {
  return shorten(redactUrl(text), maxUrlLength);
}

function makeAgent(allowPrivate: PrivateAccess, { lookup = systemLookup, proxyFor }: GuardOptions): Dispatcher {
  const allows = (address: string) =>
    allowPrivate === true || isPublicAddress(address) || (allowPrivate === "loopback" && isLoopbackAddress(address));
  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 4);
      const refused = addresses.find(({ address }) => !allows(address));
      const [chosen] = addresses;
      if (!chosen) return callback(new Error(`${hostname} has no address`), "", 4);
      if (refused) return callback(privateError(hostname, refused.address), "", 4);
      if (options.all) callback(null, addresses);
      else callback(null, chosen.address, chosen.family);
    });
  };
  const connect = buildConnector({ lookup: checkedLookup, timeout: 15_000 });
  const through = proxyFor && throughProxies(proxyFor, connect);
  const guarded: Connector = (options, callback) => {
    const host = nameOfHost(options.hostname);
    if (isIP(host) !== 0 ? !allows(host) : isInternal(host, allowPrivate)) {
      callback(privateError(host, host), null);
      return;
    }
    if (!through || allowPrivate === true || !proxyFor?.(new URL(`${options.protocol}//${options.host}`))) {
      (through ?? connect)(options, callback);
      return;
    }
    checkName(host, lookup, allows).then(
      () => through(options, callback),
      (error: Error) => callback(error, null),
    );
  };
  const agent = new Agent({ connect: guarded, keepAliveTimeout: 4000, maxHeaderSize: 16_384 });
  return proxyFor ? forwarding(agent, proxyFor) : agent;
}

/** Checks a name before a proxy gets it. A name that this machine cannot resolve passes, unless it is a local one. @throws {InputError} ERR_ADDRESS_PRIVATE */
async function checkName(host: string, lookup: typeof systemLookup, allows: (address: string) => boolean) {
  if (isIP(host) !== 0) return;
  const addresses = await new Promise<LookupAddress[]>((resolve) => {
    const late = setTimeout(() => resolve([]), lookupTimeoutMs);
    lookup(host, { all: true }, (error, found) => {
      clearTimeout(late);
      resolve(error ? [] : found);
    });
  });
  const refused = addresses.find(({ address }) => !allows(address));
  if (refused) throw privateError(host, refused.address);
  if (addresses.length === 0 && localName.test(host)) throw privateError(host, host);
}

function isInternal(name: string, allowPrivate: PrivateAccess): boolean {
  if (allowPrivate === true || (allowPrivate === "loopback" && isLoopbackHost(name))) return false;
  return metadataNames.has(name) || internalName.test(name);
}

function privateError(host: string, address: string): InputError {
  const text = host === address ? host : `${host} (${address})`;
  return new InputError("ERR_ADDRESS_PRIVATE", `${text} is not a public address; allowPrivate: true permits it`);
}

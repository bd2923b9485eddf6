/** Guarded fetching: connects to public addresses only, and to the very address that was checked. */

import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { InputError } from "../errors.js";
import { redactUrl } from "../redact-urls.js";
import { shorten } from "../util/shorten.js";
import { Agent, buildConnector, type Connector } from "./http.js";

const agents = new Map<string, Agent>();

/** What may be reached besides the public network: nothing, this machine alone, or everything. */
export type PrivateAccess = boolean | "loopback";

/** Names under which clouds tell machines about themselves, keys included. */
const metadataNames = new Set([
  ...["metadata", "instance-data", "metadata.goog", "metadata.amazonaws.com", "metadata.azure.com"],
  ...["metadata.packet.net", "metadata.platformequinix.com", "metadata.tencentyun.com", "api.metadata.cloud.ibm.com"],
]);
/** Most characters of a refused URL in an error text. */
const maxUrlLength = 300;
/** Names that are nobody's out in the network. */
const internalName = /(?:^|\.)(?:internal|localhost)$/;
/** Serves metadata on Azure, and looks public. */
const azureAgent = "168.63.129.16";

/**
 * An HTTP agent that refuses private, loopback, link-local, multicast and reserved addresses, and the names of metadata services. A name is
 * resolved once for each connection, all its addresses are checked, and the connection goes to one of those that were checked, so that an
 * answer that changes between check and use gains nothing. It does not follow redirects; `followRedirects` does, and asks for each anew.
 */
export function guardedAgent(allowPrivate: PrivateAccess, lookup: typeof systemLookup = systemLookup): Agent {
  if (lookup !== systemLookup) return makeAgent(allowPrivate, lookup);
  const key = String(allowPrivate);
  let agent = agents.get(key);
  if (!agent) agents.set(key, (agent = makeAgent(allowPrivate, lookup)));
  return agent;
}

/** Checks what can be seen of a URL itself. @throws {InputError} ERR_URL, ERR_URL_SCHEME, ERR_URL_CREDENTIALS */
export function checkUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // No cause: the error of the parser has the whole text in it.
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

/** Of a `data:` URL, say, only its beginning. */
function short(text: string): string {
  return shorten(redactUrl(text), maxUrlLength);
}

/** Whether an address is out in the public network. */
export function isPublicAddress(address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed?.range() !== "unicast" || parsed.toString() === azureAgent) return false;
  return parsed.kind() !== "ipv6" || isGlobal(parsed as ipaddr.IPv6);
}

/** Whether a host, as a URL has it, is this machine by its very name. */
export function isLoopbackHost(host: string): boolean {
  const name = nameOf(host);
  return name === "localhost" || name.endsWith(".localhost") || isLoopbackAddress(name);
}

function isLoopbackAddress(address: string): boolean {
  return parseAddress(address)?.range() === "loopback";
}

/** An IPv4 address inside IPv6 counts as what it is. */
function parseAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = address.replace(/%.*$/, "");
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

/** 2000::/3 is all that is given out; in it, 2002::/16 and ISATAP carry an IPv4 address that may be any. */
function isGlobal({ parts }: ipaddr.IPv6): boolean {
  const [first = 0, , , , fifth = 0, sixth] = parts;
  return first >>> 13 === 1 && first !== 0x2002 && !((fifth & 0xfdff) === 0 && sixth === 0x5efe);
}

function nameOf(host: string): string {
  return host
    .replace(/^\[|\]$/g, "")
    .replace(/\.+$/, "")
    .toLowerCase();
}

function makeAgent(allowPrivate: PrivateAccess, lookup: typeof systemLookup): Agent {
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
  const guarded: Connector = (options, callback) => {
    const host = nameOf(options.hostname);
    if (isIP(host) !== 0 ? !allows(host) : isInternal(host, allowPrivate)) {
      callback(privateError(host, host), null);
      return;
    }
    connect(options, callback);
  };
  return new Agent({ connect: guarded, keepAliveTimeout: 4000, maxHeaderSize: 16_384 });
}

function isInternal(name: string, allowPrivate: PrivateAccess): boolean {
  if (allowPrivate === true || (allowPrivate === "loopback" && isLoopbackHost(name))) return false;
  return metadataNames.has(name) || internalName.test(name);
}

function privateError(host: string, address: string): InputError {
  const text = host === address ? host : `${host} (${address})`;
  return new InputError("ERR_ADDRESS_PRIVATE", `${text} is not a public address; allowPrivate: true permits it`);
}

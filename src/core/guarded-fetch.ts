/** Guarded fetching: connects to public addresses only, and to the very address that was checked. */

import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { InputError } from "./errors.js";
import { Agent, buildConnector, type Connector } from "./http.js";

const agents = new Map<string, Agent>();

/**
 * An HTTP agent that refuses private, loopback, link-local, multicast and reserved addresses, and the names of metadata services. A name is
 * resolved once for each connection, all its addresses are checked, and the connection goes to one of those that were checked, so that an
 * answer that changes between check and use gains nothing. It does not follow redirects: check each address with `checkUrl` and ask again.
 */
export function guardedAgent(allowPrivate: boolean, lookup: typeof systemLookup = systemLookup): Agent {
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
  } catch (error) {
    throw new InputError("ERR_URL", `"${text}" is not a URL`, { cause: error });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InputError("ERR_URL_SCHEME", `"${text}" is not http or https`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InputError("ERR_URL_CREDENTIALS", `the URL of ${url.host} carries a user name or password`);
  }
  return url;
}

/** Whether an address is out in the public network. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, "");
  if (!ipaddr.isValid(bare)) return false;
  const parsed = ipaddr.process(bare); // an IPv4 address inside IPv6 counts as what it is
  if (parsed.range() !== "unicast") return false;
  return parsed.kind() !== "ipv6" || !embedsPrivate(parsed as ipaddr.IPv6);
}

/** Transition forms that carry an IPv4 address: 64:ff9b::/96, 2002::/16, ::a.b.c.d and site-local. */
function embedsPrivate(address: ipaddr.IPv6): boolean {
  const [first = 0, second = 0] = address.parts;
  if ((first & 0xffc0) === 0xfec0) return true;
  if (first === 0x2002 || (first === 0x64 && second === 0xff9b)) return true;
  return address.parts.slice(0, 6).every((part) => part === 0);
}

function makeAgent(allowPrivate: boolean, lookup: typeof systemLookup): Agent {
  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 4);
      const refused = addresses.find(({ address }) => !isPublicAddress(address));
      const [chosen] = addresses;
      if (!chosen) return callback(new Error(`${hostname} has no address`), "", 4);
      if (refused && !allowPrivate) return callback(privateError(hostname, refused.address), "", 4);
      if (options.all) callback(null, addresses);
      else callback(null, chosen.address, chosen.family);
    });
  };
  const connect = buildConnector({ lookup: checkedLookup, timeout: 15_000 });
  const guarded: Connector = (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, "");
    if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) {
      callback(privateError(host, host), null);
      return;
    }
    connect(options, callback);
  };
  return new Agent({ connect: guarded, keepAliveTimeout: 4000, maxHeaderSize: 16_384 });
}

function privateError(host: string, address: string): InputError {
  const text = host === address ? host : `${host} (${address})`;
  return new InputError("ERR_ADDRESS_PRIVATE", `${text} is not a public address; allowPrivate: true permits it`);
}

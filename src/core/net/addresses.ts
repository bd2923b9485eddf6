/** Addresses of the network: which are public, and which are this machine. */

import ipaddr from "ipaddr.js";

/** Serves metadata on Azure, although the address is in a public range. */
const azureAgent = "168.63.129.16";

/** Whether an address is in the public network. */
export function isPublicAddress(address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed?.range() !== "unicast" || parsed.toString() === azureAgent) return false;
  return parsed.kind() !== "ipv6" || isGlobal(parsed as ipaddr.IPv6);
}

/** Whether the host of a URL is this machine by its name. */
export function isLoopbackHost(host: string): boolean {
  const name = nameOfHost(host);
  return name === "localhost" || name.endsWith(".localhost") || isLoopbackAddress(name);
}

/** Whether an address is one of this machine to itself. */
export function isLoopbackAddress(address: string): boolean {
  return parseAddress(address)?.range() === "loopback";
}

/** Parses an address; an IPv4 address inside an IPv6 address becomes IPv4. */
function parseAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = address.replace(/%.*$/, "");
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

/** Global addresses are in 2000::/3. Of these, 2002::/16 and ISATAP addresses contain an IPv4 address, which may be private. */
function isGlobal({ parts }: ipaddr.IPv6): boolean {
  const [first = 0, , , , fifth = 0, sixth] = parts;
  return first >>> 13 === 1 && first !== 0x2002 && !((fifth & 0xfdff) === 0 && sixth === 0x5efe);
}

/** Returns the name or address of a host: without brackets and dots at its end, in lower case. */
export function nameOfHost(host: string): string {
  return host
    .replace(/^\[|\]$/g, "")
    .replace(/\.+$/, "")
    .toLowerCase();
}

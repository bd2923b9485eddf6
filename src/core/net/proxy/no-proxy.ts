/** NO_PROXY: hosts that are reached without a proxy. */

import ipaddr from "ipaddr.js";
import { nameOfHost } from "../addresses.js";

/** Returns whether a host and port are exempt. */
export type Exempts = (host: string, port: number) => boolean;

/**
 * Reads a list of hosts, separated by commas or spaces, as curl and most programs do: `*` is every host, `example.com` (also `.example.com` and
 * `*.example.com`) is the host with all hosts below it, `10.0.0.0/8` is a range of addresses, and a port at the end limits an entry to that port.
 */
export function readNoProxy(list: string): Exempts {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== "");
  const rules = entries.map(ruleOf);
  return (host, port) => {
    const name = nameOfHost(host);
    return rules.some((rule) => rule(name, port));
  };
}

function ruleOf(entry: string): Exempts {
  if (entry === "*") return () => true;
  if (entry.includes("/")) return rangeRule(entry);
  const bare = nameOfHost(entry);
  if (ipaddr.isValid(bare)) return addressRule(bare);
  const [, host = entry, digits] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  const name = nameOfHost(host).replace(/^\*?\.?/, "");
  const isHost = ipaddr.isValid(name) ? addressRule(name) : nameRule(name);
  const port = digits === undefined ? undefined : Number(digits);
  return (other, otherPort) => (port === undefined || port === otherPort) && isHost(other, otherPort);
}

function nameRule(name: string): Exempts {
  return (other) => name !== "" && (other === name || other.endsWith(`.${name}`));
}

function addressRule(address: string): Exempts {
  const normal = ipaddr.process(address).toString();
  return (other) => ipaddr.isValid(other) && ipaddr.process(other).toString() === normal;
}

function rangeRule(entry: string): Exempts {
  let range: ReturnType<typeof ipaddr.parseCIDR>;
  try {
    range = ipaddr.parseCIDR(entry.replace(/[[\]]/g, ""));
  } catch {
    return () => false;
  }
  return (other) => {
    if (!ipaddr.isValid(other)) return false;
    const address = ipaddr.process(other);
    return address.kind() === range[0].kind() && address.match(range);
  };
}

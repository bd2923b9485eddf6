/** Refuses connections to other machines, in the processes of vitest and in the Node.js programs that tests start. */

import dns from "node:dns";
import { BlockList, isIP, Socket } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const mark = Symbol.for("sluice.test.loopback-only");
if (!Socket.prototype[mark]) {
  // Every TCP and TLS connection of Node.js calls this method, also those of undici, fetch and node:http.
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (...args) {
    // node:net itself calls the method with [[options, callback]].
    const [first, second] = Array.isArray(args[0]) ? args[0] : args;
    const options = optionsOf(first, second);
    if (!options || options.path) return connect.apply(this, args);
    const host = options.host || "localhost";
    if (isIP(host) !== 0 && !isLoopback(host)) return refused(this, host);
    const withLookup = { ...options, lookup: checked(options.lookup) };
    if (Array.isArray(args[0])) args[0][0] = withLookup;
    else args.splice(0, args.length, withLookup, ...args.filter((argument) => typeof argument === "function"));
    return connect.apply(this, args);
  };
  Object.defineProperty(Socket.prototype, mark, { value: true });
}

function optionsOf(first, second) {
  if (typeof first === "object" && first !== null) return first;
  const port = Number(first);
  if (!(port >= 0)) return undefined; // the path of a Unix socket
  return { port, host: typeof second === "string" ? second : undefined };
}

/** Wraps a lookup of host names. Without a lookup of its own, a connection may look up only names of this machine, since others need a DNS server. */
function checked(lookup) {
  return (hostname, options, callback) => {
    if (!lookup && !/(?:^|\.)localhost$/.test(hostname)) return callback(refusal(hostname));
    (lookup ?? dns.lookup)(hostname, options, (error, result, family) => {
      if (error) return callback(error, result, family);
      const addresses = Array.isArray(result) ? result.map(({ address }) => address) : [result];
      const outside = addresses.find((address) => isIP(address) !== 0 && !isLoopback(address));
      if (outside) callback(refusal(outside));
      else callback(null, result, family);
    });
  };
}

/** Whether an address is a loopback address, also if it is an IPv4 address in the form of IPv6. */
function isLoopback(address) {
  return loopback.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function refused(socket, address) {
  return socket.destroy(refusal(address));
}

function refusal(address) {
  const error = new Error(`tests connect to this machine only, and not to ${address}`);
  return Object.assign(error, { code: "ERR_NOT_LOOPBACK", address });
}

/** Keeps the tests on this machine: no connection leaves it. For the processes of vitest, and the Node.js programs that tests start. */

import dns from "node:dns";
import { BlockList, isIP, Socket } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const mark = Symbol.for("sluice.test.loopback-only");
if (!Socket.prototype[mark]) {
  // Every TCP and TLS connection of Node.js comes by here, those of undici, fetch and node:http too.
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (...args) {
    // What node:net itself calls with is [[options, callback]].
    const [first, second] = Array.isArray(args[0]) ? args[0] : args;
    const options = optionsOf(first, second);
    if (!options || options.path) return connect.apply(this, args);
    const host = options.host || "localhost";
    if (isIP(host) !== 0 && !isLoopback(host)) return refused(this, host);
    const given = { ...options, lookup: checked(options.lookup) };
    if (Array.isArray(args[0])) args[0][0] = given;
    else args.splice(0, args.length, given, ...args.filter((argument) => typeof argument === "function"));
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

/** Names are looked up as ever, except that without a lookup of their own only those of this machine are: a question to a server leaves it. */
function checked(lookup) {
  return (hostname, options, callback) => {
    if (!lookup && !/(?:^|\.)localhost$/.test(hostname)) return callback(refusal(hostname));
    (lookup ?? dns.lookup)(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family);
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      const outside = addresses.find((address) => isIP(address) !== 0 && !isLoopback(address));
      if (outside) callback(refusal(outside));
      else callback(null, found, family);
    });
  };
}

/** An IPv4 address inside IPv6 counts as what it is. */
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

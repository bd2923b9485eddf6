/**
 * A link of a limited rate: a network namespace for the server, and a pair of virtual devices whose queues send no faster than the rate, in both
 * directions. Needs Linux, the rights of root, and `ip` and `tc` (the package iproute2).
 */

import { execFileSync } from "node:child_process";

const space = "sluice-bench";
const [near, far] = ["sluicebench0", "sluicebench1"];
const [here, there] = ["10.213.7.1", "10.213.7.2"];

/** Opens the link. `rate` is one that `tc` knows, such as 200mbit; `delayMs` is added in each direction. */
export function openLink(rate, delayMs = 0) {
  if (!/^\d+(\.\d+)?[kmg]bit$/.test(rate)) throw new Error(`--link ${rate}: expected a rate such as 200mbit`);
  closeLink();
  try {
    ip("netns", "add", space);
    ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space);
    ip("addr", "add", `${here}/30`, "dev", near);
    ip("link", "set", near, "up");
    ip("-n", space, "addr", "add", `${there}/30`, "dev", far);
    for (const device of [far, "lo"]) ip("-n", space, "link", "set", device, "up");
    shape([], near, rate, delayMs);
    shape(["-n", space], far, rate, delayMs);
  } catch (error) {
    closeLink();
    throw new Error(`--link: this machine does not allow a network namespace: ${error.message}`, { cause: error });
  }
  process.once("exit", closeLink);
  return { host: there, execPath: "ip", execArgv: ["netns", "exec", space, process.execPath] };
}

function shape(within, device, rate, delayMs) {
  // The burst is small against a request, and large enough for the rate at 250 wake-ups a second.
  run("tc", [
    ...within,
    "qdisc",
    "add",
    "dev",
    device,
    "root",
    "handle",
    "1:",
    "tbf",
    "rate",
    rate,
    "burst",
    "512kb",
    "latency",
    "100ms",
  ]);
  if (delayMs > 0) {
    run("tc", [
      ...within,
      "qdisc",
      "add",
      "dev",
      device,
      "parent",
      "1:",
      "netem",
      "delay",
      `${delayMs}ms`,
      "limit",
      "100000",
    ]);
  }
}

function closeLink() {
  try {
    ip("netns", "delete", space); // takes both devices with it
  } catch {
    // There is none.
  }
}

function ip(...args) {
  run("ip", args);
}

function run(command, args) {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** The tests themselves connect only to this machine. */

import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp, type LookupFunction, Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { Agent, request } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";

const outside = "203.0.113.1";
const refusal = { code: "ERR_NOT_LOOPBACK", message: expect.stringContaining(outside) };

const failure = (socket: Socket) => new Promise((_, reject) => void socket.once("error", reject));
/** A DNS lookup that returns this address for every name, in both forms of Node.js. */
const answers =
  (address: string): LookupFunction =>
  (_, options, callback) =>
    options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4);

describe("a connection of a test", () => {
  it.each<[string, () => Socket]>([
    ["a port and a host", () => new Socket().connect(80, outside)],
    ["options", () => new Socket().connect({ host: outside, port: 80 })],
    ["net.connect", () => connectTcp(80, outside)],
    ["tls.connect", () => connectTls({ host: outside, port: 443 })],
  ])("is refused before a packet is sent: %s", async (_, open) => {
    const socket = open();
    expect(socket.destroyed).toBe(true);
    expect(socket.connecting).toBe(false);
    await expect(failure(socket)).rejects.toMatchObject(refusal);
  });

  it.each([outside, `::ffff:${outside}`, "10.0.0.1", "2001:db8::1", "0.0.0.0"])("does not go to %s", async (host) => {
    await expect(failure(connectTcp(80, host))).rejects.toMatchObject({ code: "ERR_NOT_LOOPBACK", address: host });
  });

  it("is refused if the name resolves to another machine", async () => {
    const lookup = answers(outside);
    await expect(failure(connectTcp({ host: "a.test", port: 80, lookup }))).rejects.toMatchObject(refusal);
    const dispatcher = new Agent({ connect: { lookup } });
    await expect(request("http://a.test/", { dispatcher })).rejects.toMatchObject(refusal);
  });

  it("sends no DNS query for a name", async () => {
    await expect(failure(connectTcp(80, "a.test"))).rejects.toMatchObject({ address: "a.test" });
  });

  it("is refused from fetch and undici, and from child processes of tests", async () => {
    await expect(fetch(`http://${outside}/`)).rejects.toMatchObject({ cause: refusal });
    await expect(request(`http://${outside}/`)).rejects.toMatchObject(refusal);
    const script = `require("net").connect(80, "${outside}")`;
    expect(spawnSync(process.execPath, ["-e", script], { encoding: "utf8" }).stderr).toContain("ERR_NOT_LOOPBACK");
  });

  it("reaches this machine by address, by name, and by socket path", async () => {
    const path = join(import.meta.dirname, `../node_modules/.cache/loopback-only-${process.pid}.sock`);
    const listening = async (...place: [string] | [number, string]) => {
      const server = createServer((_, response) => response.end("here"));
      onTestFinished(() => void server.close());
      await new Promise<void>((resolve) => void server.listen(...(place as [number, string]), resolve));
      return server.address() as AddressInfo;
    };
    await listening(path);
    const { port } = await listening(0, "127.0.0.1");
    for (const host of ["127.0.0.1", "localhost"]) {
      expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe("here");
    }
    const dispatcher = new Agent({ connect: { lookup: answers("127.0.0.1") } });
    expect(await (await request(`http://a.test:${port}/`, { dispatcher })).body.text()).toBe("here");
    const socket = connectTcp(path);
    await new Promise<void>((resolve) => void socket.once("connect", resolve));
    socket.destroy();
  });
});

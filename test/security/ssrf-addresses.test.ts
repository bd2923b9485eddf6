/** SSRF: URLs, names and DNS answers that lead to addresses which are not public. */

import type { lookup as systemLookup } from "node:dns";
import { describe, expect, it, onTestFinished } from "vitest";
import { isPublicAddress } from "../../src/core/net/addresses.js";
import { guardedAgent, type PrivateAccess } from "../../src/core/net/guarded-fetch.js";
import { urls } from "../../src/index.js";
import { itemsOf } from "../helpers/sources.js";
import { startWeb } from "../helpers/web.js";

/** Listens on loopback. The tests check that no blocked request reaches it. */
const inside = await startWeb({ "/": (response) => response.end("secret") });
const { port } = inside;

/** A DNS lookup that returns the next list on each call, and then the last list again. */
function fakeLookup(...answers: readonly string[][]) {
  let asked = 0;
  const lookup = (_name: string, _options: object, done: (error: Error | null, addresses: object[]) => void) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    setImmediate(() => {
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
    });
  };
  return { lookup: lookup as unknown as typeof systemLookup, asked: () => asked };
}

/** Requests a name with this lookup, and returns the HTTP status or the error code. */
async function ask(host: string, lookup: typeof systemLookup, access: PrivateAccess = false): Promise<number | string> {
  const agent = guardedAgent(access, { lookup });
  onTestFinished(() => agent.destroy());
  try {
    const { statusCode, body } = await agent.request({ origin: `http://${host}:${port}`, path: "/", method: "GET" });
    await body.dump();
    return statusCode;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("blocked: URLs with a private address in any spelling", () => {
  const spellings: [what: string, host: string][] = [
    ["loopback", "127.0.0.1"],
    ["loopback with a trailing dot", "127.0.0.1."],
    ["the end of loopback", "127.255.255.254"],
    ["loopback in two parts", "127.1"],
    ["loopback in three parts", "127.0.1"],
    ["loopback as a number", "2130706433"],
    ["loopback as an octal number", "017700000001"],
    ["loopback as a hexadecimal number", "0x7f000001"],
    ["loopback in octal parts", "0177.0.0.01"],
    ["loopback in octal parts with many zeros", "0000177.0000.0000.0001"],
    ["loopback in hexadecimal parts", "0x7F.0x0.0x0.0x1"],
    ["loopback in mixed parts", "127.0x0.00.1"],
    ["loopback with percent signs", "%31%32%37%2e0.0.1"],
    ["loopback with wide digits", "１２７.０.０.１"],
    ["loopback with circled digits", "①②⑦.⓪.⓪.①"],
    ["loopback with mathematical digits", "𝟏𝟐𝟕.𝟎.𝟎.𝟏"],
    ["loopback with superscript digits", "¹²⁷.0.0.¹"],
    ["loopback with ideographic dots", "127。0。0。1"],
    ["loopback with wide dots", "127．0．0．1"],
    ["loopback with half-width dots", "127｡0｡0｡1"],
    ["loopback with a soft hyphen", "127.0.0.1\u00ad"],
    ["loopback with a zero-width space", "127\u200b.0.0.1"],
    ["this network", "0.0.0.0"],
    ["this network as a number", "0"],
    ["this network in hexadecimal", "0x0"],
    ["a host of this network", "0.1.2.3"],
    ["localhost", "localhost"],
    ["localhost with a trailing dot", "localhost."],
    ["localhost in capitals", "LOCALHOST"],
    ["localhost in circled letters", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"],
    ["localhost with a long s", "localho\u017ft"],
    ["a name below localhost", "sub.localhost"],
    ["IPv6 loopback", "[::1]"],
    ["IPv6 loopback in full", "[0000:0000:0000:0000:0000:0000:0000:0001]"],
    ["IPv6 loopback with a dotted end", "[::0.0.0.1]"],
    ["IPv6 unspecified", "[::]"],
    ["mapped loopback", "[::ffff:127.0.0.1]"],
    ["mapped loopback in hexadecimal", "[::ffff:7f00:1]"],
    ["mapped loopback in full", "[0:0:0:0:0:ffff:127.0.0.1]"],
    ["mapped private network", "[::ffff:10.0.0.1]"],
    ["mapped metadata service", "[::ffff:a9fe:a9fe]"],
    ["compatible loopback", "[::127.0.0.1]"],
    ["translated loopback", "[::ffff:0:127.0.0.1]"],
    ["NAT64 of loopback", "[64:ff9b::127.0.0.1]"],
    ["NAT64 of the metadata service", "[64:ff9b::a9fe:a9fe]"],
    ["NAT64 with a prefix of its own", "[64:ff9b:1::10.0.0.1]"],
    ["6to4 of loopback", "[2002:7f00:1::]"],
    ["6to4 of the metadata service", "[2002:a9fe:a9fe::1]"],
    ["6to4 of a private network", "[2002:c0a8:1::1]"],
    ["Teredo", "[2001:0:4136:e378:8000:63bf:80ff:fffe]"],
    ["ISATAP of a private network", "[2606:4700::5efe:10.0.0.1]"],
    ["ISATAP of loopback, as if it were global", "[2606:4700::200:5efe:127.0.0.1]"],
    ["link-local", "[fe80::1]"],
    ["the end of link-local", "[febf:ffff::1]"],
    ["site-local", "[fec0::1]"],
    ["unique local", "[fc00::1]"],
    ["unique local of a cloud's metadata service", "[fd00:ec2::254]"],
    ["unique local of another cloud's metadata service", "[fd20:ce::254]"],
    ["IPv6 multicast", "[ff02::1]"],
    ["IPv6 documentation", "[2001:db8::1]"],
    ["IPv6 documentation, the new one", "[3fff::1]"],
    ["IPv6 discard", "[100::1]"],
    ["IPv6 benchmarking", "[2001:2::1]"],
    ["ORCHID", "[2001:20::1]"],
    ["segment routing", "[5f00::1]"],
    ["unassigned IPv6", "[4000::1]"],
    ["a private network of class A", "10.0.0.1"],
    ["a private network of class A in two parts", "10.1"],
    ["a private network of class A as a number", "167772161"],
    ["a private network of class B", "172.16.0.1"],
    ["the end of the private networks of class B", "172.31.255.255"],
    ["a private network of class C", "192.168.0.1"],
    ["a private network of class C in hexadecimal", "0xc0a80001"],
    ["a private network of class C in octal", "0300.0250.0.01"],
    ["link-local of IPv4", "169.254.1.1"],
    ["the metadata service", "169.254.169.254"],
    ["the metadata service as a number", "2852039166"],
    ["the metadata service in hexadecimal", "0xa9fea9fe"],
    ["the metadata service in octal", "0251.0376.0251.0376"],
    ["the metadata service in three parts", "169.254.43518"],
    ["the metadata service in two parts", "169.16689662"],
    ["the metadata service with a trailing dot", "169.254.169.254."],
    ["the task metadata of containers", "169.254.170.2"],
    ["the metadata service of Alibaba", "100.100.100.200"],
    ["the metadata service of Oracle", "192.0.0.192"],
    ["the agent of Azure, which looks public", "168.63.129.16"],
    ["the agent of Azure as a number", "2822734096"],
    ["the agent of Azure, mapped", "[::ffff:168.63.129.16]"],
    ["shared address space", "100.64.0.1"],
    ["protocol assignments", "192.0.0.1"],
    ["the relays of 6to4", "192.88.99.1"],
    ["benchmarking", "198.18.0.1"],
    ["documentation", "192.0.2.1"],
    ["documentation, the second", "198.51.100.1"],
    ["documentation, the third", "203.0.113.1"],
    ["multicast", "224.0.0.1"],
    ["service discovery", "239.255.255.250"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
  ];

  it.each(spellings)("%s: %s", async (_, host) => {
    const before = inside.asked.length;
    const [item] = await itemsOf(urls([`http://${host}:${port}/`], { fetch: true, maxAttempts: 1 }));
    expect(item).toMatchObject({ error: { code: "ERR_ADDRESS_PRIVATE" } });
    expect(inside.asked).toHaveLength(before);
  });
});

describe("blocked: URLs that hide their target", () => {
  const address = `127.0.0.1:${port}`;
  it.each([
    ["no slashes", `http:${address}/`, "ERR_ADDRESS_PRIVATE"],
    ["one slash", `http:/${address}/`, "ERR_ADDRESS_PRIVATE"],
    ["three slashes", `http:///${address}/`, "ERR_ADDRESS_PRIVATE"],
    ["backslashes", `http:\\\\${address}\\`, "ERR_ADDRESS_PRIVATE"],
    ["a tab in the scheme", `ht\ttp://${address}/`, "ERR_ADDRESS_PRIVATE"],
    ["a line break in the host", `http://127.0.\n0.1:${port}/`, "ERR_ADDRESS_PRIVATE"],
    ["a control character before it", `\u0001http://${address}/`, "ERR_ADDRESS_PRIVATE"],
    ["a backslash before a public host", `http://${address}\\@public.example/`, "ERR_ADDRESS_PRIVATE"],
    ["a fragment before a public host", `http://${address}#@public.example/`, "ERR_ADDRESS_PRIVATE"],
    ["a query before a public host", `http://${address}?@public.example/`, "ERR_ADDRESS_PRIVATE"],
    ["HTTPS", `https://${address}/`, "ERR_ADDRESS_PRIVATE"],
    ["a public host as user", `http://public.example@${address}/`, "ERR_URL_CREDENTIALS"],
    ["a public host as user and port as password", `http://public.example:80@${address}/`, "ERR_URL_CREDENTIALS"],
    ["two users", `http://a@b@${address}/`, "ERR_URL_CREDENTIALS"],
    ["a password alone", `http://:secret@${address}/`, "ERR_URL_CREDENTIALS"],
    ["an encoded user", `http://public.example%2f@${address}/`, "ERR_URL_CREDENTIALS"],
    ["a user without slashes", `http:public.example@${address}/`, "ERR_URL_CREDENTIALS"],
    ["an address with a zone", "http://[fe80::1%25eth0]/", "ERR_URL"],
    ["an address with a zone, not encoded", "http://[fe80::1%eth0]/", "ERR_URL"],
    ["an address that is too large", "http://4294967297/", "ERR_URL"],
    ["an address with a part that is too large", "http://127.0.0.257/", "ERR_URL"],
    ["an address of five parts", "http://127.0.0.0.1/", "ERR_URL"],
    ["a host with a space", `http://127.0.0.1 .public.example:${port}/`, "ERR_URL"],
    ["a host with a NUL", "http://127.0.0.1\u0000.public.example/", "ERR_URL"],
    ["a host with an encoded NUL", "http://127.0.0.1%00.public.example/", "ERR_URL"],
    ["a port that is invalid", "http://127.0.0.1:80:80/", "ERR_URL"],
    ["no scheme", `//${address}/`, "ERR_URL"],
    ["a scheme alone", "http://", "ERR_URL"],
    ["a file", "file:///etc/passwd", "ERR_URL_SCHEME"],
    ["a file of a host", "file://127.0.0.1/etc/passwd", "ERR_URL_SCHEME"],
    ["FTP", `ftp://${address}/`, "ERR_URL_SCHEME"],
    ["Gopher", `gopher://${address}/_GET%20/`, "ERR_URL_SCHEME"],
    ["dict", `dict://${address}/info`, "ERR_URL_SCHEME"],
    ["LDAP", `ldap://${address}/`, "ERR_URL_SCHEME"],
    ["a web socket", `ws://${address}/`, "ERR_URL_SCHEME"],
    ["data", "data:text/plain,secret", "ERR_URL_SCHEME"],
    ["a blob", `blob:http://${address}/1`, "ERR_URL_SCHEME"],
    ["a script", "javascript:alert(1)", "ERR_URL_SCHEME"],
    ["a socket of Unix", "unix:/var/run/docker.sock", "ERR_URL_SCHEME"],
    ["a scheme within a scheme", `jar:http://${address}!/`, "ERR_URL_SCHEME"],
    ["a view of the source", `view-source:http://${address}/`, "ERR_URL_SCHEME"],
    ["a host that reads as a scheme", `localhost:${port}/`, "ERR_URL_SCHEME"],
  ])("%s", async (_, url, code) => {
    const before = inside.asked.length;
    const [item] = await itemsOf(urls([url], { fetch: true, maxAttempts: 1 }));
    expect(item).toMatchObject({ error: { code } });
    expect(inside.asked).toHaveLength(before);
  });
});

describe("blocked: names of metadata services, whatever their address", () => {
  it.each([
    "metadata.google.internal",
    "METADATA.GOOGLE.INTERNAL",
    "metadata.google.internal.",
    "metadata.google.internal..",
    "metadata.goog",
    "metadata",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.amazonaws.com",
    "metadata.azure.internal",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
    "api.metadata.cloud.ibm.com",
    "ip-10-0-0-1.ec2.internal",
    "a.localhost",
  ])("%s", async (host) => {
    const { lookup, asked } = fakeLookup(["93.184.216.34"]);
    expect(await ask(host, lookup)).toBe("ERR_ADDRESS_PRIVATE");
    expect(asked()).toBe(0);
  });
});

describe("blocked: DNS answers", () => {
  const isPrivate: [what: string, answer: string[]][] = [
    ["loopback", ["127.0.0.1"]],
    ["IPv6 loopback", ["::1"]],
    ["unspecified", ["0.0.0.0"]],
    ["IPv6 unspecified", ["::"]],
    ["a private network", ["192.168.1.1"]],
    ["the metadata service", ["169.254.169.254"]],
    ["the agent of Azure", ["168.63.129.16"]],
    ["mapped loopback", ["::ffff:127.0.0.1"]],
    ["mapped metadata service", ["::ffff:a9fe:a9fe"]],
    ["compatible loopback", ["::127.0.0.1"]],
    ["NAT64 of a private network", ["64:ff9b::a00:1"]],
    ["6to4 of loopback", ["2002:7f00:1::1"]],
    ["Teredo", ["2001::1"]],
    ["link-local", ["fe80::1"]],
    ["link-local with a zone", ["fe80::1%eth0"]],
    ["link-local with a number for a zone", ["fe80::1%2"]],
    ["unique local", ["fd12:3456::1"]],
    ["multicast", ["224.0.0.251"]],
    ["a public address and a private one", ["93.184.216.34", "10.0.0.1"]],
    ["a private address and a public one", ["10.0.0.1", "93.184.216.34"]],
    ["a public address and IPv6 loopback", ["93.184.216.34", "::1"]],
    ["public addresses and a last one that is not", ["93.184.216.34", "2606:4700::1", "1.1.1.1", "127.0.0.1"]],
    ["text instead of an address", ["not-an-address"]],
    ["an empty text", [""]],
  ];

  it.each(isPrivate)("%s", async (_, answer) => {
    const before = inside.asked.length;
    expect(await ask("name.example", fakeLookup(answer).lookup)).toBe("ERR_ADDRESS_PRIVATE");
    expect(inside.asked).toHaveLength(before);
  });

  it("no address at all", async () => {
    await expect(
      guardedAgent(false, { lookup: fakeLookup([]).lookup }).request({
        origin: "http://name.example",
        path: "/",
        method: "GET",
      }),
    ).rejects.toThrow("name.example has no address");
  });

  it("an address that becomes private after the lookup", async () => {
    // "loopback" stands for a public address here: the checked address is used for the connection, without a second lookup.
    const { lookup, asked } = fakeLookup(["127.0.0.1"], ["10.0.0.1"]);
    expect(await ask("rebound.example", lookup, "loopback")).toBe(200);
    expect(asked()).toBe(1);
  });

  it("an address that becomes public after the lookup", async () => {
    const { lookup, asked } = fakeLookup(["10.0.0.1"], ["127.0.0.1"]);
    expect(await ask("rebound.example", lookup, "loopback")).toBe("ERR_ADDRESS_PRIVATE");
    expect(asked()).toBe(1);
  });

  it("an address that changes between two connections", async () => {
    const agent = guardedAgent("loopback", { lookup: fakeLookup(["127.0.0.1"], ["192.168.0.1"]).lookup });
    onTestFinished(() => agent.destroy());
    const request = { origin: `http://rebound.example:${port}`, path: "/", method: "GET", reset: true } as const;
    await (await agent.request(request)).body.dump();
    await expect(agent.request(request)).rejects.toMatchObject({ code: "ERR_ADDRESS_PRIVATE" });
  });

  it("an address of a private network, if only loopback is allowed", async () => {
    expect(await ask("lan.example", fakeLookup(["10.0.0.1"]).lookup, "loopback")).toBe("ERR_ADDRESS_PRIVATE");
    expect(await ask("metadata.google.internal", fakeLookup(["127.0.0.1"]).lookup, "loopback")).toBe(
      "ERR_ADDRESS_PRIVATE",
    );
  });
});

describe("let through", () => {
  it("public addresses", () => {
    const addresses = ["93.184.216.34", "1.1.1.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1", "172.32.0.1"];
    expect(addresses.filter((address) => !isPublicAddress(address))).toEqual([]);
  });

  it("every address with allowPrivate: true", async () => {
    const { lookup } = fakeLookup(["127.0.0.1"]);
    for (const host of ["127.0.0.1", "name.example", "metadata.google.internal"]) {
      expect(await ask(host, lookup, true)).toBe(200);
    }
    const [item] = await itemsOf(urls([`${inside.origin}/`], { fetch: true, allowPrivate: true }));
    expect(item).toMatchObject({ input: { text: "secret" } });
  });
});

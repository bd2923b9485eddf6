/** SSRF: redirects, in everything that fetches: `urls`, `download` and the emulator. */

import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator/index.js";
import { download, flow, fromIterable, urls } from "../../src/index.js";
import { jpeg, tempFolder } from "../helpers/files.js";
import { itemsOf } from "../helpers/sources.js";
import { startWeb } from "../helpers/web.js";

/** Address of the local server that stands for a public server with the name outside.test. */
const outsideAt = vi.hoisted(() => ({ origin: "" }));

vi.mock("../../src/core/net/guarded-fetch.js", async (original) => {
  const real = await original<typeof import("../../src/core/net/guarded-fetch.js")>();
  const guardedAgent: typeof real.guardedAgent = (access) => {
    const agent = real.guardedAgent(access);
    // Every request of undici goes through `dispatch`.
    const dispatch: typeof agent.dispatch = (options, handler) =>
      /^https?:\/\/outside\.test$/.test(String(options.origin))
        ? real.guardedAgent(true).dispatch({ ...options, origin: outsideAt.origin }, handler)
        : agent.dispatch(options, handler);
    return Object.create(agent, { dispatch: { value: dispatch } }) as typeof agent;
  };
  return { ...real, guardedAgent };
});

vi.mock("node:dns", async (original) => {
  const real = await original<typeof import("node:dns")>();
  const lookup = (name: string, options: object, done: (error: Error | null, addresses: object[]) => void) => {
    if (name !== "inside.test") return real.lookup(name, { ...options, all: true }, done);
    setImmediate(() => done(null, [{ address: "127.0.0.1", family: 4 }]));
  };
  return { ...real, lookup };
});

const photo = await jpeg();
/** Listens on loopback, and serves content that no fetch may read. */
const inside = await startWeb({ "/": (response) => response.end(photo) });
const outside = await startWeb({
  "/photo": (response) => response.end(photo),
  "/to": (response, request) => {
    const query = new URL(request.url ?? "", "http://x").searchParams;
    response.writeHead(Number(query.get("status") ?? 302), { location: query.get("url") ?? "" }).end("this way");
  },
  "/raw": (response, request) => raw(response, new URL(request.url ?? "", "http://x").searchParams.get("head") ?? ""),
  "/loop": (response) => response.writeHead(307, { location: "/loop" }).end(),
  "/ping": (response) => response.writeHead(302, { location: "/pong" }).end(),
  "/pong": (response) => response.writeHead(302, { location: "/ping" }).end(),
  "/endless": (response) => {
    response.writeHead(302, { location: `${inside.origin}/` });
    const block = Buffer.alloc(64 * 1024);
    const more = () => {
      while (response.write(block));
    };
    response.on("drain", more);
    more();
  },
  "/meta": (response) => response.end(`<meta http-equiv="refresh" content="0; url=${inside.origin}/">`),
});
outsideAt.origin = outside.origin;

/** Answers with an invalid header. */
function raw(response: ServerResponse, head: string): void {
  response.socket?.end(`HTTP/1.1 302 Found\r\n${head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

const folder = tempFolder();
const store = await startEmulator({ data: join(folder, "store") });
afterAll(() => store.close());
let count = 0;

/** Fetches an address in each way, and returns "read" or the error code. */
const fetchers: Record<string, (url: string) => Promise<string>> = {
  async urls(url) {
    const [item] = await itemsOf(urls([url], { fetch: true, maxAttempts: 1 }));
    return item && "error" in item ? ((item.error as { code?: string }).code ?? "") : "read";
  },
  async download(url) {
    count += 1;
    const sink = download(join(folder, "out"), { maxAttempts: 1 });
    const report = await flow(fromIterable([{ id: `d${count}`, image: { url } }]))
      .pipe(sink)
      .run();
    return report.failures[0]?.code ?? "read";
  },
  emulator: (url) => storedBy(store, url),
};

/** Sends an address to an emulator, and returns "read" when the emulator has fetched it, otherwise its status code. */
async function storedBy({ url: base, stored }: Emulator, url: string): Promise<string> {
  count += 1;
  const id = `s${count}`;
  const inputs = [{ id, data: { image: { url, allow_duplicate_url: true } } }];
  const headers = { authorization: "Key any" };
  const body = JSON.stringify({ inputs });
  await (await fetch(`${base}/v2/inputs`, { method: "POST", headers, body })).arrayBuffer();
  return vi.waitFor(
    () => {
      const statusCode = stored().find((input) => input.id === id)?.statusCode ?? 0;
      if (statusCode === 30001 || statusCode === 30003) throw new Error("pending");
      return statusCode === 30000 ? "read" : String(statusCode);
    },
    { interval: 2, timeout: 20_000 },
  );
}

/** Starts an emulator for one test, and returns a function that sends it addresses. */
async function open(allowPrivateFetch?: boolean) {
  const one = await startEmulator({ allowPrivateFetch });
  onTestFinished(() => one.close());
  return (url: string) => storedBy(one, url);
}

const to = (url: string, status = 302) => `http://outside.test/to?status=${status}&url=${encodeURIComponent(url)}`;
const withHead = (head: string) => `http://outside.test/raw?head=${encodeURIComponent(head)}`;
/** The address behind this number of redirects. */
const through = (hops: number, url: string): string => (hops === 1 ? to(url) : to(through(hops - 1, url)));
const { port } = inside;
const secret = `http://127.0.0.1:${port}/`;

const attacks: [what: string, url: string, code: string][] = [
  ["to loopback", to(secret), "ERR_ADDRESS_PRIVATE"],
  ["to localhost", to(`http://localhost:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["to IPv6 loopback", to(`http://[::1]:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["to mapped loopback", to(`http://[::ffff:127.0.0.1]:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["to loopback as a number", to(`http://2130706433:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["to loopback in two parts", to(`http://127.1:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["to this network", to(`http://0:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["to a private network", to("http://192.168.0.1/"), "ERR_ADDRESS_PRIVATE"],
  ["to the metadata service", to("http://169.254.169.254/latest/meta-data/"), "ERR_ADDRESS_PRIVATE"],
  ["to the metadata service by name", to("http://metadata.google.internal/"), "ERR_ADDRESS_PRIVATE"],
  ["to the agent of Azure", to("http://168.63.129.16/"), "ERR_ADDRESS_PRIVATE"],
  ["to a link-local address", to("http://[fe80::1]/"), "ERR_ADDRESS_PRIVATE"],
  ["to a unique local address", to("http://[fd00:ec2::254]/"), "ERR_ADDRESS_PRIVATE"],
  ["with 300", to(secret, 300), "ERR_ADDRESS_PRIVATE"],
  ["with 301", to(secret, 301), "ERR_ADDRESS_PRIVATE"],
  ["with 303", to(secret, 303), "ERR_ADDRESS_PRIVATE"],
  ["with 307", to(secret, 307), "ERR_ADDRESS_PRIVATE"],
  ["with 308", to(secret, 308), "ERR_ADDRESS_PRIVATE"],
  ["from HTTPS to HTTP", to(secret).replace("http:", "https:"), "ERR_ADDRESS_PRIVATE"],
  ["from HTTP by HTTPS to HTTP", to(to(secret).replace("http:", "https:")), "ERR_ADDRESS_PRIVATE"],
  ["without a scheme", to(`//127.0.0.1:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["with backslashes", to(`\\\\127.0.0.1:${port}\\`), "ERR_ADDRESS_PRIVATE"],
  ["with a tab in it", to(`h\tttp://127.0.0.1:${port}/`), "ERR_ADDRESS_PRIVATE"],
  ["by way of a path", to(`/to?url=${encodeURIComponent(secret)}`), "ERR_ADDRESS_PRIVATE"],
  ["at the second", through(2, secret), "ERR_ADDRESS_PRIVATE"],
  ["at the fifth", through(5, secret), "ERR_ADDRESS_PRIVATE"],
  ["whose own content never ends", "http://outside.test/endless", "ERR_ADDRESS_PRIVATE"],
  ["to a file", to("file:///etc/passwd"), "ERR_URL_SCHEME"],
  ["to FTP", to("ftp://127.0.0.1/"), "ERR_URL_SCHEME"],
  ["to Gopher", to(`gopher://127.0.0.1:${port}/_GET%20/`), "ERR_URL_SCHEME"],
  ["to data", to("data:image/png;base64,iVBORw0KGgo="), "ERR_URL_SCHEME"],
  ["to a script", to("javascript:alert(1)"), "ERR_URL_SCHEME"],
  ["to a web socket", to(`ws://127.0.0.1:${port}/`), "ERR_URL_SCHEME"],
  ["to an address with a password", to("http://me:canary@outside.test/photo"), "ERR_URL_CREDENTIALS"],
  ["to a private address behind a public user", to(`http://outside.test@127.0.0.1:${port}/`), "ERR_URL_CREDENTIALS"],
  ["to an invalid URL", to("http://["), "ERR_URL"],
  ["to a host with a space", to("http://a b/"), "ERR_URL"],
  ["to an invalid port", to("http://127.0.0.1:99999/"), "ERR_URL"],
  ["to nowhere", withHead("X-Nothing: 1"), "ERR_HTTP_302"],
  ["to two places", withHead(`Location: http://outside.test/photo\r\nLocation: ${secret}`), "ERR_HTTP_302"],
  ["with 201", to(secret, 201), "ERR_HTTP_201"],
  ["with 400", to(secret, 400), "ERR_HTTP_400"],
  ["to itself", "http://outside.test/loop", "ERR_REDIRECTS"],
  ["to itself, by an empty location", to(""), "ERR_REDIRECTS"],
  ["back and forth", "http://outside.test/ping", "ERR_REDIRECTS"],
  ["six times", through(6, "http://outside.test/photo"), "ERR_REDIRECTS"],
];

describe.each(Object.entries(fetchers))("blocked: redirects, by %s", (name, ask) => {
  it.each(attacks)("%s", async (_, url, code) => {
    expect(await ask(url)).toBe(name === "emulator" ? "30002" : code);
    expect(inside.asked).toEqual([]);
    await vi.waitFor(() => expect(outside.open.now).toBe(0), { interval: 5, timeout: 20_000 });
  });
});

describe("blocked: URLs that the emulator fetches", () => {
  it.each([
    ["a private network", "http://192.168.0.1/"],
    ["the metadata service", "http://169.254.169.254/"],
    ["this network, which is loopback too", `http://0.0.0.0:${port}/`],
    ["a name that is loopback only when it is looked up", `http://inside.test:${port}/`],
    ["loopback, with a password", `http://me:canary@127.0.0.1:${port}/`],
  ])("%s", async (_, url) => {
    expect(await (await open())(url)).toBe("30002");
    expect(inside.asked).toEqual([]);
  });

  it("loopback, after a redirect from loopback through the network", async () => {
    const url = `${outside.origin}/to?url=${encodeURIComponent(to(secret))}`;
    expect(await (await open())(url)).toBe("30002");
    expect(inside.asked).toEqual([]);
  });

  it("a private network, after a redirect from loopback", async () => {
    const url = `${outside.origin}/to?url=${encodeURIComponent("http://10.0.0.1/")}`;
    expect(await (await open())(url)).toBe("30002");
  });

  it("loopback, with allowPrivateFetch: false", async () => {
    expect(await (await open(false))(secret)).toBe("30002");
    expect(inside.asked).toEqual([]);
  });
});

describe("let through", () => {
  it.each(Object.entries(fetchers))("up to five redirects in the public network, by %s", async (_, ask) => {
    expect(await ask(through(5, "http://outside.test/photo"))).toBe("read");
    expect(await ask(to("photo", 308))).toBe("read");
    expect(await ask(to("//outside.test/photo"))).toBe("read");
  });

  it("an address of this machine, by the emulator", async () => {
    expect(await (await open())(secret)).toBe("read");
    expect(inside.asked.splice(0)).toEqual(["/"]);
  });

  it("every address, by an emulator with allowPrivateFetch: true", async () => {
    expect(await (await open(true))(to(secret))).toBe("read");
    expect(inside.asked.splice(0)).toEqual(["/"]);
  });
});

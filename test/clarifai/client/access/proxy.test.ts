/** Connections through an HTTP proxy: to the API over both wires, to media, and to the addresses of untrusted origin. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { guardedAgent } from "../../../../src/core/net/guarded-fetch.js";
import { proxiesOf } from "../../../../src/core/net/proxy/proxies.js";
import { startEmulator } from "../../../../src/emulator/index.js";
import {
  type ConnectOptions,
  connect,
  download,
  flow,
  fromIterable,
  listInputs,
  upload,
  urls,
} from "../../../../src/index.js";
import { makeAuthority, serveTls } from "../../../helpers/certificates.js";
import { startCommand } from "../../../helpers/command.js";
import { type ProxyOptions, startProxy } from "../../../helpers/proxy.js";
import { openStore, temporaryFolder, type Wire, wires } from "../../../helpers/store.js";

const quay = join(import.meta.dirname, "../../../../examples/data/harbour/quay.jpg");
const photo = readFileSync(quay);
const credentials = "me:s3cret@x";
const basic = `Basic ${Buffer.from(credentials).toString("base64")}`;
const variables = ["CLARIFAI_PAT", "CLARIFAI_API_BASE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

beforeEach(() => {
  for (const name of [...variables, ...variables.map((each) => each.toLowerCase())]) vi.stubEnv(name, "");
});
afterEach(() => vi.unstubAllEnvs());

/** Starts an emulator that answers under the name api.test, with TLS on port 443 for REST and 8443 for gRPC, and a proxy that knows the names. */
async function serve(options: Partial<ProxyOptions> = {}) {
  const store = await startEmulator({ grpcPort: 0, host: "0.0.0.0", pat: "key" });
  onTestFinished(() => store.close());
  const authority = makeAuthority();
  const certificate = authority.issue("DNS:api.test,DNS:photos.example.net,IP:127.0.0.1");
  const onLoopback = (url: string) => url.replace("0.0.0.0", "127.0.0.1");
  const rest = await serveTls(certificate, onLoopback(store.url));
  const grpc = await serveTls({ ...certificate, ALPNProtocols: ["h2"] }, onLoopback(store.grpcUrl ?? ""));
  const servers = {
    "api.test:443": rest,
    "api.test:8443": grpc,
    "api.test:80": Number(new URL(store.url).port),
    "api.test:8081": Number(new URL(store.grpcUrl ?? "").port),
    ...options.servers,
  };
  const tls = options.tls && certificate;
  const proxy = await startProxy({ ...options, servers, ...(tls && { tls }) });
  const client = (wire: Wire): ConnectOptions => ({
    baseUrl: "https://api.test",
    pat: "key",
    caFile: authority.caFile,
    retryForMs: 0,
    wire,
    ...(wire === "grpc" && { grpcUrl: "https://api.test:8443" }),
  });
  return { store, authority, proxy, client };
}

const open = async (options: ConnectOptions) => {
  const app = await connect(options);
  onTestFinished(() => app.close());
  return app;
};
const uploadTo = async (options: ConnectOptions) =>
  flow(fromIterable([{ id: "quay", image: { bytes: photo } }]))
    .pipe(upload(await open(options)))
    .run();
const failureOf = (options: ConnectOptions) =>
  uploadTo(options).then(
    (report) => report.failures[0] as { code: string; reason: string },
    (error: { code: string; message: string }) => ({ code: error.code, reason: error.message }),
  );
const listening = async (server: Server) => {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
};

describe.each<Wire>(wires)("the API over %s", (wire) => {
  const target = wire === "grpc" ? "CONNECT api.test:8443" : "CONNECT api.test:443";

  it("is reached through a tunnel, and the credentials go to the proxy alone", async () => {
    const { store, proxy, client } = await serve({ credentials });
    const report = await uploadTo({ ...client(wire), proxy: `http://me:s3cret%40x@${proxy.host}` });
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
    expect(store.stored().map(({ id }) => id)).toEqual(["quay"]);
    expect(proxy.asked).toContain(target);
    expect(proxy.asked.filter((line) => !line.startsWith("CONNECT api.test:"))).toEqual([]);
    for (const headers of proxy.headers) {
      expect(headers).toMatchObject({ "proxy-authorization": basic });
      expect(headers).not.toHaveProperty("authorization");
    }
  });

  it("is reached through the proxy of the environment, unless NO_PROXY names it", async () => {
    const { proxy, client } = await serve();
    vi.stubEnv("HTTPS_PROXY", proxy.host);
    expect((await uploadTo(client(wire))).counts).toMatchObject({ ok: 1 });
    expect(proxy.asked).toContain(target);
    const asked = proxy.asked.length;
    vi.stubEnv("NO_PROXY", "other.test,.test");
    expect((await failureOf(client(wire))).reason).toMatch(/cannot be reached|this machine only/);
    vi.stubEnv("NO_PROXY", "");
    expect((await failureOf({ ...client(wire), proxy: false })).reason).toMatch(/cannot be reached|this machine only/);
    expect(proxy.asked.length).toBe(asked);
  });

  it("is reached through a proxy that itself speaks TLS, if its certificate is trusted", async () => {
    const { proxy, client } = await serve({ tls: { key: photo, cert: photo } });
    const url = `https://${proxy.host}`;
    expect((await uploadTo({ ...client(wire), proxy: url })).counts).toMatchObject({ ok: 1 });
    expect(proxy.asked).toContain(target);
    const { caFile } = makeAuthority();
    expect(await failureOf({ ...client(wire), proxy: url, caFile })).toMatchObject({
      code: "ERR_PROXY",
      reason: expect.stringContaining(`the certificate of the proxy ${url} (proxy)`) as string,
    });
  });

  it("fails with an error that names the proxy, and does not show its password", async () => {
    const cases: [Partial<ProxyOptions>, user: string, code: string, text: RegExp][] = [
      [{ credentials }, "", "ERR_PROXY", /asks for a user name and a password \(HTTP 407\)/],
      [
        { credentials },
        "me:wr0ng@",
        "ERR_PROXY",
        /does not accept the user name and the password of its URL \(HTTP 407\)/,
      ],
      [
        { refuses: 401 },
        "me:wr0ng@",
        "ERR_PROXY",
        /does not accept the user name and the password of its URL \(HTTP 401\)/,
      ],
      [{ refuses: 403 }, "me:wr0ng@", "ERR_PROXY", /refuses to connect to api\.test:\d+ \(HTTP 403\)/],
      [{ refuses: 502 }, "me:wr0ng@", "ERR_SERVER_UNREACHABLE", /cannot connect to api\.test:\d+ \(HTTP 502\)/],
    ];
    for (const [options, user, code, text] of cases) {
      const { store, proxy, client } = await serve(options);
      const failure = await failureOf({ ...client(wire), proxy: `http://${user}${proxy.host}` });
      expect(failure.code).toBe(code);
      expect(failure.reason).toMatch(text);
      expect(failure.reason).toContain(`the proxy http://${proxy.host} (proxy)`);
      expect(failure.reason).not.toContain("wr0ng");
      expect(store.stored()).toEqual([]);
    }
  });

  it("fails if the proxy is down, or is not one", async () => {
    const { client } = await serve();
    const notOne = await listening(
      createTcpServer((socket) => socket.on("error", () => undefined).end("220 mail\r\n")),
    );
    const gone = createTcpServer();
    const port = await listening(gone);
    await new Promise((resolve) => void gone.close(resolve));
    expect((await failureOf({ ...client(wire), proxy: `127.0.0.1:${port}` })).reason).toMatch(
      new RegExp(`the proxy http://127\\.0\\.0\\.1:${port} \\(proxy\\) cannot be reached: .*ECONNREFUSED`),
    );
    expect((await failureOf({ ...client(wire), proxy: `127.0.0.1:${notOne}` })).reason).toMatch(
      /does not answer as an HTTP proxy does/,
    );
  });

  it("on this machine is never reached through a proxy", async () => {
    const { proxy } = await serve();
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY"]) vi.stubEnv(name, proxy.host);
    for (const option of [{}, { proxy: proxy.host }]) {
      const { app } = await openStore({}, option, wire);
      const report = await flow(fromIterable([{ id: "quay", image: { bytes: photo } }]))
        .pipe(upload(app))
        .run();
      expect(report.counts).toMatchObject({ ok: 1 });
    }
    expect(proxy.asked).toEqual([]);
  });
});

describe("an API without TLS", () => {
  it("gets absolute addresses over REST, a tunnel over gRPC, and serves its media", async () => {
    const { store, proxy } = await serve({ credentials });
    const plain: ConnectOptions = {
      baseUrl: "http://api.test",
      pat: "key",
      allowHttp: true,
      proxy: `http://me:s3cret%40x@${proxy.host}`,
    };
    expect((await uploadTo({ ...plain, grpcUrl: "http://api.test:8081", wire: "grpc" })).counts).toMatchObject({
      ok: 1,
    });
    expect(proxy.asked).toContain("CONNECT api.test:8081");
    const folder = temporaryFolder();
    const report = await flow(listInputs(await open(plain)))
      .pipe(download(folder))
      .run();
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
    expect(readFileSync(join(folder, "quay.jpg")).equals(photo)).toBe(true);
    const gets = proxy.asked.filter((line) => line.startsWith("GET "));
    expect(gets.length).toBeGreaterThan(1);
    expect(gets.filter((line) => !line.startsWith("GET http://api.test/"))).toEqual([]);
    expect(store.stored()).toHaveLength(1);
  });

  it("fails with an error that names the proxy if that refuses the credentials", async () => {
    const { proxy } = await serve({ credentials });
    const plain: ConnectOptions = { baseUrl: "http://api.test", pat: "key", allowHttp: true, proxy: proxy.host };
    const failure = await failureOf({ ...plain, retryForMs: 0 });
    expect(failure).toMatchObject({ code: "ERR_PROXY", reason: expect.stringContaining("HTTP 407") as string });
    expect(proxy.asked).toHaveLength(1);
  });
});

describe("addresses of untrusted origin", () => {
  const web = async (handler: Parameters<typeof createServer>[1]) => listening(createServer(handler));
  const fetchAll = async (list: string[], proxy: string | false | undefined) => {
    const report = await flow(urls(list, { fetch: true, proxy, maxAttempts: 1 })).run();
    return { ...report.counts, failures: report.failures.map(({ code, reason }) => `${code} ${reason}`) };
  };

  it("are fetched through the proxy: plain HTTP by absolute address, TLS through a tunnel", async () => {
    const hosts: unknown[] = [];
    const port = await web((request, response) => {
      hosts.push(request.headers.host, request.headers["proxy-authorization"]);
      response.end(photo);
    });
    const { proxy } = await serve({ credentials, servers: { "photos.example.net:80": port } });
    const result = await fetchAll(
      ["http://photos.example.net/a.jpg?b=1", "https://photos.example.net/b.jpg"],
      `http://me:s3cret%40x@${proxy.host}`,
    );
    expect(proxy.asked.sort()).toEqual(["CONNECT photos.example.net:443", "GET http://photos.example.net/a.jpg?b=1"]);
    expect(hosts).toEqual(["photos.example.net", undefined]);
    expect(result).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(result.failures[0]).toMatch(/^ERR_PROXY .*cannot connect to photos\.example\.net:443 \(HTTP 502\)/);
  });

  it("stay refused if they are private: in the list, and after a redirect", async () => {
    const port = await web((request, response) => {
      const location = new URL(request.url ?? "/", "http://x").searchParams.get("to") ?? "";
      response.writeHead(302, { location }).end();
    });
    const { proxy } = await serve({ servers: { "photos.example.net:80": port } });
    const list = [
      ...[
        "http://10.0.0.1/a.jpg",
        "https://192.168.0.1/a.jpg",
        "http://169.254.169.254/a.jpg",
        "http://[fd00::1]/a.jpg",
      ],
      ...["http://127.0.0.1:9/a.jpg", "http://localhost/a.jpg", "http://0x7f000001/a.jpg"],
      ...[
        "http://metadata.google.internal/a.jpg",
        "https://metadata/a.jpg",
        "http://intranet/a.jpg",
        "https://files.lan/a.jpg",
      ],
    ];
    const refused = await fetchAll(list, proxy.host);
    expect(refused.failures.filter((failure) => !failure.startsWith("ERR_ADDRESS_PRIVATE "))).toEqual([]);
    expect(refused.failed).toBe(list.length);
    expect(proxy.asked).toEqual([]);
    const redirects = list.map(
      (url) => `http://photos.example.net/${encodeURIComponent(url)}?to=${encodeURIComponent(url)}`,
    );
    const redirected = await flow(
      urls(redirects, { fetch: true, kind: "image", proxy: proxy.host, maxAttempts: 1 }),
    ).run();
    expect(redirected.failures.map(({ code }) => code)).toEqual(list.map(() => "ERR_ADDRESS_PRIVATE"));
    expect(proxy.asked.filter((line) => !line.startsWith("GET http://photos.example.net/"))).toEqual([]);
  });

  it.each<[string, string[] | undefined, string | undefined]>([
    ["resolves here to a public address", ["93.184.216.34"], undefined],
    ["does not resolve here", undefined, undefined],
    ["resolves here to a private address", ["10.0.0.1"], "ERR_ADDRESS_PRIVATE"],
    ["resolves here to both", ["93.184.216.34", "127.0.0.1"], "ERR_ADDRESS_PRIVATE"],
  ])("are checked by their names before the proxy gets them: one that %s", async (_, addresses, code) => {
    const port = await web((_request, response) => response.end("calm sea"));
    const proxy = await startProxy({ servers: { "photos.test:80": port } });
    const lookup = ((_name: string, _options: object, callback: (...args: unknown[]) => void) => {
      if (!addresses) return callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    }) as never;
    const agent = guardedAgent(false, { lookup, proxyFor: proxiesOf("urls", proxy.host) });
    onTestFinished(() => void agent.destroy());
    const result = await agent.request({ origin: "http://photos.test", path: "/", method: "GET" }).then(
      ({ body }) => body.text(),
      (error: { code: string }) => error.code,
    );
    expect(result).toBe(code ?? "calm sea");
    expect(proxy.asked).toEqual(code ? [] : ["GET http://photos.test/"]);
  });

  it("are downloaded through the proxy of download, without the key", async () => {
    const keys: unknown[] = [];
    const port = await web((request, response) => {
      keys.push(request.headers.authorization);
      response.end(photo);
    });
    const { proxy } = await serve({ servers: { "photos.example.net:80": port } });
    const app = await open({ baseUrl: "http://127.0.0.1:9", pat: "key" });
    const folder = temporaryFolder();
    const report = await flow(fromIterable([{ id: "quay", image: { url: "http://photos.example.net/a.jpg" } }]))
      .pipe(download(folder, { app, proxy: proxy.host }))
      .run();
    expect(report.counts).toMatchObject({ ok: 1 });
    expect(readFileSync(join(folder, "quay.jpg")).equals(photo)).toBe(true);
    expect(proxy.asked).toEqual(["GET http://photos.example.net/a.jpg"]);
    expect(keys).toEqual([undefined]);
  });

  it("need fetch: true for a proxy", () => {
    expect(() => urls(["http://a.test/a.jpg"], { proxy: "http://proxy:3128" })).toThrow(
      /urls: proxy needs fetch: true/,
    );
    expect(() => urls(["http://a.test/a.jpg"], { proxy: false })).not.toThrow();
  });
});

describe("the command line", () => {
  it("has --proxy and --no-proxy", { timeout: 120_000 }, async () => {
    const { proxy, authority } = await serve();
    const cwd = temporaryFolder();
    const sluice = (env: Record<string, string>, ...args: string[]) =>
      startCommand(args, { cwd, env: { CLARIFAI_PAT: "key", ...env } }).ended;
    const server = ["--base-url", "https://api.test", "--ca-file", authority.caFile];
    expect(await sluice({}, "upload", quay, ...server, "--proxy", proxy.host)).toMatchObject({ code: 0 });
    expect(await sluice({ https_proxy: proxy.host }, "list", ...server)).toMatchObject({ code: 0 });
    expect(proxy.asked.length).toBeGreaterThan(1);
    const wrong = { https_proxy: "socks5://a:b@c" };
    expect(await sluice(wrong, "plan", quay, ...server)).toMatchObject({ code: 2 });
    expect(await sluice(wrong, "plan", quay, ...server, "--no-proxy")).toMatchObject({ code: 0 });
    expect(await sluice({}, "list", ...server, "--proxy", "socks5://a:b@c")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/connect: proxy: socks5:\/\/c is not an HTTP proxy/) as string,
    });
  });
});

it("a connection does not show the password of its proxy", async () => {
  const app = await open({ baseUrl: "https://api.test", pat: "key", proxy: "http://me:s3cret@127.0.0.1:9" });
  const secrets = ["s3cret", Buffer.from("me:s3cret").toString("base64")];
  for (const shown of [inspect(app, { depth: 20, showHidden: true }), JSON.stringify(app)]) {
    for (const secret of secrets) expect(shown).not.toContain(secret);
  }
});

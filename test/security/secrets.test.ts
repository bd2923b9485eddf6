/** Secrets: the key may appear in one header of requests to one server, and nowhere else. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Transport } from "../../src/clarifai/client/transport.js";
import { startEmulator } from "../../src/emulator/index.js";
import {
  App,
  batch,
  type ConnectOptions,
  connect,
  csv,
  download,
  flow,
  fromIterable,
  listInputs,
  patch,
  type Report,
  remove,
  upload,
  urls,
} from "../../src/index.js";
import { fileWith, tempFolder } from "../helpers/files.js";

const canary = "canary-7f3a91c2d5e84b60";
const traces = [canary, Buffer.from(canary).toString("base64").slice(2, -4), Buffer.from(canary).toString("hex")];
const temp = tempFolder();
let folders = 0;
const newFolder = () => join(temp, `out-${(folders += 1)}`);

/** Everything that a test printed. */
let printed = "";
beforeEach(() => {
  printed = "";
  const keep = (...chunks: unknown[]) => {
    printed += chunks.map((chunk) => (typeof chunk === "string" ? chunk : inspect(chunk))).join(" ");
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
  for (const method of ["log", "warn", "error", "info", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation(keep);
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Every view of a value: inspected, as JSON, with hidden fields, with its causes. */
function seen(value: unknown): string {
  const texts = [inspect(value, { depth: 12, showHidden: true }), String(value)];
  if (value instanceof Error) {
    texts.push(String(value.stack), inspect(Object.getOwnPropertyDescriptors(value), { depth: 12 }), seen(value.cause));
  }
  try {
    texts.push(String(JSON.stringify(value)));
  } catch {
    // JSON cannot represent a value that refers to itself
  }
  return texts.join("\n");
}

function expectNoTrace(...shown: unknown[]): void {
  const text = [...shown.map(seen), printed].join("\n");
  for (const trace of traces) expect(text).not.toContain(trace);
}

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

/** A server that records the headers and bodies of its requests. */
async function startServer(): Promise<{ origin: string; got: string[]; handler: Handler }> {
  const state = { origin: "", got: [] as string[], handler: ((response) => response.end()) as Handler };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      state.got.push(`${request.method} ${request.url}\n${request.rawHeaders.join("\n")}\n\n${body}`);
      state.handler(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  state.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

const api = await startServer();
const other = await startServer();
beforeEach(() => {
  api.got.length = 0;
  other.got.length = 0;
  other.handler = (response) => response.end("not yours");
});

async function open(options: ConnectOptions = {}): Promise<App> {
  const app = await connect({ baseUrl: api.origin, pat: canary, retryForMs: 0, ...options });
  onTestFinished(() => app.close());
  return app;
}

const json = (http: number, body: unknown, headers: Record<string, string> = {}): Handler => {
  return (response) => void response.writeHead(http, headers).end(JSON.stringify(body));
};
const status = (http: number, code: number) => json(http, { status: { code, description: "refused", details: "no" } });

const badAnswers: Record<string, Handler> = {
  "401": status(401, 11009),
  "403": status(403, 11007),
  "404": status(404, 11101),
  "413": status(413, 40033),
  "429": status(429, 11005),
  "500": status(500, 98004),
  "503 without a status": (response) => void response.writeHead(503).end(),
  "a refusal of every input": json(200, { status: { code: 10020 }, inputs: [{ id: "a", status: { code: 30104 } }] }),
  "301 to elsewhere": (response) => void response.writeHead(301, { location: `${other.origin}/x` }).end(),
  "302 to elsewhere": (response) => void response.writeHead(302, { location: `${other.origin}/x` }).end(),
  "307 to elsewhere": (response) => void response.writeHead(307, { location: `${other.origin}/x` }).end(),
  "308 to elsewhere": (response) => void response.writeHead(308, { location: `${other.origin}/x` }).end(),
  "a page": (response) => void response.end("<html>sign in</html>"),
  "half an answer": (response) =>
    void response.writeHead(200, { "content-length": 99 }).write("{", () => response.destroy()),
  "no answer": (response) => void response.destroy(),
  "a broken head": (response) => void response.socket?.end("HTTP/1.1 abc\r\n\r\n"),
  "a head that is too large": (response) => void response.writeHead(200, { "x-long": "y".repeat(20_000) }).end(),
  "an answer in gzip": (response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
  "a list of nothing": json(200, { status: { code: 10000 }, inputs: "none" }),
};

const work: Record<string, (app: App) => Promise<unknown>> = {
  upload: (app) =>
    flow(fromIterable([{ id: "a", text: "calm sea" }]))
      .pipe(batch(), upload(app, { retryForMs: 0 }))
      .run(),
  list: (app) => flow(listInputs(app)).run(),
  patch: (app) =>
    flow(fromIterable([{ id: "a", text: "x", metadata: { b: 1 } }]))
      .pipe(batch(), patch(app))
      .run(),
  remove: (app) =>
    flow(fromIterable([{ id: "a", text: "x" }]))
      .pipe(batch(), remove(app, { timeoutMs: 50 }))
      .run(),
  download: (app) =>
    flow(fromIterable([{ id: "a", image: { url: `${api.origin}/media/a.jpg` } }]))
      .pipe(download(newFolder(), { app, maxAttempts: 1, deadlineMs: 1500 }))
      .run(),
  "one call": (app) => app.getInput("a"),
};

describe.each(Object.entries(badAnswers))(
  "blocked: traces of the key, when the server answers with %s",
  (_day, handler) => {
    it.each(Object.entries(work))("%s", async (_, run) => {
      api.handler = handler;
      const app = await open();
      const result = await run(app).catch((error: unknown) => error);
      const summary = (result as Partial<Report>).summary?.();
      expectNoTrace(result, summary, app);
      expect(api.got.length).toBeGreaterThan(0);
      for (const request of api.got) {
        expect(request).toContain(`Key ${canary}`);
        expect(request.replace(`authorization\nKey ${canary}`, "")).not.toContain(canary);
      }
      expect(other.got).toEqual([]);
    });
  },
);

describe("blocked: traces of a session token, when the server answers with a refusal", () => {
  it.each(Object.entries(work))("%s", async (_, run) => {
    api.handler = badAnswers["401"] as Handler;
    const app = await open({ pat: undefined, sessionToken: canary });
    const result = await run(app).catch((error: unknown) => error);
    expectNoTrace(result, (result as Partial<Report>).summary?.(), app);
    expect(api.got.length).toBeGreaterThan(0);
    for (const request of api.got) {
      expect(request).toContain(`x-clarifai-session-token\n${canary}`);
      expect(request.replace(`x-clarifai-session-token\n${canary}`, "")).not.toContain(canary);
    }
    expect(other.got).toEqual([]);
  });
});

describe("blocked: the key in downloads", () => {
  const fetchFrom = async (url: string, options: ConnectOptions = {}) => {
    const app = await open(options);
    const sink = download(newFolder(), { app, maxAttempts: 1, allowPrivate: true });
    return flow(fromIterable([{ id: "a", image: { url } }]))
      .pipe(sink)
      .run();
  };
  const redirect =
    (location: string): Handler =>
    (response) =>
      void response.writeHead(302, { location }).end();

  it.each<[what: string, location: () => string]>([
    ["to another server", () => `${other.origin}/x`],
    ["to another server without a scheme", () => other.origin.replace("http:", "")],
    ["to the same server under another name", () => `${api.origin.replace("127.0.0.1", "localhost")}/stolen`],
    ["to the same server under another address", () => `${api.origin.replace("127.0.0.1", "127.0.0.2")}/stolen`],
    [
      "to the same server under an address in IPv6",
      () => `${api.origin.replace("127.0.0.1", "[::ffff:127.0.0.1]")}/stolen`,
    ],
  ])("is not sent after a redirect %s", async (_, location) => {
    api.handler = (response, request) =>
      request.url === "/stolen" ? void response.end("x") : redirect(location())(response, request);
    await fetchFrom(`${api.origin}/a.jpg`);
    const [first, ...more] = api.got;
    expect(first).toContain(canary);
    expectNoTrace(...more, ...other.got);
  });

  it.each<[what: string, url: () => string]>([
    ["of another server", () => `${other.origin}/a.jpg`],
    ["of the same host at another port", () => other.origin],
    ["of a server that names the API in its path", () => `${other.origin}/${api.origin}/users/me/apps/main/`],
    ["of a server that names the API in its query", () => `${other.origin}/?${api.origin}`],
    ["of a server that names the API before its fragment", () => `${other.origin}/#${api.origin}`],
  ])("is not sent to an address %s", async (_, url) => {
    await fetchFrom(url());
    expect(other.got.length).toBe(1);
    expectNoTrace(...other.got);
  });

  it("is not sent after a redirect from another server back to the API", async () => {
    other.handler = redirect(`${api.origin}/v2/users/me/pats`);
    api.handler = (response) => void response.end("secret");
    await fetchFrom(`${other.origin}/a.jpg`);
    expect(api.got.length).toBe(1);
    expectNoTrace(...api.got, ...other.got);
  });

  it("is not sent over HTTP to a media host", async () => {
    await fetchFrom(`${other.origin}/a.jpg`, { mediaHosts: [new URL(other.origin).host] });
    expect(other.got.length).toBe(1);
    expectNoTrace(...other.got);
  });

  it("is not sent by the source urls", async () => {
    await open();
    const source = urls([`${api.origin}/a.jpg`], { fetch: true, allowPrivate: true, maxAttempts: 1 });
    expectNoTrace(await flow(source).run(), ...api.got);
    expect(api.got.length).toBe(1);
  });
});

/** A connection whose transport sends nothing. */
const platform = new App({} as Transport, {
  userId: "me",
  appId: "main",
  baseUrl: "https://api.clarifai.com",
  mediaHosts: ["data.clarifai.com"],
  pat: canary,
});

describe("blocked: addresses that look like trusted addresses", () => {
  it.each([
    "http://api.clarifai.com/",
    "http://data.clarifai.com/",
    "https://api.clarifai.com:8443/",
    "https://data.clarifai.com:8443/",
    "https://api.clarifai.com./",
    "https://data.clarifai.com./",
    "https://api.clarifai.com.evil.example/",
    "https://data.clarifai.com.evil.example/",
    "https://evil.example/api.clarifai.com",
    "https://evil.example/?https://api.clarifai.com/",
    "https://evil.example/#https://api.clarifai.com/",
    "https://evil.example\\@api.clarifai.com/",
    "https://api.clarifai.com@evil.example/",
    "https://api.clarifai.com%2f@evil.example/",
    "https://xapi.clarifai.com/",
    "https://x.data.clarifai.com/",
    "https://clarifai.com/",
    "https://аpi.clarifai.com/",
    "https://api。clarifai。com.evil.example/",
    "ftp://api.clarifai.com/",
    "wss://api.clarifai.com/",
    "blob:http://api.clarifai.com/",
  ])("%s", (url) => {
    expect(platform.authorize(new URL(url))).toBeUndefined();
  });
});

describe("blocked: views that could show the key of a connection", () => {
  it.each<[what: string, show: (app: App) => unknown]>([
    ["util.inspect", (app) => inspect(app, { depth: 20 })],
    ["util.inspect with what is hidden", (app) => inspect(app, { depth: 20, showHidden: true })],
    ["util.inspect with getters", (app) => inspect(app, { depth: 20, getters: true })],
    ["console.log", (app) => console.log(app)],
    ["console.dir", (app) => inspect(app, { depth: null, showProxy: true })],
    ["JSON.stringify", (app) => JSON.stringify(app)],
    ["String", (app) => String(app)],
    ["Object.entries", (app) => Object.entries(app)],
    ["a copy", (app) => ({ ...app })],
    ["structuredClone of its fields", (app) => structuredClone({ ...app, transport: undefined, close: undefined })],
    ["its transport", (app) => app.transport],
    ["the pacer of its transport", (app) => app.transport.pacer],
    ["an error with it as cause", (app) => new Error("no", { cause: app })],
    ["all its own properties", (app) => Reflect.ownKeys(app).map((name) => Reflect.get(app, name) as unknown)],
    [
      "all properties of its transport",
      ({ transport }) => Reflect.ownKeys(transport).map((name) => Reflect.get(transport, name) as unknown),
    ],
  ])("%s", async (_, show) => {
    expectNoTrace(show(await open()));
    expectNoTrace(show(await open({ pat: undefined, sessionToken: canary })));
  });
});

/** Returns "connected", or the code of the error with which connect rejects. */
const connectWith = async (options: ConnectOptions, environment: Record<string, string> = {}) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const result = await connect(options).catch((error: unknown) => error);
  if (result instanceof App) {
    await result.close();
    return "connected";
  }
  expectNoTrace(result);
  return (result as { code?: string }).code;
};

describe("blocked: connections that would reveal the key", () => {
  it.each<[what: string, baseUrl: string]>([
    ["to the platform over HTTP", "http://api.clarifai.com"],
    ["to another host over HTTP", "http://api.example"],
    ["to a private address over HTTP", "http://192.168.0.1:8080"],
    ["to a short name over HTTP", "http://store:8080"],
    ["to a name that begins like this machine over HTTP", "http://localhost.evil.example"],
    ["to a name that ends like this machine over HTTP", "http://evillocalhost"],
    ["to every address over HTTP", "http://0.0.0.0:8080"],
  ])("%s", async (_, baseUrl) => {
    const options = { userId: "me", appId: "main" };
    expect(await connectWith({ ...options, baseUrl, pat: canary })).toBe("ERR_CREDENTIALS");
    expect(await connectWith({ ...options, baseUrl, sessionToken: canary })).toBe("ERR_CREDENTIALS");
    expect(await connectWith(options, { CLARIFAI_API_BASE: baseUrl, CLARIFAI_PAT: canary })).toBe("ERR_CREDENTIALS");
  });

  it.each<[what: string, baseUrl: string]>([
    ["with a password in the address", `https://me:${canary}@api.example`],
    ["with a password in an address of this machine", `http://me:${canary}@127.0.0.1:9`],
    ["with a password in an invalid address", `https://me:${canary}@api.example:port`],
    ["with a password and an unknown scheme", `ftp://me:${canary}@api.example`],
    ["with a password that has a slash", `https://me:x/${canary}@api.example`],
    ["without slashes", `https:me:${canary}@api.example`],
  ])("%s", async (_, baseUrl) => {
    expect(await connectWith({ pat: "any", baseUrl })).toBe("ERR_OPTIONS");
    expect(await connectWith({ pat: "any" }, { CLARIFAI_API_BASE: baseUrl })).toBe("ERR_OPTIONS");
  });

  it.each<[what: string, pat: string]>([
    ["with a line break", `${canary}\r\nX-Injected: yes`],
    ["with a line break in the middle", `canary\n${canary}`],
    ["with a space", `${canary} x`],
    ["with a NUL", `${canary}\0`],
    ["with a character beyond ASCII", `${canary}é`],
    ["with a byte order mark", `\uFEFF${canary}`],
  ])("with a key %s", async (_, pat) => {
    expect(await connectWith({ pat, baseUrl: api.origin })).toBe("ERR_CREDENTIALS");
    expect(await connectWith({ sessionToken: pat, baseUrl: api.origin })).toBe("ERR_CREDENTIALS");
  });

  it.each<[what: string, options: unknown]>([
    ["with the key in a list", { pat: [canary] }],
    ["with the key under another name", { token: canary }],
    ["with the key as a name", { [canary]: 1 }],
  ])("with options %s", async (_, options) => {
    const error = await connect(options as ConnectOptions).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "ERR_OPTIONS" });
    if (!Object.hasOwn(options as object, canary)) expectNoTrace(error);
  });
});

describe("blocked: passwords in URLs of inputs", () => {
  const addresses = [
    `http://me:${canary}@127.0.0.1:9/x.jpg`,
    `http://${canary}@127.0.0.1:9/x.jpg`,
    `http://:${canary}@127.0.0.1:9/x.jpg`,
    `ftp://me:${canary}@127.0.0.1/x.jpg`,
    `http:me:${canary}@127.0.0.1/x.jpg`,
    `http:\\\\me:${canary}@127.0.0.1\\x.jpg`,
    `http://me:${canary}@[::1/x.jpg`,
    `http://me:x/${canary}@127.0.0.1/x.jpg`,
    `http://me:x?${canary}@127.0.0.1:p/x.jpg`,
    ` http://me:${canary}@127.0.0.1:9/x.jpg`,
    `h\tttp://me:${canary}@127.0.0.1:9/x.jpg`,
    `me:${canary}@127.0.0.1`,
  ];
  it.each(addresses)("%j", async (url) => {
    const rows = fileWith(temp, "rows.csv", `inputid,input\na,"${url}"\n`);
    const reports = [
      await flow(urls([url], { fetch: true })).run(),
      await flow(urls([url], { kind: "image" })).run(),
      await flow(csv(rows, { input: "url", kind: "image" })).run(),
      await flow(fromIterable([{ id: "a", image: { url } }]))
        .pipe(download(newFolder(), { maxAttempts: 1 }))
        .run(),
    ];
    expect(reports.map((report) => report.counts.failed)).toEqual([1, 1, 1, 1]);
    expectNoTrace(...reports, ...reports.map((report) => report.summary()));
  });

  it.each(addresses.filter((url) => /^http:\/\//.test(url)))("%j, in the emulator", async (url) => {
    const store = await startEmulator();
    onTestFinished(() => store.close());
    const app = await open({ baseUrl: store.url });
    const report = await flow(fromIterable([{ id: "a", image: { url } }]))
      .pipe(batch(), upload(app))
      .run();
    expect(report.counts.failed).toBe(1);
    expectNoTrace(report);
  });

  it("after a redirect", async () => {
    other.handler = (response) =>
      void response.writeHead(302, { location: `http://me:${canary}@127.0.0.1:9/x.jpg` }).end();
    const source = urls([`${other.origin}/`], { fetch: true, allowPrivate: true, maxAttempts: 1 });
    const report = await flow(source).run();
    expect(report.failures[0]?.code).toBe("ERR_URL_CREDENTIALS");
    expectNoTrace(report);
  });
});

describe("let through", () => {
  it("the key to the same server in another spelling", () => {
    for (const url of ["https://API.clarifai.com/", "https://api.clarifai.com:443/", "https://data.clarifai.com/x"]) {
      expect(platform.authorize(new URL(url))).toBeDefined();
    }
  });

  it("connections to this machine, connections with allowHttp, and connections without a key", async () => {
    const options = { userId: "me", appId: "main" };
    expect(await connectWith({ ...options, baseUrl: "http://localhost:9", pat: canary })).toBe("connected");
    expect(await connectWith({ ...options, baseUrl: "http://store:8080", pat: canary, allowHttp: true })).toBe(
      "connected",
    );
    expect(await connectWith({ ...options, baseUrl: "http://store:8080" })).toBe("connected");
    expect(await connectWith({ ...options, baseUrl: "https://api.example", pat: `${canary}` })).toBe("connected");
    expect(await connectWith(options, { CLARIFAI_API_BASE: api.origin, CLARIFAI_PAT: canary })).toBe("connected");
    expect(await connectWith(options, { CLARIFAI_API_BASE: api.origin, CLARIFAI_PAT: `${canary}\n` })).toBe(
      "ERR_CREDENTIALS", // refused by its name, and never changed silently
    );
  });
});

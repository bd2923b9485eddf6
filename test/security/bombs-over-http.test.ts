/** Bombs: endless answers and requests, answers that decompress to large sizes, and bytes that arrive one by one. */

import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { tap } from "rxjs";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Transport } from "../../src/clarifai/client/transport.js";
import type { Clock } from "../../src/core/net/clock.js";
import { fetchMedia } from "../../src/emulator/media/fetch-media.js";
import { MediaFiles } from "../../src/emulator/media/media-files.js";
import { drain } from "../../src/emulator/server/body.js";
import { makeServer } from "../../src/emulator/server/server.js";
import {
  ApiError,
  connect,
  download,
  flow,
  fromIterable,
  type Input,
  listInputs,
  type Message,
  urls,
} from "../../src/index.js";
import { tempFolder } from "../helpers/files.js";
import { openHttp } from "../helpers/http.js";
import { itemsOf } from "../helpers/sources.js";

const temp = tempFolder();
const ok = "HTTP/1.1 200 OK\r\n";
const endOfHead = "\r\n";

/** What a server does with a connection after a request. */
type Behaviour = (socket: Socket) => void;

/** Writes without end, as fast as the reader reads. */
function forever(socket: Socket, piece: string | Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
}

/** Writes a chunk every few milliseconds, without end. */
function drip(socket: Socket, piece: string): void {
  const timer = setInterval(() => socket.write(piece), 10);
  socket.on("close", () => clearInterval(timer));
}

const answer = (head: string, body: string | Buffer = ""): Behaviour => {
  return (socket) =>
    void socket.end(Buffer.concat([Buffer.from(`${ok}${head}${endOfHead}`, "latin1"), Buffer.from(body)]));
};
const encoded = (encoding: string) => answer(`Content-Encoding: ${encoding}\r\n`, gzipSync(Buffer.alloc(1_000_000)));

const behaviours: Record<string, Behaviour> = {
  "an answer without end": (socket) => {
    socket.write(`${ok}${endOfHead}`);
    forever(socket, Buffer.alloc(256 * 1024, "a"));
  },
  "an answer without end, in chunks": (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n${endOfHead}`);
    forever(socket, `10000\r\n${"a".repeat(0x10000)}\r\n`);
  },
  "an answer that promises 8 exabytes": (socket) => {
    socket.write(`${ok}Content-Length: 9007199254740991\r\n${endOfHead}`);
    forever(socket, Buffer.alloc(256 * 1024, "a"));
  },
  "a byte at a time": (socket) => {
    socket.write(`${ok}${endOfHead}`);
    drip(socket, "a");
  },
  "a byte at a time, in chunks": (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n${endOfHead}`);
    drip(socket, "1\r\na\r\n");
  },
  "a chunk whose extension never ends": (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n${endOfHead}1;`);
    drip(socket, "a");
  },
  "trailers without end": (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n${endOfHead}1\r\na\r\n0\r\n`);
    drip(socket, "X: y\r\n");
  },
  "early hints without end": (socket) => drip(socket, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
  "a header, byte by byte": (socket) => {
    socket.write(ok);
    drip(socket, "X: y\r\n");
  },
  "an endless header section": (socket) => {
    socket.write(ok);
    forever(socket, "X: y\r\n".repeat(1000));
  },
  "a header without end": (socket) => {
    socket.write(`${ok}X: `);
    forever(socket, "y".repeat(10_000));
  },
  "no answer": () => undefined,
  "an invalid answer": (socket) => void socket.end("SSH-2.0-OpenSSH_9.6\r\n"),
  "less than promised": answer("Content-Length: 1000\r\n", "a"),
  "two lengths": answer("Content-Length: 1\r\nContent-Length: 2\r\n", "aa"),
  "a length below zero": answer("Content-Length: -1\r\n", "a"),
  "a length and chunks": answer("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n"),
  gzip: encoded("gzip"),
  "gzip in capitals": encoded("GZIP"),
  "gzip by its old name": encoded("x-gzip"),
  "gzip in gzip": encoded("gzip, gzip"),
  "gzip ten times over": encoded(Array.from({ length: 10 }, () => "gzip").join(", ")),
  "gzip after identity": encoded("identity, gzip"),
  deflate: encoded("deflate"),
  Brotli: encoded("br"),
  Zstandard: encoded("zstd"),
  "an unknown encoding": encoded("bomb"),
};

interface Served {
  url: string;
  /** Bytes that were written, and connections that are open. */
  sent: number;
  open: number;
}

/** A server on loopback; the first part of a path selects its behaviour. */
const served: { behaviour: Behaviour; stats: Served }[] = [];
const server = createServer((socket) => {
  socket
    .on("error", () => undefined)
    .once("data", (head: Buffer) => {
      const entry = served[Number(/^\S+ \/(\d+)/.exec(head.toString("latin1"))?.[1])];
      if (!entry) return socket.destroy();
      const { behaviour, stats } = entry;
      stats.open += 1;
      socket.on("close", () => {
        stats.open -= 1;
        stats.sent += socket.bytesWritten;
      });
      behaviour(socket);
      return socket.resume();
    });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => server.close());

function serve(behaviour: Behaviour): Served {
  const stats = { url: `${origin}/${served.length}`, sent: 0, open: 0 };
  served.push({ behaviour, stats });
  return stats;
}

const limit = 1_000_000;
const timeoutMs = 120;
const deadlineMs = 200;
const files = new MediaFiles(join(temp, "store"));
let count = 0;

/** Every way to fetch a URL. Each function rejects if the fetch fails. */
const fetchers: Record<string, (url: string) => Promise<unknown>> = {
  async urls(url) {
    const options = { fetch: true, allowPrivate: true, maxAttempts: 1, timeoutMs, deadlineMs, kind: "text" } as const;
    const [item] = await itemsOf(urls([url], options));
    if (item && "error" in item) throw item.error;
  },
  async download(url) {
    count += 1;
    const sink = download(join(temp, "out"), {
      allowPrivate: true,
      maxAttempts: 1,
      maxBytes: limit,
      timeoutMs,
      deadlineMs,
    });
    const report = await flow(fromIterable([{ id: `d${count}`, image: { url } }]))
      .pipe(sink)
      .run();
    if (report.failures[0]) throw new Error(report.failures[0].code);
  },
  emulator: (url) => {
    const { signal } = new AbortController();
    return fetchMedia(url, files, {
      maxBytes: limit,
      privateFetch: "loopback",
      signal,
      timeoutMs,
      deadlineMs,
    });
  },
};

describe.concurrent.each(Object.entries(fetchers))("blocked: answers to %s", (_, fetchOne) => {
  it.each(Object.entries(behaviours))("%s", async (_name, behaviour) => {
    const stats = serve(behaviour);
    await expect(fetchOne(stats.url)).rejects.toThrow();
    await vi.waitFor(() => expect(stats.open).toBe(0), { interval: 5, timeout: 20_000 });
    // The largest limit is that of a text; the buffers of both ends add to it.
    expect(stats.sent).toBeLessThan(40_000_000);
  });
});

/** A clock whose waits end at once; it adds them up. */
function quickClock(): Clock & { waited: number } {
  const clock = {
    waited: 0,
    now: () => clock.waited,
    sleep: async (ms: number) => {
      clock.waited += ms;
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
  return clock;
}

async function callApi(url: string, timeout: number, clock = quickClock(), retryForMs = 0): Promise<unknown> {
  const transport = new Transport({ baseUrl: url, pat: "canary", timeoutMs: timeout, retryForMs }, clock);
  return transport
    .call("POST", "/v2/x", { json: {} })
    .catch((error: unknown) => error)
    .finally(() => transport.close());
}

const json = (text: string) =>
  answer(`Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`, text);

describe.concurrent("blocked: answers of the API", () => {
  it("a redirect is not followed and sends nothing to the other address", async () => {
    const redirect = `HTTP/1.1 302 Found\r\nLocation: ${origin}/\r\nContent-Length: 0\r\n\r\n`;
    const stats = serve((socket: Socket) => void socket.end(redirect));
    const error = await callApi(stats.url, timeoutMs);
    expect(error).toMatchObject({ code: "ERR_API_MOVED", outcomeUnknown: false });
  });

  it.each([
    ...Object.entries(behaviours),
    ["a million levels", json(`{"status":${"[".repeat(1_000_000)}`)],
    ["a million levels, closed", json(`{"a":${"[".repeat(500_000)}${"]".repeat(500_000)}}`)],
    ["a list", json('[{"status":{"code":10000}}]')],
    ["a number", json("10000")],
    ["nothing", json("null")],
    ["a status in the prototype", json('{"__proto__":{"status":{"code":10000}}}')],
    ["a code in the prototype", json('{"status":{"__proto__":{"code":10000}}}')],
    ["a code that is a name of the language", json('{"status":{"code":"constructor"}}')],
    ["a code that is the prototype", json('{"status":{"code":"__proto__"}}')],
    ["a code that is infinite", json('{"status":{"code":1e999}}')],
    ["a code that is an object", json('{"status":{"code":{"valueOf":1}}}')],
  ] as [string, Behaviour][])("%s", async (_, behaviour) => {
    const stats = serve(behaviour);
    const error = await callApi(stats.url, timeoutMs);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).code).toMatch(/^ERR_ANSWER_(LOST|UNREADABLE)$/);
    expect((error as ApiError).outcomeUnknown).toBe(true);
    await vi.waitFor(() => expect(stats.open).toBe(0), { interval: 5, timeout: 20_000 });
    expect(stats.sent).toBeLessThan(100_000_000);
  });

  it.each([
    ["a rate of a million digits", `{"status":{"code":11005,"details":"limit of ${"1".repeat(1_000_000)}"}}`, "11005"],
    ["a million rates", `{"status":{"code":11005,"details":"${"limit of 1 request ".repeat(50_000)}"}}`, "11005"],
    ["a rate of zero", '{"status":{"code":11005,"details":"limit of 0 requests per second"}}', "ERR_RATE_TOO_LOW"],
  ])("a refusal with %s", async (_, text, code) => {
    const clock = quickClock();
    const error = await callApi(serve(json(text)).url, 10_000, clock, 1000);
    expect(error).toMatchObject({ code });
    expect(clock.waited).toBeLessThan(1_000_000);
  });

  it("a Retry-After of a thousand years", async () => {
    const clock = quickClock();
    const refusal = '{"status":{"code":11005}}';
    const head = `HTTP/1.1 429 Too Many\r\nRetry-After: 31536000000\r\nContent-Length: ${refusal.length}\r\n\r\n`;
    const error = await callApi(serve((socket) => void socket.end(head + refusal)).url, 10_000, clock, 1000);
    expect(error).toMatchObject({ code: "ERR_WAIT_TOO_LONG" });
    expect(clock.waited).toBeLessThan(1_000_000);
  });

  it.each<[what: string, data: string, leak: (input: Input) => unknown]>([
    ["metadata too deep", `{"metadata":{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`, () => undefined],
    ["metadata with the prototype", '{"metadata":{"__proto__":{"polluted":1}}}', ({ metadata }) => metadata.polluted],
    ["a path instead of a URL", '{"image":{"path":"/etc/passwd"}}', ({ image }) => image],
    ["bytes instead of a URL", '{"image":{"bytes":{"0":1}}}', ({ image }) => image],
    ["a URL that is an object", '{"image":{"url":{"href":"file:///etc/passwd"}}}', ({ image }) => image],
    ["an invalid location", '{"geo":{"geo_point":{"longitude":1e999}}}', ({ geo }) => geo],
  ])("inputs with %s", async (_, data, leak) => {
    const body = `{"status":{"code":10000},"inputs":[{"id":"bad","data":${data}},{"id":"good","data":{"text":{"raw":"calm"}}}]}`;
    const app = await connect({ baseUrl: serve(json(body)).url, pat: "canary" });
    const seen: Input[] = [];
    const keep = (message: Message) => void seen.push(message.value);
    const report = await flow(listInputs(app)).pipe(tap(keep)).run();
    await app.close();
    expect(report.counts.ok + report.counts.failed).toBe(2);
    expect(report.failures.every((failure) => failure.origin === "bad")).toBe(true);
    expect(seen.at(-1)?.text).toBe("calm");
    if (seen.length === 2) expect(leak(seen[0] as Input)).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("blocked: requests to the emulator", () => {
  const post = async (body: string | Buffer, headers: Record<string, string> = {}) => {
    const { emulator } = await openHttp();
    const response = await fetch(`${emulator.url}/v2/inputs`, {
      method: "POST",
      headers: { authorization: "Key any", ...headers },
      body: new Uint8Array(Buffer.from(body)),
    });
    const { status } = (await response.json()) as { status: { code: number } };
    expect(emulator.stored()).toEqual([]);
    return status.code;
  };

  it.each([
    ["with five million objects", `{"inputs":[${"{},".repeat(2_500_000)}{}]}`, 11100],
    ["that are too deep", `{"inputs":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 11100],
    ["that are too deep in objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, 11100],
    ["with a key of 5 MB", `{"${"k".repeat(5_000_000)}":1}`, 11100],
    ["with a text that never ends", `{"inputs":"${"x".repeat(5_000_000)}`, 11100],
    ["with base64 that never ends", `{"inputs":[{"data":{"image":{"base64":"${"A".repeat(5_000_000)}`, 11100],
    ["with a million backslashes", `{"inputs":"${"\\\\".repeat(500_000)}"}`, 11100],
    ["with a million escapes in base64", `{"inputs":[{"data":{"image":{"base64":"${"\\u0041".repeat(160_000)}`, 11100],
    ["in gzip", gzipSync(Buffer.alloc(50_000_000, " ")), 11100],
    ["with the prototype", '{"__proto__":{"inputs":[{"id":"a","data":{"text":{"raw":"x"}}}]}}', 11100],
  ])("%s", async (_, body, code) => {
    expect(await post(body)).toBe(code);
  });

  it("with a body in gzip and a content-encoding header", async () => {
    expect(await post(gzipSync("{}"), { "content-encoding": "gzip" })).toBe(11100);
  });

  it.each([
    ["with a header of 20 KB", { "x-long": "y".repeat(20_000) }],
    ["with 3,000 headers", Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`x-${n}`, "y"]))],
  ])("%s", async (_, headers) => {
    const { emulator } = await openHttp();
    const response = await fetch(`${emulator.url}/v2/inputs`, { headers: { authorization: "Key any", ...headers } });
    expect(response.status).toBe(431);
  });

  it("whose body continues after the refusal", async () => {
    const block = Buffer.alloc(1_000_000);
    let read = 0;
    const body = new Readable({
      read() {
        read += block.length;
        this.push(block);
      },
    });
    drain(body as never);
    await vi.waitFor(() => expect(body.destroyed).toBe(true), { timeout: 20_000 });
    expect(read).toBeLessThan(200_000_000);
  });

  it("that arrive slowly", () => {
    const { headersTimeout, requestTimeout, timeout, keepAliveTimeout } = makeServer({ host: "127.0.0.1" } as never);
    for (const ms of [headersTimeout, timeout, keepAliveTimeout]) {
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(120_000);
    }
    expect(requestTimeout).toBeGreaterThan(0);
    expect(requestTimeout).toBeLessThanOrEqual(600_000);
  });
});

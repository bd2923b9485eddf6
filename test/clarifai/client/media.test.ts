import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type MediaOptions, receiveMedia } from "../../../src/clarifai/client/media.js";
import { type App, type Authorize, connect } from "../../../src/index.js";
import { startWeb } from "../../helpers/web.js";

/** The keys that each address received, in order. */
const keys: [string, string | undefined][] = [];
let sockets = new Set<unknown>();
let reads = 0;

const bytes = Buffer.alloc(3_000_000, 7);
const elsewhere = await startWeb({
  "/bytes": (response, request) => {
    keys.push(["elsewhere", request.headers.authorization]);
    response.end(bytes);
  },
});
const web = await startWeb({
  "/bytes": (response, request) => {
    keys.push(["own", request.headers.authorization]);
    sockets.add(request.socket);
    response.end(bytes);
  },
  "/small": (response, request) => {
    sockets.add(request.socket);
    response.end("calm sea");
  },
  "/moved": (response) => response.writeHead(301, { location: "/bytes" }).end("moved"),
  "/away": (response) => response.writeHead(307, { location: `${elsewhere.origin}/bytes` }).end("away"),
  "/round": (response) => response.writeHead(302, { location: "/round" }).end(),
  "/scheme": (response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
  "/refused": (response, request) => {
    sockets.add(request.socket);
    response.writeHead(503).end("x".repeat(10_000));
  },
  "/refused-at-length": (response) => {
    response.writeHead(503);
    const more = () => {
      reads += 1;
      if (!response.destroyed && reads < 1000) response.write(bytes.subarray(0, 100_000), more);
    };
    more();
  },
  "/stalled": (response) => void response.writeHead(200).write("calm"),
  "/cut": (response) => {
    response.writeHead(200, { "content-length": 10 });
    response.write("calm", () => setImmediate(() => response.socket?.destroy()));
  },
});

let app: App;
const authorize: Authorize = (url) => app.authorize(url);
beforeEach(async () => {
  app = await connect({ baseUrl: web.origin, pat: "secret" });
  keys.length = 0;
  sockets = new Set();
  reads = 0;
  return () => app.close();
});

async function received(path: string, options: MediaOptions = {}): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const receiver = { begin: () => undefined, take: (piece: Buffer) => void pieces.push(piece) };
  await receiveMedia(authorize, `${web.origin}${path}`, receiver, options);
  return Buffer.concat(pieces);
}

describe("receiving media", () => {
  it("sends the key to the API's origin, and follows redirects there", async () => {
    expect((await received("/moved")).equals(bytes)).toBe(true);
    expect(keys).toEqual([["own", "Key secret"]]);
  });

  it("sends no key to another host that the API redirects to", async () => {
    await expect(received("/away")).rejects.toMatchObject({ code: "ERR_ADDRESS_PRIVATE" });
    expect(keys).toEqual([]);
    expect((await received("/away", { allowPrivate: true })).equals(bytes)).toBe(true);
    expect(keys).toEqual([["elsewhere", undefined]]);
  });

  it("rejects when redirects never end, or lead to something that is not a web address", async () => {
    await expect(received("/round")).rejects.toMatchObject({ code: "ERR_REDIRECTS" });
    await expect(received("/scheme")).rejects.toMatchObject({ code: "ERR_URL_SCHEME" });
  });

  it("reads no further while the receiver processes a chunk", async () => {
    let open = 0;
    let most = 0;
    const take = async () => {
      most = Math.max(most, (open += 1));
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
    };
    await receiveMedia(authorize, `${web.origin}/bytes`, { begin: () => undefined, take });
    expect(most).toBe(1);
    expect(open).toBe(0);
  });

  it("rejects with the error of the receiver, at the headers and at a chunk, thrown at once and later", async () => {
    const fail = () => {
      throw new Error("no room");
    };
    const nothing = () => undefined;
    const url = `${web.origin}/bytes`;
    await expect(receiveMedia(authorize, url, { begin: fail, take: nothing })).rejects.toThrow("no room");
    await expect(receiveMedia(authorize, url, { begin: nothing, take: fail })).rejects.toThrow("no room");
    await expect(receiveMedia(authorize, url, { begin: nothing, take: async () => fail() })).rejects.toThrow("no room");
  });

  it("reuses its connections, also after a refusal, and reads only the beginning of a refusal", async () => {
    for (let times = 0; times < 10; times += 1) {
      await received("/small");
      await expect(received("/refused")).rejects.toMatchObject({ code: "ERR_HTTP_503", retryable: true });
    }
    expect(sockets.size).toBeLessThan(4);
    await expect(received("/refused-at-length")).rejects.toMatchObject({ code: "ERR_HTTP_503" });
    await received("/small");
    expect(reads).toBeLessThan(1000);
  });

  it("rejects when the connection is cut, when no data arrive, and when its signal aborts", async () => {
    await expect(received("/cut")).rejects.toThrow();
    await expect(received("/stalled", { timeoutMs: 20 })).rejects.toMatchObject({ code: "UND_ERR_BODY_TIMEOUT" });
    const abort = new AbortController();
    const begun = receiveMedia(
      authorize,
      `${web.origin}/stalled`,
      { begin: () => undefined, take: () => void abort.abort(new Error("enough")) as undefined },
      { signal: abort.signal },
    );
    await expect(begun).rejects.toThrow("enough");
    await expect(received("/small", { signal: abort.signal })).rejects.toThrow("enough");
  });

  it("accepts an answer after an informational response (103 Early Hints)", async () => {
    const server = createServer((_, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.end("calm sea");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    afterAll(() => void server.close());
    const pieces: Buffer[] = [];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const receiver = { begin: () => undefined, take: (piece: Buffer) => void pieces.push(piece) };
    await receiveMedia(undefined, url, receiver, { allowPrivate: true });
    expect(Buffer.concat(pieces).toString()).toBe("calm sea");
  });
});

/** URL lists: unusual answers of real servers, and the outcome of each. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { headersOf } from "../../src/cli/common/parsing.js";
import { withoutSignature } from "../../src/core/redact-urls.js";
import { batch, connect, flow, fromIterable, listInputs, type UrlsOptions, upload, urls } from "../../src/index.js";
import { startCommand } from "../helpers/command.js";
import { jpeg } from "../helpers/files.js";
import { itemsOf } from "../helpers/sources.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const photo = await jpeg(24, 16);
const fetching = { fetch: true, allowPrivate: true } as const;

async function listening(server: Server, scheme = "http"): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (answer: RequestListener) => listening(createServer(answer));
const read = (list: string[], options: UrlsOptions = {}) => flow(urls(list, { ...fetching, ...options })).run();
const failuresOf = async (list: string[], options: UrlsOptions = {}) =>
  (await read(list, options)).failures.map(({ code, reason }) => ({ code, reason }));

describe("a server that sends something other than the photo", () => {
  const page = "<!doctype html><title>Sign in</title>";
  it.each([
    ["a page", "/photo.jpg", "text/html", page, "ERR_KIND_MISMATCH"],
    ["a page that is called an image", "/photo.jpg", "image/jpeg", page, "ERR_KIND_MISMATCH"],
    ["a page for a song", "/song.mp3", "text/html; charset=utf-8", page, "ERR_KIND_MISMATCH"],
    ["XML for a film", "/film.mp4", "application/xml", "<?xml version='1.0'?><Error/>", "ERR_KIND_MISMATCH"],
    ["JSON for a photo", "/photo.webp", "application/json", '{"error":"no"}', "ERR_KIND_MISMATCH"],
    ["plain text for a photo", "/photo.png", "text/plain", "not found", "ERR_KIND_MISMATCH"],
    ["a page without an extension", "/photo", "text/html", page, "ERR_KIND_UNKNOWN"],
    ["a page without any type", "/photo/17", "", page, "ERR_KIND_UNKNOWN"],
    ["JSON without any type", "/photo/18", "", '\n[{"error":"no"}]', "ERR_KIND_UNKNOWN"],
    ["text that is called JSON", "/photo/19", "application/problem+json", "sorry", "ERR_KIND_UNKNOWN"],
    ["a page for a text", "/notes.txt", "text/html", page, "ERR_KIND_UNKNOWN"],
    ["noise for a photo", "/photo.jpg", "image/jpeg", "\0\x01\x02noise\0\xff", "ERR_KIND_MISMATCH"],
  ])("fails its input by name: %s", async (_, path, type, body, code) => {
    const origin = await serve((_request, response) => {
      if (type !== "") response.setHeader("content-type", type);
      response.end(Buffer.from(body, "latin1"));
    });
    const [failure] = await failuresOf([origin + path]);
    expect(failure?.code).toBe(code);
    expect(failure?.reason).toContain(path);
  });

  it("sends text if the option kind is text, or if its answer is plain text", async () => {
    const origin = await serve((request, response) => {
      response.setHeader("content-type", request.url === "/plain" ? "text/plain" : "text/html");
      response.end(request.url === "/plain" ? "calm sea" : page);
    });
    const report = await read([`${origin}/page`, `${origin}/photo.jpg`], { kind: "text" });
    expect(report.counts).toMatchObject({ ok: 2 });
    expect((await read([`${origin}/plain`])).counts).toMatchObject({ ok: 1 });
  });

  it("may send media under another extension", async () => {
    const origin = await serve((_request, response) => response.end(photo));
    expect((await read([`${origin}/a.png`, `${origin}/b.mp4`, `${origin}/c`])).counts).toMatchObject({ ok: 3 });
    expect(await failuresOf([`${origin}/b.mp4`], { kind: "video" })).toMatchObject([{ code: "ERR_KIND_MISMATCH" }]);
  });
});

describe("a host that answers with Retry-After", () => {
  it.each([
    [429, () => "0"],
    [503, () => "0"],
    [408, () => "0"],
    [425, () => "0"],
    [503, () => new Date(Date.now() - 1000).toUTCString()],
  ])("gets each request again, after HTTP %i", async (status, after) => {
    let asked = 0;
    const origin = await serve((_request, response) => {
      asked += 1;
      if (asked <= 5) response.writeHead(status, { "retry-after": after() }).end();
      else response.end(photo);
    });
    const list = Array.from({ length: 4 }, (_, n) => `${origin}/${n}.jpg`);
    expect((await read(list, { maxAttempts: 1 })).counts).toMatchObject({ ok: 4 });
  });

  it("gets no request until that time, which may be a date", async () => {
    const times: number[] = [];
    let until = 0;
    const origin = await serve((_request, response) => {
      times.push(Date.now());
      if (until === 0) {
        until = (Math.floor(Date.now() / 1000) + 2) * 1000;
        response.writeHead(429, { "retry-after": new Date(until).toUTCString(), date: new Date().toUTCString() }).end();
      } else response.end(photo);
    });
    const list = Array.from({ length: 6 }, (_, n) => `${origin}/${n}.jpg`);
    expect((await read(list, { concurrency: 1 })).counts).toMatchObject({ ok: 6 });
    expect(times).toHaveLength(7);
    expect(times[1]).toBeGreaterThanOrEqual((times[0] as number) + 1000);
  });

  it("fails its inputs at once if the wait exceeds retryForMs", async () => {
    let asked = 0;
    const origin = await serve((_request, response) => {
      asked += 1;
      response.writeHead(429, { "retry-after": "3600" }).end();
    });
    const failures = await failuresOf(Array.from({ length: 50 }, (_, n) => `${origin}/${n}.jpg`));
    expect(failures).toHaveLength(50);
    for (const { code, reason } of failures) {
      expect(code).toBe("ERR_HTTP_429");
      expect(reason).toContain("retryForMs");
    }
    expect(asked).toBeLessThanOrEqual(4);
  });

  it("does not delay other hosts", async () => {
    let isOpen = false;
    const slow = await serve((_request, response) => {
      if (isOpen) response.end(photo);
      else response.writeHead(503, { "retry-after": "1" }).end();
    });
    let served = 0;
    const quick = await serve((_request, response) => {
      served += 1;
      if (served === 20) isOpen = true; // not before all of these are through
      response.end(photo);
    });
    const list = [
      ...Array.from({ length: 8 }, (_, n) => `${slow}/${n}.jpg`),
      ...Array.from({ length: 20 }, (_, n) => `${quick}/${n}.jpg`),
    ];
    const items = await itemsOf(urls(list, fetching));
    expect(items.every((item) => "input" in item)).toBe(true);
    expect(items.slice(0, 20).map((item) => item.origin)).toEqual(list.slice(8));
  });

  it("does not delay a stop", async () => {
    const abort = new AbortController();
    const origin = await serve((_request, response) => {
      response.writeHead(429, { "retry-after": "200" }).end();
      setTimeout(() => abort.abort(), 20);
    });
    const report = await flow(urls([`${origin}/a.jpg`, `${origin}/b.jpg`], fetching)).run({ signal: abort.signal });
    expect(report.stopped).toBe(true);
  });

  it("is retried a few times after other transient failures", async () => {
    let asked = 0;
    const origin = await serve((_request, response) => {
      asked += 1;
      if (asked === 1) response.destroy();
      else if (asked === 2) response.writeHead(502).end();
      else response.end(photo);
    });
    expect((await read([`${origin}/a.jpg`])).counts).toMatchObject({ ok: 1 });
  });
});

describe("a content-encoding", () => {
  it.each([
    "Identity",
    "IDENTITY",
    "none",
    "binary",
    "utf-8",
    "UTF-8",
    "aws-chunked",
    "7bit",
    "",
    "image/jpeg",
    "identity, none",
  ])("that means plain bytes is ignored: %j", async (name) => {
    const origin = await serve((_request, response) =>
      response.writeHead(200, { "content-encoding": name }).end(photo),
    );
    expect((await read([`${origin}/a.jpg`])).counts).toMatchObject({ ok: 1 });
  });

  it.each([
    ["gzip", gzipSync(photo)],
    ["x-gzip", gzipSync(photo)],
    ["GZIP", gzipSync(photo)],
    ["deflate", deflateSync(photo)],
    ["deflate", deflateRawSync(photo)],
    ["br", brotliCompressSync(photo)],
    ["gzip, gzip", gzipSync(gzipSync(photo))],
    ["br, gzip", gzipSync(brotliCompressSync(photo))],
    ["gzip", photo],
    ["br", photo],
    ["invented", photo],
  ])("is decoded, or ignored if the bytes are not encoded: %s", async (name, body) => {
    const origin = await serve((_request, response) => response.writeHead(200, { "content-encoding": name }).end(body));
    const [item] = await itemsOf(urls([`${origin}/a.jpg`], fetching));
    expect(item).toMatchObject({ input: { image: { bytes: new Uint8Array(photo) } } });
  });

  it.each([
    ["gzip", gzipSync(gzipSync(photo)), "ERR_KIND_MISMATCH"],
    ["gzip", gzipSync(photo).subarray(0, 100), "ERR_CONTENT_ENCODING"],
    ["gzip", Buffer.from("plain text"), "ERR_CONTENT_ENCODING"],
    ["compress", Buffer.from("whatever"), "ERR_CONTENT_ENCODING"],
    ["invented", Buffer.from("plain text"), "ERR_CONTENT_ENCODING"],
    ["gzip", gzipSync(Buffer.alloc(30_000_000)), "ERR_ITEM_TOO_LARGE"],
  ])("that does not match the bytes fails: %s", async (name, body, code) => {
    const origin = await serve((_request, response) => response.writeHead(200, { "content-encoding": name }).end(body));
    const kind = code === "ERR_ITEM_TOO_LARGE" ? "text" : undefined;
    expect(await failuresOf([`${origin}/a${kind ? ".txt" : ".jpg"}`], { kind })).toMatchObject([{ code }]);
  });
});

describe("headers from the user", () => {
  it("are sent to the origin of the URL, and to no other origin after a redirect", async () => {
    const seen: [string, string | undefined][] = [];
    const other = await serve((request, response) => {
      seen.push(["other", request.headers.authorization]);
      if (request.url === "/back") response.writeHead(302, { location: `${origin}/c.jpg` }).end();
      else response.end(photo);
    });
    const origin = await serve((request, response) => {
      seen.push([request.url ?? "", request.headers.authorization]);
      if (request.url === "/a.jpg") response.writeHead(302, { location: "/c.jpg" }).end();
      else if (request.url === "/b.jpg") response.writeHead(302, { location: `${other}/back` }).end();
      else response.end(photo);
    });
    const headers = { Authorization: "Bearer t0ken" };
    const report = await read([`${origin}/a.jpg`, `${origin}/b.jpg`], { headers, concurrency: 1 });
    expect(report.counts.ok).toBe(2);
    expect(seen).toEqual([
      ["/a.jpg", "Bearer t0ken"],
      ["/c.jpg", "Bearer t0ken"],
      ["/b.jpg", "Bearer t0ken"],
      ["other", undefined],
      ["/c.jpg", undefined],
    ]);
  });

  it.each([
    [{ "bad name": "x" }],
    [{ Host: "evil.test" }],
    [{ "Content-Length": "5" }],
    [{ authorization: "Bearer s3cret\r\nx: y" }],
    [{ authorization: "" }],
    [{ authorization: 5 as unknown as string }],
    [{ a: "s3cret", A: "s3cret" }],
    ["authorization: s3cret" as unknown as Record<string, string>],
  ])("are validated, and never shown in errors: %j", (headers) => {
    const make = () => urls(["https://a.test/x.jpg"], { fetch: true, headers });
    expect(make).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }) as Error);
    expect(make).not.toThrow(/s3cret/);
  });

  it("come from the command line, one by one or in a file, and no error shows a value", async () => {
    const path = join(temporaryFolder(), "headers.txt");
    writeFileSync(path, "# for the archive\r\nAuthorization: Bearer s3cret\r\n\r\nX-Key:5\n");
    expect(headersOf(["a: b:c", `@${path}`])).toEqual({ a: "b:c", Authorization: "Bearer s3cret", "X-Key": "5" });
    const ended = await startCommand(["upload", "https://a.test/x.jpg", "--header", "s3cret"], {
      cwd: temporaryFolder(),
    }).ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).not.toContain("s3cret");
  });

  it("need fetch: true", () => {
    expect(() => urls(["https://a.test/x.jpg"], { headers: { a: "b" } })).toThrow(/fetch: true/);
  });
});

describe("a signature in a URL", () => {
  it.each([
    [
      "X-Amz-Algorithm=A&X-Amz-Credential=B&X-Amz-Date=C&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=D&X-Amz-Security-Token=E&versionId=3",
      "versionId=3",
    ],
    ["x-id=GetObject&X-Amz-Credential=B&X-Amz-Signature=D", "x-id=GetObject"],
    ["X-Goog-Algorithm=A&X-Goog-Credential=B&X-Goog-Date=C&X-Goog-Signature=D", ""],
    ["GoogleAccessId=a&Expires=1&Signature=b&generation=2", "generation=2"],
    ["AWSAccessKeyId=a&Signature=b&Expires=1", ""],
    ["sv=2024&se=2026-01-01&sr=b&sp=r&sig=a%2Fb&snapshot=7", "snapshot=7"],
    ["Expires=1&Signature=a&Key-Pair-Id=b&w=5", "w=5"],
    ["Policy=a&Signature=b&Key-Pair-Id=c", ""],
    ["OSSAccessKeyId=a&Expires=1&Signature=b&x-oss-process=image/resize,w_100", "x-oss-process=image/resize,w_100"],
    ["sig=1", "sig=1"],
    ["Expires=1", "Expires=1"],
    ["Signature=rembrandt&Expires=1", "Signature=rembrandt&Expires=1"],
    ["sig=a&sv=2", "sig=a&sv=2"],
    ["X-Amz-Date=1", "X-Amz-Date=1"],
    ["Policy=home&w=1", "Policy=home&w=1"],
    ["a=%20b&&c", "a=%20b&&c"],
  ])("is removed if it has all parameters of its kind: ?%s", (query, left) => {
    const url = (text: string) => `https://a.test/x.jpg${text === "" ? "" : `?${text}`}#part`;
    expect(withoutSignature(url(query))).toBe(url(left));
  });

  it("is neither reported nor stored when Sluice fetches, and is sent when the platform fetches", async () => {
    const origin = await serve((request, response) => {
      if (request.url?.startsWith("/gone")) response.writeHead(404).end();
      else response.setHeader("content-type", "image/jpeg").end(photo);
    });
    const query = "?X-Amz-Credential=AKIA&X-Amz-Signature=5ecret";
    const { app, store } = await openStore({ allowPrivateFetch: true });
    const page = join(temporaryFolder(), "report.html");
    const list = [
      `${origin}/a.jpg${query}`,
      `${origin}/gone.jpg${query}`,
      `${origin}/b.jpg${query.replace("5ecret", "0ther")}`,
    ];
    const events: unknown[] = [];
    const report = await flow(urls(list, fetching))
      .pipe(batch(), upload(app))
      .run({ onProgress: (event) => void events.push(event) });
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    await report.writeHtml(page);
    const stored = await flow(listInputs(app)).toArray();
    const visible = [
      report.summary(),
      JSON.stringify([report, events, stored, store.stored()]),
      readFileSync(page, "utf8"),
    ];
    for (const text of visible) expect(text).not.toMatch(/5ecret|0ther/);

    const again = await flow(urls([`${origin}/c.jpg${query}`]))
      .pipe(batch(), upload(app))
      .run();
    expect(again.counts).toMatchObject({ ok: 1 });
    expect(JSON.stringify([again.summary(), again])).not.toContain("5ecret");
    const [reference] = (await flow(listInputs(app)).toArray()).filter(({ metadata }) => metadata.filename === "c.jpg");
    expect(reference?.image).toMatchObject({ url: `${origin}/c.jpg${query}` });
    expect(reference?.metadata.url).toBe(`${origin}/c.jpg`);
  });
});

describe("a list", () => {
  it("skips a repeated URL, even if it is signed again, and names the first line", async () => {
    const path = join(temporaryFolder(), "list.txt");
    const signed = (n: number) => `https://a.test/x.jpg?X-Amz-Credential=a&X-Amz-Signature=${n}`;
    writeFileSync(
      path,
      `\uFEFF# photos\r\n\r\n${signed(1)}\r\nhttps://A.test/y.jpg\r\n  ${signed(2)}  \r\nhttps://a.test/y.jpg\r\n`,
    );
    const report = await flow(urls(path)).run();
    expect(report.counts).toMatchObject({ read: 4, ok: 2, skipped: 2 });
    expect(report.skipped.map(({ reason }) => reason)).toEqual(["the same URL as line 3", "the same URL as line 4"]);
  });

  it("fails a URL that is not absolute or not http, and reads the rest", async () => {
    const list = [
      "photos/a.jpg",
      "//a.test/a.jpg",
      "file:///etc/passwd",
      "C:\\photos\\a.jpg",
      `data:image/png;base64,${"A".repeat(5000)}`,
      "https://a.test/ok.jpg",
    ];
    const report = await flow(urls(list)).run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 5 });
    expect(report.failures.map(({ code }) => code)).toEqual([
      "ERR_URL",
      "ERR_URL",
      "ERR_URL_SCHEME",
      "ERR_URL_SCHEME",
      "ERR_URL_SCHEME",
    ]);
    for (const { reason } of report.failures) expect(reason.length).toBeLessThan(500);
  });

  it("gives the same id to two Unicode forms of a host name", async () => {
    const ids = (await flow(urls(["https://m\u00fcnchen.test/a.jpg"])).toArray()).map(({ id }) => id);
    expect((await flow(urls(["https://mu\u0308nchen.test/a.jpg"])).toArray()).map(({ id }) => id)).toEqual(ids);
  });

  it("makes ids from the content or by a function, and skips equal content as a duplicate", async () => {
    const origin = await serve((_request, response) => response.end(photo));
    const { app } = await openStore();
    const list = [`${origin}/a.jpg`, `${origin}/b.jpg`];
    const report = await flow(urls(list, { ...fetching, ids: "content" }))
      .pipe(batch(), upload(app))
      .run();
    expect(report.counts).toMatchObject({ ok: 1, skipped: 1 });
    const made = await flow(urls(list, { ids: (url) => new URL(url).pathname.slice(1, 2) })).toArray();
    expect(made.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(() => urls(list, { ids: "content" })).toThrow(/fetch: true/);
  });
});

describe("a certificate", () => {
  function certificate(name: string, ...more: string[]): { key: Buffer; cert: Buffer } {
    const folder = temporaryFolder();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${name}`];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject, ...more];
    execFileSync("openssl", made, { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  it("that is self-signed is reported as such, once, for a list and for the API", async () => {
    const self = certificate("IP:127.0.0.1");
    let asked = 0;
    const server = createTlsServer(self, (_request, response) => {
      asked += 1;
      response.end(photo);
    });
    const origin = await listening(server as unknown as Server, "https");
    const [failure] = await failuresOf([`${origin}/a.jpg`]);
    expect(failure?.code).toBe("ERR_CERTIFICATE");
    expect(failure?.reason).toMatch(/self-signed.*NODE_EXTRA_CA_CERTS/);
    const app = await connect({ baseUrl: origin, pat: "any" });
    onTestFinished(() => app.close());
    const run = flow(fromIterable([{ text: "calm sea" }]))
      .pipe(batch(), upload(app))
      .run();
    await expect(run).rejects.toMatchObject({ code: "ERR_CERTIFICATE" });
    expect(asked).toBe(0);
  });

  it("that is missing is reported: the server does not speak TLS", async () => {
    const origin = await serve((_request, response) => response.end(photo));
    const [failure] = await failuresOf([`${origin.replace("http:", "https:")}/a.jpg`]);
    expect(failure?.code).toBe("ERR_CERTIFICATE");
    expect(failure?.reason).toContain("is it http?");
  });
});

describe("an address that is not the API's", () => {
  const failing = async (baseUrl: string) => {
    const app = await connect({ baseUrl, pat: "any", retryForMs: 50 });
    onTestFinished(() => app.close());
    return flow(fromIterable([{ text: "calm sea" }]))
      .pipe(batch(), upload(app))
      .run();
  };

  it.each([301, 308, 302])("ends the run with an error that names the redirect: HTTP %i", async (status) => {
    const origin = await serve((request, response) =>
      response.writeHead(status, { location: `https://${request.headers.host}${request.url}` }).end(),
    );
    await expect(failing(origin)).rejects.toMatchObject({
      code: "ERR_API_MOVED",
      message: expect.stringContaining(
        `set baseUrl (CLARIFAI_API_BASE) to ${origin.replace("http:", "https:")}`,
      ) as string,
    });
  });

  it("is reported as a sign-in page if it redirects to another host", async () => {
    const origin = await serve((_request, response) =>
      response.writeHead(302, { location: "http://portal.test/login" }).end(),
    );
    await expect(failing(origin)).rejects.toMatchObject({
      code: "ERR_API_MOVED",
      message: expect.stringMatching(/portal\.test.*sign-in page/) as string,
    });
  });

  it("is reported as a web page if it answers with one", async () => {
    const origin = await serve((_request, response) =>
      response.setHeader("content-type", "text/html").end("<html>Welcome</html>"),
    );
    const report = await failing(origin);
    expect(report.failures).toMatchObject([{ code: "ERR_NOT_THE_API" }]);
    expect(report.failures[0]?.reason).toMatch(/web page.*sign-in page/);
    const app = await connect({ baseUrl: origin, pat: "any", retryForMs: 50 });
    onTestFinished(() => app.close());
    await expect(flow(listInputs(app)).run()).rejects.toMatchObject({ code: "ERR_NOT_THE_API" });
  });
});

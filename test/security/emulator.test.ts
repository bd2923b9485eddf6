/** The emulator: access, hostile paths and names, and content that browsers could run. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { untrustedOrigin } from "../../src/emulator/server/requests.js";
import { connect } from "../../src/index.js";
import { svg } from "../helpers/bombs.js";
import { jpeg } from "../helpers/files.js";
import { type Http, note, openHttp, picture } from "../helpers/http.js";
import { temporaryFolder } from "../helpers/store.js";

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Sends a request unchanged: the path is not normalized, and no header is left out. */
function send(
  { emulator }: Pick<Http, "emulator">,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = "",
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(emulator.url);
    const sent = request({ hostname, port, method, path, headers: { ...headers, connection: "close" } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on("error", reject).end(body);
  });
}

/** Sends raw bytes and returns the first line of the answer. */
function sendRaw({ emulator }: Http, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(emulator.port, "127.0.0.1", () => socket.end(text));
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("error", reject).on("close", () => resolve(answer.split("\r\n")[0] ?? ""));
  });
}

const key = { authorization: "Key right" };
const inputs = JSON.stringify({ inputs: [note("planted")] });

/** Starts an emulator with a key and one image. */
async function guarded() {
  const http = await openHttp({ pat: "right" });
  const body = JSON.stringify({ inputs: [picture("a", await jpeg())] });
  const posted = JSON.parse((await send(http, "POST", "/v2/inputs", key, body)).body) as {
    inputs: { data: { image: { url: string } } }[];
  };
  const media = new URL(posted.inputs[0]?.data.image.url ?? "").pathname;
  return { ...http, media };
}

describe("blocked: requests without the key", () => {
  it.each<[what: string, headers: Record<string, string>]>([
    ["no header", {}],
    ["an empty key", { authorization: "Key " }],
    ["no key", { authorization: "Key" }],
    ["another key", { authorization: "Key wrong" }],
    ["the key in capitals", { authorization: "Key RIGHT" }],
    ["the beginning of the key", { authorization: "Key righ" }],
    ["the key and more", { authorization: "Key rightx" }],
    ["the key and a comma", { authorization: "Key right," }],
    ["the key in quotes", { authorization: 'Key "right"' }],
    ["two keys", { authorization: "Key right right" }],
    ["the key in another scheme", { authorization: "Basic right" }],
    ["a name and the key", { authorization: `Basic ${Buffer.from("x:right").toString("base64")}` }],
    ["the key without a scheme", { authorization: "right" }],
    ["the key in a cookie", { cookie: "authorization=Key right" }],
    ["the key in another header", { "x-api-key": "right" }],
    ["another session", { "x-clarifai-session-token": "wrong" }],
    ["an empty session", { "x-clarifai-session-token": "" }],
    ["a name of the language", { authorization: "Key __proto__" }],
    ["a key of 10 KB", { authorization: `Key ${"x".repeat(10_000)}` }],
  ])("%s", async (_, headers) => {
    const http = await guarded();
    for (const [method, path, body] of [
      ["GET", "/v2/inputs", ""],
      ["POST", "/v2/inputs", inputs],
      ["DELETE", "/v2/users/me/apps/main", ""],
      ["PATCH", "/v2/inputs", '{"action":"overwrite","inputs":[{"id":"a","data":{"metadata":{"x":1}}}]}'],
      ["GET", "/v2/users/me/apps", ""],
    ] as const) {
      expect((await send(http, method, path, headers, body)).status).toBe(401);
    }
    const media = await send(http, "GET", http.media, headers);
    expect([401, 404]).toContain(media.status);
    expect(media.body).toBe("");
    expect(http.emulator.stored()).toMatchObject([{ id: "a", metadata: {} }]);
  });

  it("the key in the query", async () => {
    const http = await guarded();
    expect((await send(http, "GET", "/v2/inputs?key=right&authorization=Key%20right")).status).toBe(401);
    expect((await send(http, "GET", `${http.media}?key=right`)).status).toBe(404);
  });

  it("any key, to the emulator that connect starts", async () => {
    const app = await connect({ data: temporaryFolder(), announce: false });
    onTestFinished(() => app.close());
    for (const guess of ["any", "local", "embedded", "me", "sluice"]) {
      const headers = { authorization: `Key ${guess}` };
      expect((await fetch(`${app.baseUrl}/v2/inputs`, { headers })).status).toBe(401);
    }
    expect(await app.listInputs()).toEqual([]);
  });
});

describe("blocked: requests from web pages", () => {
  it.each<[what: string, headers: Record<string, string>]>([
    ["of another site", { origin: "https://evil.example" }],
    ["of another site over HTTP", { origin: "http://evil.example" }],
    ["of a site whose name begins like this machine", { origin: "http://localhost.evil.example" }],
    ["of a site whose name begins like an address of this machine", { origin: "http://127.0.0.1.evil.example" }],
    ["of a site whose name ends like this machine", { origin: "http://evillocalhost" }],
    ["of a file or a sandboxed frame", { origin: "null" }],
    ["of an extension", { origin: "chrome-extension://abcdef" }],
    ["of no site", { origin: "" }],
    ["of an invalid origin", { origin: "://" }],
    ["of a private network", { origin: "http://192.168.0.1" }],
    ["under a host name that resolves to this machine", { host: "evil.example" }],
    ["under a name with a port", { host: "evil.example:8080" }],
    ["under a name that begins like this machine", { host: "localhost.evil.example" }],
    ["under a name that begins like an address", { host: "127.0.0.1.evil.example" }],
    ["under a user name that looks like this machine", { host: "127.0.0.1@evil.example" }],
    ["under the unspecified address", { host: "0.0.0.0" }],
    ["under a private address", { host: "10.0.0.1" }],
    ["under a name in brackets", { host: "[evil.example]" }],
    ["under an invalid name", { host: "evil example" }],
    ["under such a name, from a page of the same", { host: "evil.example", origin: "http://evil.example" }],
    ["under such a name, from a page of this machine", { host: "evil.example", origin: "http://localhost" }],
  ])("%s", async (_, headers) => {
    const http = await guarded();
    for (const path of ["/v2/inputs", "/v2/status_codes", http.media]) {
      const reply = await send(http, "GET", path, { ...key, ...headers });
      expect([path, reply.status]).toEqual([path, 403]);
      expect(reply.headers["access-control-allow-origin"]).toBeUndefined();
    }
    const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];
    for (const type of types) {
      const post = await send(http, "POST", "/v2/inputs", { ...key, ...headers, "content-type": type }, inputs);
      expect(post.status).toBe(403);
    }
    expect(http.emulator.stored()).toHaveLength(1);
  });

  it("with a preflight request", async () => {
    const http = await guarded();
    for (const origin of ["https://evil.example", "http://localhost:3000"]) {
      const headers = {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      };
      const reply = await send(http, "OPTIONS", "/v2/inputs", headers);
      expect(reply.status).toBeGreaterThanOrEqual(400);
      expect(Object.keys(reply.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  it("to an emulator that listens for other machines", () => {
    const from = (host: string | undefined, origin?: string) =>
      untrustedOrigin({ headers: { host, ...(origin === undefined ? {} : { origin }) } } as never, "0.0.0.0");
    expect(from("store.lan:8080", "https://evil.example")).toContain("evil.example");
    expect(from("store.lan:8080", "null")).toContain("null");
    expect(from("store.lan:8080")).toBeUndefined();
    expect(from("store.lan:8080", "http://store.lan:8080")).toBeUndefined();
  });
});

describe("blocked: request paths", () => {
  it.each([
    ["a path traversal to the app", "DELETE", "/v2/users/me/apps/main/inputs/.."],
    ["a path traversal to the app, encoded", "DELETE", "/v2/users/me/apps/main/inputs/%2e%2e"],
    ["a path traversal to the app, half encoded", "DELETE", "/v2/users/me/apps/main/inputs/.%2E"],
    ["a path traversal to another app", "GET", "/v2/users/me/apps/main/../other/inputs"],
    ["a path traversal to another user", "GET", "/v2/users/me/../ann/apps/main/inputs"],
    ["a path traversal out of the API", "GET", "/v2/../media/orig"],
    ["the folder itself", "GET", "/v2/users/me/apps/./inputs"],
    ["the folder itself, encoded", "GET", "/v2/users/me/apps/%2e/inputs"],
    ["a NUL", "GET", "/v2/users/me/apps/main%00/inputs"],
    ["a line break", "GET", "/v2/users/me/apps/main%0d%0aX-Injected:%20yes/inputs"],
    ["a control character", "GET", "/v2/users/me/apps/%07/inputs"],
    ["bytes that cannot be decoded", "GET", "/v2/users/me/apps/%c0%ae%c0%ae/inputs"],
    ["half of a percent sign", "GET", "/v2/users/me/apps/%2/inputs"],
  ])("%s", async (_, method, path) => {
    const http = await guarded();
    const reply = await send(http, method, path, key);
    expect(reply.status).toBe(400);
    expect(reply.headers["x-injected"]).toBeUndefined();
    expect(http.emulator.stored()).toHaveLength(1);
  });

  it.each([
    ["the database", "../../store.sqlite"],
    ["the database, encoded", "..%2f..%2fstore.sqlite"],
    ["the database, encoded twice", "..%252f..%252fstore.sqlite"],
    ["the database, with backslashes", "..%5c..%5cstore.sqlite"],
    ["an absolute path", "%2fetc%2fpasswd"],
    ["a digest that is too short", "abc"],
    ["a digest in capitals", "A".repeat(64)],
    ["a digest and a path traversal", `${"a".repeat(64)}%2f..%2f..`],
    ["a digest and a NUL", `${"a".repeat(64)}%00`],
    ["an unknown digest", "a".repeat(64)],
    ["nothing", ""],
  ])("to media: %s", async (_, end) => {
    const http = await guarded();
    const path = http.media.replace(/[^/]+$/, end);
    const reply = await send(http, "GET", path, key);
    expect([400, 404]).toContain(reply.status);
    expect(reply.body).not.toContain("SQLite");
    expect((await send(http, "GET", http.media, key)).status).toBe(200);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("to media, with %s", async (method) => {
    const http = await guarded();
    const reply = await send(http, method, http.media, key, "x");
    expect([reply.status, reply.headers.allow]).toEqual([405, "GET, HEAD"]);
    expect((await send(http, "GET", http.media, key)).status).toBe(200);
  });

  it.each([
    ["a whole URL of another host", "GET http://evil.example/v2/inputs HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403"],
    ["a tunnel", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", ""],
    ["a star", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "401"],
    ["no host", "GET /v2/inputs HTTP/1.1\r\n\r\n", "400"],
    ["two hosts", "GET /v2/inputs HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n", "403"],
    [
      "two lengths",
      "POST /v2/inputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 9\r\n\r\nx",
      "400",
    ],
    [
      "a length and chunks",
      "POST /v2/inputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400",
    ],
    ["a header with a space in its name", "GET /v2/inputs HTTP/1.1\r\nHost : localhost\r\n\r\n", "400"],
    ["an invalid request line", "\u0000\u0001\u0002\r\n\r\n", "400"],
  ])("of a request with %s", async (_, text, status) => {
    const http = await openHttp({ pat: "right" });
    expect((await sendRaw(http, text)).split(" ")[1] ?? "").toBe(status);
  });
});

describe("blocked: names in request bodies", () => {
  const names = [
    "../../x",
    "..",
    "/etc/passwd",
    "C:\\x",
    "a\0b",
    "a\0c",
    "a\nb",
    "__proto__",
    "constructor",
    "'; DROP TABLE inputs; --",
    "%",
    "\ud800",
  ];
  it.each(names)("%j", async (name) => {
    const http = await openHttp();
    const where = { user_app_id: { user_id: name, app_id: name } };
    const body = { ...where, inputs_add_job_id: name, inputs: [{ ...note(name), dataset_ids: [name] }] };
    await http.call("POST", "/v2/inputs", body);
    // Names are only values in rows: no file is named after them, and similar names stay different.
    expect(existsSync(join(http.folder, "..", "x"))).toBe(false);
    expect(
      readdirSync(http.folder).filter(
        (entry) => !/^(?:media|incoming|exports|uploads|(?:lock|store\.sqlite)(?:-\w+)?)$/.test(entry),
      ),
    ).toEqual([]);
    // A name that the database would change creates no row.
    const isKept = !/[\p{Cc}\p{Cs}]/u.test(name);
    expect(http.emulator.stored(name, name)).toHaveLength(isKept ? 1 : 0);
    expect(http.emulator.stored(name.replace("b", "c"), name)).toHaveLength(isKept && !name.includes("b") ? 1 : 0);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(["merge", "overwrite", "remove"])("of the prototype, in a patch: %s", async (action) => {
    const http = await openHttp();
    await http.add(note("a", { metadata: { kept: 1 } }));
    for (const metadata of ['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}']) {
      await http.call(
        "PATCH",
        "/inputs",
        `{"action":"${action}","inputs":[{"id":"a","data":{"metadata":${metadata}}}]}`,
      );
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    const [{ metadata } = { metadata: {} }] = http.emulator.stored();
    const keys = Object.keys(metadata as object).filter((name) => name !== "__proto__" && name !== "constructor");
    expect(keys).toEqual(action === "overwrite" ? [] : ["kept"]);
    if (action === "remove") expect(Object.keys(metadata as object)).toEqual(["kept"]);
  });
});

describe("blocked: content that a browser would run", () => {
  const page = "<!DOCTYPE html><script>alert(1)</script>";
  it.each<[what: string, content: Uint8Array]>([
    ["SVG with a script", svg("<script>alert(1)</script>")],
    ["SVG in UTF-16", Buffer.from(`\uFEFF${svg("<script>alert(1)</script>").toString()}`, "utf16le")],
    ["HTML", Buffer.from(page)],
    ["HTML behind the head of a GIF", Buffer.from(`GIF89a\u0001\u0001\u0001\u0001/*${page}*/=1;`)],
    ["XHTML", Buffer.from(`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">${page}</html>`)],
    ["a script", Buffer.from("alert(1)")],
    ["a PDF", Buffer.from("%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>")],
    ["Flash", Buffer.from("CWS\u0009abcdefgh")],
  ])("%s", async (_, content) => {
    const http = await openHttp();
    const { json } = await http.call("POST", "/inputs", { inputs: [picture("a", content)] });
    const url = new URL(json.inputs[0]?.data.image?.url ?? "");
    const { status, headers } = await send(http, "GET", url.pathname, { authorization: "Key any" });
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^(?:image\/gif|application\/octet-stream)$/);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
      "content-disposition": "attachment",
      "cross-origin-resource-policy": "same-origin",
    });
  });

  it.each([
    ["a path", "GET", `/v2/${encodeURIComponent(page)}`, ""],
    ["an id", "GET", `/v2/inputs/${encodeURIComponent(page)}`, ""],
    ["a body", "POST", "/v2/inputs", page],
    ["a method", "PUT", `/v2/inputs?x=${encodeURIComponent(page)}`, ""],
  ])("in an answer that quotes %s", async (_, method, path, body) => {
    const http = await openHttp();
    const { headers } = await send(http, method, path, { authorization: "Key any" }, body);
    expect(headers).toMatchObject({ "content-type": "application/json", "x-content-type-options": "nosniff" });
  });
});

describe("let through", () => {
  it.each(["localhost", "127.0.0.1", "[::1]", "LOCALHOST:9", "app.localhost:80", "127.0.0.1:1", "2130706433"])(
    "programs that address this machine as %s",
    async (host) => {
      const http = await guarded();
      expect((await send(http, "GET", "/v2/inputs", { ...key, host })).status).toBe(200);
      expect((await send(http, "GET", "/v2/inputs", { ...key, host, origin: "http://localhost:3000" })).status).toBe(
        200,
      );
    },
  );

  it("only loopback, by default", async () => {
    const { emulator } = await openHttp();
    expect(new URL(emulator.url).hostname).toBe("127.0.0.1");
  });

  it("no key in the files of the store", async () => {
    const http = await openHttp({ pat: "canary-of-the-store" });
    await send(http, "POST", "/v2/inputs", { authorization: "Key canary-of-the-store" }, inputs);
    await http.emulator.close();
    const files = readdirSync(http.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files) {
      expect(readFileSync(join(parentPath, name)).includes("canary-of-the-store")).toBe(false);
    }
  });
});

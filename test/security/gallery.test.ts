/** The gallery: access to its data, and hostile inputs in its page. */

import { createHash } from "node:crypto";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { svg } from "../helpers/bombs.js";
import { describeInBrowser, openPage } from "../helpers/browser.js";
import { jpeg } from "../helpers/files.js";
import { openGallery } from "../helpers/gallery.js";
import { note, openHttp, picture } from "../helpers/http.js";

/** Sends a request unchanged, with any Host header. */
function send(
  url: string,
  headers: Record<string, string>,
  method = "GET",
  body = "",
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: { ...headers, connection: "close" } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    asked.on("error", reject).end(body);
  });
}

/** Starts an emulator with a key, an image in one app and a text in another, and opens its gallery. */
async function guarded() {
  const http = await openHttp({ pat: "right", appKeys: { "key-of-main": { userId: "me", appId: "main" } } });
  const bytes = await jpeg();
  const key = { authorization: "Key right" };
  await http.call("POST", "/inputs", { inputs: [picture("planted", bytes)] }, key);
  await http.call("POST", "/v2/users/ann/apps/other/inputs", { inputs: [note("secret")] }, key);
  await expect.poll(() => http.emulator.stored()[0]?.statusCode).toBe(30000);
  const gallery = await openGallery(http.emulator, "right");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { ...http, gallery, base: `${http.emulator.url}/gallery`, sha256 };
}

const data = [
  "apps",
  "inputs?app=1",
  "facets?app=1",
  "values?app=1&key=a",
  "places?app=1",
  "changes?app=1",
  "record?app=1&seq=1",
];

describe("blocked: data of the gallery", () => {
  it.each<[what: string, headers: (open: { session: string; access: string }) => Record<string, string>]>([
    ["without a session", () => ({})],
    ["with an empty session", () => ({ "x-sluice-session": "" })],
    ["with another session", () => ({ "x-sluice-session": "a".repeat(32) })],
    ["with the beginning of a session", ({ session }) => ({ "x-sluice-session": session.slice(0, -1) })],
    ["with the access value of pictures", ({ access }) => ({ "x-sluice-session": access })],
    ["with the key", () => ({ authorization: "Key right" })],
    ["with the session in a cookie", ({ session }) => ({ cookie: `x-sluice-session=${session}` })],
    ["with the session in another header", ({ session }) => ({ authorization: `Key ${session}` })],
  ])("%s", async (_, headers) => {
    const { gallery, base } = await guarded();
    for (const path of data) {
      const reply = await send(`${base}/${path}`, headers(gallery));
      expect([path, reply.status]).toEqual([path, 401]);
      expect(reply.body).not.toContain("planted");
    }
  });

  it.each<[what: string, query: (open: { session: string }) => string]>([
    ["without access", () => ""],
    ["with an empty access", () => "&access="],
    ["with another access", () => "&access=nope"],
    ["with a session", ({ session }) => `&access=${session}`],
  ])("as files, %s", async (_, query) => {
    const { gallery, base, sha256 } = await guarded();
    for (const path of [`pictures/tile/${sha256}`, `media/${sha256}`]) {
      expect((await send(`${base}/${path}?app=1${query(gallery)}`, {})).status).toBe(401);
    }
  });

  it.each<[what: string, headers: Record<string, string>]>([
    ["under a host name that resolves to this machine", { host: "evil.example" }],
    ["under a name that begins like this machine", { host: "localhost.evil.example" }],
    ["under the unspecified address", { host: "0.0.0.0" }],
    ["of a page of another site", { origin: "https://evil.example" }],
    ["of a sandboxed page", { origin: "null" }],
    ["of a page under such a name", { host: "evil.example", origin: "http://evil.example" }],
  ])("%s", async (_, headers) => {
    const { gallery, base, emulator, sha256 } = await guarded();
    const session = { "x-sluice-session": gallery.session };
    for (const path of [...data, `media/${sha256}?app=1&access=${gallery.access}`, "page.js"]) {
      expect((await send(`${base}/${path}`, { ...session, ...headers })).status).toBe(403);
    }
    expect((await send(`${emulator.url}/`, headers)).status).toBe(403);
    expect((await send(`${base}/session`, { authorization: "Key right", ...headers }, "POST")).status).toBe(403);
  });

  it.each<[what: string, headers: Record<string, string>, body: string]>([
    ["no key", {}, ""],
    ["another key", { authorization: "Key wrong" }, ""],
    ["an unknown link", {}, '{"link":"nope"}'],
    ["an empty link", {}, '{"link":""}'],
    ["a link that is not a string", { authorization: "Key right" }, '{"link":{"x":1}}'],
    ["a body that is not JSON", { authorization: "Key right" }, "link=x"],
    ["a long body", {}, JSON.stringify({ link: "x".repeat(5000) })],
  ])("opened with %s", async (_, headers, body) => {
    const { base } = await guarded();
    const reply = await send(`${base}/session`, headers, "POST", body);
    expect([401, 413]).toContain(reply.status);
    expect(reply.body).not.toContain('session":');
  });

  it("of another app, with the key of one app", async () => {
    const { emulator, base } = await guarded();
    const { session, access } = await openGallery(emulator, "key-of-main");
    const headers = { "x-sluice-session": session };
    expect((await send(`${base}/apps`, headers)).body).not.toContain("other");
    for (const path of data.slice(1)) {
      expect((await send(`${base}/${path.replace("app=1", "app=2")}`, headers)).status).toBe(404);
    }
    expect((await send(`${base}/media/${"a".repeat(64)}?app=2&access=${access}`, {})).status).toBe(404);
  });

  it.each([
    "../store.sqlite",
    "..%2f..%2fstore.sqlite",
    "%2fetc%2fpasswd",
    "page.js.map",
    "constructor",
    "a".repeat(64),
  ])("under the path %s", async (path) => {
    const { gallery, base } = await guarded();
    const headers = { "x-sluice-session": gallery.session };
    for (const folder of ["", "media/", "pictures/tile/", "pictures/"]) {
      const reply = await send(`${base}/${folder}${path}?app=1&access=${gallery.access}`, headers);
      expect([400, 401, 404]).toContain(reply.status);
      expect(reply.body).not.toContain("SQLite");
    }
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("with the method %s", async (method) => {
    const { gallery, base } = await guarded();
    const reply = await send(`${base}/inputs?app=1`, { "x-sluice-session": gallery.session }, method);
    expect(reply.status).toBe(405);
  });

  it.each([
    ["a quote", "inputs?app=1&concept=x' OR 1=1 --"],
    ["a key that leaves the metadata", "inputs?app=1&key=x') OR 1=1 --&value=y"],
    ["an invalid number", "inputs?app=1&skip=1;DROP TABLE inputs&q=zzz"],
    ["an invalid area", "inputs?app=1&area=0,0,0,1) OR 1=1 --&q=zzz"],
  ])("by SQL in %s", async (_, path) => {
    const { gallery, base, emulator } = await guarded();
    const reply = await send(`${base}/${encodeURI(path)}`, { "x-sluice-session": gallery.session });
    expect(JSON.parse(reply.body)).toMatchObject({ items: [] });
    expect(emulator.stored()).toHaveLength(1);
  });
});

describe("blocked: changes in the gallery", () => {
  const commands = ["selections?app=1", "actions?app=1"];
  const json = { "content-type": "application/json" };

  it.each<[what: string, code: number, headers: (open: { session: string; access: string }) => Record<string, string>]>(
    [
      ["without a session", 401, () => json],
      ["with the access value of pictures", 401, ({ access }) => ({ ...json, "x-sluice-session": access })],
      ["with the key", 401, () => ({ ...json, authorization: "Key right" })],
      ["with the session in a cookie", 401, ({ session }) => ({ ...json, cookie: `x-sluice-session=${session}` })],
      [
        "of a page of another port",
        403,
        ({ session }) => ({ ...json, "x-sluice-session": session, origin: "http://127.0.0.1:1" }),
      ],
      [
        "of another name of this machine",
        403,
        ({ session }) => ({ ...json, "x-sluice-session": session, origin: "http://localhost" }),
      ],
      [
        "of a page of the same site",
        403,
        ({ session }) => ({ ...json, "x-sluice-session": session, "sec-fetch-site": "same-site" }),
      ],
      [
        "of a page of another site",
        403,
        ({ session }) => ({ ...json, "x-sluice-session": session, origin: "https://evil.example" }),
      ],
      ["that a form could send", 415, ({ session }) => ({ "content-type": "text/plain", "x-sluice-session": session })],
      [
        "under another host name",
        403,
        ({ session }) => ({ ...json, "x-sluice-session": session, host: "evil.example" }),
      ],
    ],
  )("%s", async (_, code, headers) => {
    const { gallery, base, emulator } = await guarded();
    for (const path of commands) {
      const reply = await send(`${base}/${path}`, headers(gallery), "POST", '{"seqs":[1]}');
      expect([path, reply.status]).toEqual([path, code]);
    }
    expect(emulator.stored()).toHaveLength(1);
  });

  it.each<[what: string, code: number, body: string]>([
    ["that is not JSON", 400, "{"],
    ["that is a list", 400, "[]"],
    ["with SQL as numbers", 400, '{"seqs":["1); DROP TABLE inputs; --"]}'],
    ["with fractions as numbers", 400, '{"seqs":[1.5]}'],
    ["without numbers", 400, '{"seqs":{"length":1}}'],
    ["of more than 12 MB", 413, `{"seqs":[${"1,".repeat(6_000_001)}1]}`],
  ])("with a body %s", async (_, code, body) => {
    const { gallery, base } = await guarded();
    const headers = { ...json, "x-sluice-session": gallery.session };
    expect((await send(`${base}/selections?app=1`, headers, "POST", body)).status).toBe(code);
  });

  it("of another app, with the key of one app, or with the selection of one", async () => {
    const { emulator, base, gallery } = await guarded();
    const { session } = await openGallery(emulator, "key-of-main");
    const limited = { ...json, "x-sluice-session": session };
    for (const path of commands) {
      const other = path.replace("app=1", "app=2");
      expect((await send(`${base}/${other}`, limited, "POST", '{"seqs":[1,2]}')).status).toBe(404);
    }
    // The numbers of another app's inputs are no inputs of this app.
    const mine = await send(`${base}/selections?app=1`, limited, "POST", '{"seqs":[1,2]}');
    expect(JSON.parse(mine.body)).toMatchObject({ count: 1, gone: 1 });
    const all = { ...json, "x-sluice-session": gallery.session };
    const { selection } = JSON.parse(mine.body) as { selection: string };
    const start = JSON.stringify({ do: "start", selection, action: { kind: "delete" } });
    expect((await send(`${base}/actions?app=2`, all, "POST", start)).status).toBe(410);
    expect(emulator.stored()).toHaveLength(1);
  });
});

describe("blocked: active content in the gallery", () => {
  it("the page allows only its own scripts, styles, frames and addresses", async () => {
    const { emulator } = await openHttp();
    for (const path of ["/", "/gallery/page.js", "/gallery/page.css", "/gallery/icon.svg"]) {
      const { headers } = await fetch(emulator.url + path);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toMatch(/default-src 'none'.*script-src 'self'.*frame-ancestors 'none'.*trusted-types 'none'/);
      // The page makes previews of videos in memory as blobs; no other blob is allowed.
      expect(policy.replace("img-src 'self' blob:;", "")).not.toMatch(/unsafe|\*|data:|blob:/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it.each<[what: string, bytes: Buffer]>([
    ["SVG with a script", svg("<script>alert(1)</script>")],
    ["HTML", Buffer.from("<!doctype html><script>alert(1)</script>")],
    [
      "a JPEG that is HTML as well",
      Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from("<script>alert(1)</script>")]),
    ],
  ])("%s is not shown", async (_, bytes) => {
    const http = await openHttp();
    await http.add(picture("x", bytes));
    const { file, ask } = await openGallery(http.emulator);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    for (const path of [`pictures/tile/${sha256}`, `pictures/view/${sha256}`, `media/${sha256}`]) {
      expect((await file(path)).status).toBe(404);
    }
    expect((await ask("inputs")).items[0]).not.toHaveProperty("sha256");
  });

  it("media are served as attachments in a sandbox", async () => {
    const { gallery, base, sha256 } = await guarded();
    const { headers } = await fetch(`${base}/media/${sha256}?app=1&access=${gallery.access}`);
    expect(headers.get("content-disposition")).toBe("attachment");
    expect(headers.get("content-security-policy")).toContain("sandbox");
  });
});

describeInBrowser("blocked: names in the gallery's page", () => {
  const hostile = [
    '<img src=x onerror="window.hit=1">',
    "<script>window.hit=1</script>",
    '"><svg onload=window.hit=1>',
    "javascript:window.hit=1",
    "{{constructor.constructor('window.hit=1')()}}",
    "\u202egpj.exe",
  ];

  it("in ids, texts, concepts, datasets, metadata and errors", async () => {
    const http = await openHttp();
    const [first = "", ...others] = hostile;
    await http.add(
      ...hostile.map((text, n) => ({
        id: text.slice(0, 48),
        dataset_ids: [`${text.slice(0, 40)}${n}`],
        data: {
          text: { raw: text },
          concepts: [{ id: text, name: text }],
          metadata: { [text]: text, nested: { [text]: [text] } },
        },
      })),
    );
    await http.add({ ...picture(`x${first}`.slice(0, 48), await jpeg()), dataset_ids: [first] });
    const data = {
      regions: [
        {
          region_info: { bounding_box: { top_row: 0, left_col: 0, bottom_row: 1, right_col: 1 } },
          data: { concepts: [{ id: first }] },
        },
      ],
    };
    await http.call("POST", "/annotations", { annotations: [{ input_id: `x${first}`.slice(0, 48), data }] });
    const { page, errors, refused } = await openPage();
    await page.goto(http.emulator.galleryUrl());
    await page.locator(".tile").first().waitFor();
    await page.getByLabel("Metadata").selectOption({ index: 1 });
    await page.getByLabel("Metadata").selectOption("");
    await page.locator(".tile").first().click();
    await page.getByText("Record", { exact: true }).click();
    for (const _ of others) await page.keyboard.press("ArrowRight");
    expect(await page.evaluate("window.hit")).toBeUndefined();
    expect(await page.locator("main img[src=x], main script, dialog script, dialog img[src=x]").count()).toBe(0);
    expect({ errors, refused }).toEqual({ errors: [], refused: [] });
  });
});

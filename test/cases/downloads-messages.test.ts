/** Downloads from servers, proxies and sign-in pages that answer with something other than the file. */

import { readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { download, flow, fromIterable } from "../../src/index.js";
import { exampleBytes } from "../helpers/files.js";
import { temporaryFolder } from "../helpers/store.js";
import { startWeb } from "../helpers/web.js";

const photo = exampleBytes("harbour/quay.jpg");
const send = (type: string, body: string | Buffer) => (response: ServerResponse) =>
  response.writeHead(200, { "content-type": type }).end(body);
let tries = 0;
const web = await startWeb({
  "/page.jpg": send("text/html", "<!DOCTYPE html><html><body>Please sign in</body></html>"),
  "/bare.png": send("text/html; charset=utf-8", "\n<html>oops</html>"),
  "/unnamed.mp4": send("application/octet-stream", "<html><body>Bad gateway</body></html>"),
  "/error.wav": send("application/json", '{"status":{"code":10001}}'),
  "/error.xml.jpg": send("application/xml", "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"),
  "/passes.jpg": (response) => {
    tries += 1;
    if (tries === 1) send("text/html", "<html>one moment</html>")(response);
    else send("image/jpeg", photo)(response);
  },
  "/odd.jpg": send("text/html", photo),
  "/page.txt": send("text/html", "<html>a page that somebody stored as a text</html>"),
});
const fetchAll = (out: string, drafts: Parameters<typeof fromIterable>[0]) =>
  flow(fromIterable(drafts))
    .pipe(download(out, { allowPrivate: true, maxAttempts: 2 }))
    .run();

it("never saves a web page or an error message as an image, a video or audio", { timeout: 30_000 }, async () => {
  const out = temporaryFolder();
  const { counts, failures } = await fetchAll(out, [
    { id: "page", image: { url: `${web.origin}/page.jpg` } },
    { id: "bare", image: { url: `${web.origin}/bare.png` } },
    { id: "unnamed", video: { url: `${web.origin}/unnamed.mp4` } },
    { id: "error", audio: { url: `${web.origin}/error.wav` } },
    { id: "xml", image: { url: `${web.origin}/error.xml.jpg` } },
  ]);
  expect(counts).toMatchObject({ read: 5, failed: 5 });
  for (const failure of failures) expect(failure).toMatchObject({ code: "ERR_KIND_MISMATCH", retryable: true });
  expect(readdirSync(out)).toEqual(["manifest.jsonl"]);
});

it("retries when the page may be temporary, and judges by the bytes, not by the Content-Type", async () => {
  const out = temporaryFolder();
  const { counts } = await fetchAll(out, [
    { id: "passes", image: { url: `${web.origin}/passes.jpg` } },
    { id: "odd", image: { url: `${web.origin}/odd.jpg` } },
    { id: "text", textUrl: `${web.origin}/page.txt` },
  ]);
  expect(counts).toMatchObject({ read: 3, ok: 3 });
  for (const name of ["passes.jpg", "odd.jpg"]) expect(readFileSync(join(out, name)).equals(photo)).toBe(true);
  expect(readFileSync(join(out, "text.txt"), "utf8")).toContain("somebody stored");
});

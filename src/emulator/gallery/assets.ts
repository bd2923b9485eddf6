/** Loads and sends the built files of the gallery's page. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";

interface Asset {
  bytes: Buffer;
  type: string;
  etag: string;
}

const types: Readonly<Record<string, string>> = {
  "page.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "land.txt": "text/plain; charset=utf-8",
  "icon.svg": "image/svg+xml",
};
/** The page may only run its own script and show its own pictures (`blob:` are those that it makes), and may only connect to its own server. */
const pageHeaders = {
  "content-security-policy": [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; connect-src 'self'",
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cache-control": "no-cache",
};
/** The folders of built files: beside the built code, and for a checkout that runs its sources. */
const folders = ["../gallery/", "../../../dist/gallery/"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
const loaded = new Map<string, Asset>();

/** Returns a file of the page. "unknown": the page has no such file. "unbuilt": the page is not built. */
export function assetOf(name: string): Asset | "unknown" | "unbuilt" {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) return "unknown";
  const cached = loaded.get(name);
  if (cached) return cached;
  for (const folder of folders) {
    try {
      const bytes = readFileSync(folder + name);
      const etag = `"${createHash("sha256").update(bytes).digest("base64url")}"`;
      const asset = { bytes, type, etag };
      loaded.set(name, asset);
      return asset;
    } catch {
      // The file is not in this folder.
    }
  }
  return "unbuilt";
}

/** Sends a file of the page. */
export function sendAsset(
  { headers, method }: IncomingMessage,
  response: ServerResponse,
  { bytes, type, etag }: Asset,
): void {
  if (headers["if-none-match"] === etag) return void response.writeHead(304, { etag, ...pageHeaders }).end();
  response.writeHead(200, { "content-type": type, "content-length": bytes.length, etag, ...pageHeaders });
  response.end(method === "HEAD" ? undefined : bytes);
}

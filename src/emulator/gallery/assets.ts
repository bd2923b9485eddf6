/** Loads the built files of the gallery's page. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Asset {
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

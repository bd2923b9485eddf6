/** Files beside the data that are never inputs: system files, sidecars, and what Sluice itself writes into a folder. */

import { closeSync, openSync, readSync } from "node:fs";
import { extensionOf } from "../../core/input/detect/names.js";

const systemFiles = new Set(["thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", ".ds_store", "icon\r"]);
const sidecars = new Set(["xmp", "aae"]);
/** Partial downloads of Sluice and of browsers. */
const partials = new Set(["part", "partial", "crdownload", "opdownload"]);

/** Bytes of a JSON file that say whether it is one of those below. */
const headBytes = 4096;
/** A line of our manifest, and of the manifest of version 0.1. */
const manifest =
  /^\{"manifest":1,|^\{"id":"[^"]*","kind":"(?:image|video|audio|text)","path":"[^"]*","sizeBytes":\d+,"sha256":"[0-9a-f]{64}"\}/;

/** Why a file is skipped by its name; undefined for other names. */
export function sidecarByName(name: string): string | undefined {
  if (name.startsWith("._") || systemFiles.has(name.toLowerCase())) return "system file";
  const extension = extensionOf(name);
  if (sidecars.has(extension)) return "sidecar of a photo";
  return partials.has(extension) ? "partial download" : undefined;
}

/** Why a text file is skipped by what is in it; undefined for other texts. Reads only what is named as JSON. */
export function sidecarByContent(path: string, text: string | undefined): string | undefined {
  const extension = extensionOf(path);
  if (extension !== "json" && extension !== "jsonl") return undefined;
  const start = text ?? readHead(path);
  if (extension === "jsonl") return manifest.test(start) ? "manifest of a download" : undefined;
  const isTakeout =
    start.includes('"title"') && /"(?:photoTakenTime|photoLastModifiedTime|googlePhotosOrigin)"/.test(start);
  return isTakeout ? "sidecar of a photo" : undefined;
}

function readHead(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(headBytes);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, headBytes, 0));
  } finally {
    closeSync(file);
  }
}

/** Files beside the data that are never inputs: system files, sidecars, and files that Sluice writes into a folder. */

import { closeSync, openSync, readSync } from "node:fs";
import { extensionOf } from "../../core/input/detect/names.js";

const systemFiles = new Set(["thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", ".ds_store", "icon\r"]);
const sidecars = new Set(["xmp", "aae"]);
/** Extensions of partial downloads, by Sluice and by browsers. */
const partials = new Set(["part", "partial", "crdownload", "opdownload"]);

/** Bytes that identify a sidecar or manifest in JSON. */
const headBytes = 4096;
/** The beginning of a manifest, of this release and of 0.1. */
const manifest =
  /^\{"manifest":1,|^\{"id":"[^"]*","kind":"(?:image|video|audio|text)","path":"[^"]*","sizeBytes":\d+,"sha256":"[0-9a-f]{64}"\}/;

/** Returns why a file is skipped because of its name; undefined for other names. */
export function sidecarByName(name: string): string | undefined {
  if (name.startsWith("._") || systemFiles.has(name.toLowerCase())) return "system file";
  const extension = extensionOf(name);
  if (sidecars.has(extension)) return "sidecar of a photo";
  return partials.has(extension) ? "partial download" : undefined;
}

/**
 * Returns why a text file is skipped because of its content; undefined for other texts. Checks only files that are named like JSON; `start` returns the text, or
 * its beginning.
 */
export function sidecarByContent(name: string, start: () => string): string | undefined {
  const extension = extensionOf(name);
  if (extension !== "json" && extension !== "jsonl") return undefined;
  const text = start();
  if (extension === "jsonl") return manifest.test(text) ? "manifest of a download" : undefined;
  const isTakeout =
    text.includes('"title"') && /"(?:photoTakenTime|photoLastModifiedTime|googlePhotosOrigin)"/.test(text);
  return isTakeout ? "sidecar of a photo" : undefined;
}

/** Reads the beginning of a file as text. */
export function readHead(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(headBytes);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, headBytes, 0));
  } finally {
    closeSync(file);
  }
}

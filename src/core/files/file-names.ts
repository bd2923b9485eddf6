/** File names: makes safe names for content from a server. */

import { hash } from "node:crypto";

/** Names that Windows reserves for devices, with any extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * Makes a file name for an id: characters of `[a-z0-9_-]`, for most ids a digest, and the extension, separated by dots. The name is the same in every run.
 * Different ids get different names, also if somebody crafted them to collide, and on file systems that ignore case. Safe ids stay readable.
 */
export function fileNameFor(id: string, extension: string): string {
  const isSafe = /^[a-z0-9_-]{1,64}$/.test(id) && !reserved.test(id);
  if (isSafe) return `${id}.${extension}`;
  const slug = id
    .slice(0, 200)
    .normalize("NFC")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "-")
    .slice(0, 48)
    .replace(/^-|-$/g, "");
  const digest = hash("sha256", Buffer.from(id, "utf16le"), "hex").slice(0, 32); // as UTF-8, all lone surrogates would be the same
  return `${slug === "" || reserved.test(slug) ? "input" : slug}.${digest}.${extension}`;
}

const extensions: Record<string, string> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/apng": "png",
  "image/webp": "webp",
  "image/gif": "gif",
  "image/tiff": "tiff",
  "image/bmp": "bmp",
  "image/avif": "avif",
  "image/heic": "heic",
  "video/mp4": "mp4",
  "video/quicktime": "mov",
  "video/x-msvideo": "avi",
  "video/vnd.avi": "avi",
  "video/webm": "webm",
  "video/x-matroska": "mkv",
  "video/matroska": "mkv",
  "video/3gpp": "3gp",
  "audio/3gpp": "3gp",
  "video/3gpp2": "3g2",
  "audio/3gpp2": "3g2",
  "video/mj2": "mj2",
  "video/ogg": "ogv",
  "video/mpeg": "mpg",
  "video/MP2P": "mpg",
  "video/MP1S": "mpg",
  "video/mp2t": "m2ts",
  "audio/mp2t": "m2ts",
  "video/x-flv": "flv",
  "audio/x-flv": "flv",
  "video/mxf": "mxf",
  "audio/vnd.avi": "avi",
  "video/x-ms-asf": "wmv",
  "audio/x-ms-asf": "wma",
  "audio/webm": "weba",
  "audio/matroska": "mka",
  "audio/quicktime": "m4a",
  "audio/aiff": "aiff",
  "audio/x-caf": "caf",
  "audio/amr": "amr",
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/flac": "flac",
  "audio/x-flac": "flac",
  "audio/aac": "aac",
  "audio/x-m4a": "m4a",
  "audio/mp4": "m4a",
  "text/plain": "txt",
};

/** Returns the extension for a media type; `bin` for an unknown one. */
export function extensionFor(mimeType: string | undefined): string {
  return extensions[mimeType ?? ""] ?? "bin";
}

/** Serves hosted media: the original bytes of inputs, and smaller renditions of images. */

import { hash } from "node:crypto";
import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { limits } from "../../clarifai/limits.js";
import { pixelBudget } from "../../core/input/decoding.js";
import { describeFile, mimeTypeOf } from "../../core/input/describe.js";
import type { Kind } from "../../core/input/kinds.js";
import type { Fault } from "../server/faults.js";
import { sendWithFaults } from "../server/faulty-answers.js";
import type { Access } from "../server/requests.js";
import { renditions, sizesOf } from "../store/model.js";
import type { Store } from "../store/store.js";
import type { MediaFiles } from "./media-files.js";

/** Headers for untrusted content: browsers run no script in it, and pages of other sites cannot embed it. */
const contentHeaders = {
  "content-security-policy": "default-src 'none'; sandbox",
  "content-disposition": "attachment",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** Files up to this size are read at once; larger files are streamed in pieces of this size. */
const pieceBytes = 256 * 1024;

/** GET and HEAD /media/{size}/users/{user}/apps/{app}/inputs/{kind}/{sha256} */
export async function serveMedia(
  request: IncomingMessage,
  response: ServerResponse,
  parts: readonly string[],
  { store, files, access, faults }: { store: Store; files: MediaFiles; access: Access; faults: readonly Fault[] },
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    request.resume();
    response.setHeader("allow", "GET, HEAD");
    return end(response, 405);
  }
  // As documented: 404 without a key, 401 with a wrong one.
  if (access.key !== "valid") return end(response, access.key === "missing" ? 404 : 401);
  const [size = "", users, user = "", apps, app = "", inputs, kind = "", sha256 = ""] = parts;
  if (
    !sizesOf(kind as Kind).includes(size) ||
    users !== "users" ||
    apps !== "apps" ||
    inputs !== "inputs" ||
    !/^[0-9a-f]{64}$/.test(sha256)
  ) {
    return end(response, 404);
  }
  if (access.app && (access.app.userId !== user || access.app.appId !== app)) return end(response, 401);
  const row = store.app(user, app);
  const sql = "SELECT 1 AS found FROM inputs WHERE sha256 = ? AND app = ? AND kind = ? LIMIT 1";
  if (!row || !store.get(sql, sha256, row.seq, kind)) return end(response, 404);

  const path = files.pathOf(sha256);
  if (size !== "orig") return serveRendition(request, response, path, renditions[size] as number);
  return serveOriginal(request, response, { path, sha256, kind, faults });
}

interface Original {
  path: string;
  sha256: string;
  /** The kind of an input, from which the media type is found. */
  kind?: string | undefined;
  /** The media type, if it is known. */
  type?: string | undefined;
  faults?: readonly Fault[];
}

/** Serves the stored bytes of a file, or the range that the request asks for. */
export async function serveOriginal(
  request: IncomingMessage,
  response: ServerResponse,
  { path, sha256, kind = "", type, faults = [] }: Original,
): Promise<void> {
  let file = openIfExists(path);
  if (file === undefined) return end(response, 404);
  try {
    const total = fstatSync(file).size;
    const head = Buffer.allocUnsafe(Math.min(total, pieceBytes));
    readSync(file, head, 0, head.length, 0);
    const etag = `"${sha256}"`;
    const range = rangeOf(request, etag, total);
    const { start, last } = range ?? { start: 0, last: total - 1 };
    if (start > last) {
      response.setHeader("content-range", `bytes */${total}`);
      return end(response, 416);
    }
    response.writeHead(range ? 206 : 200, {
      "content-type": type ?? (await typeOf(file, head, total, kind)),
      "content-length": last - start + 1,
      "accept-ranges": "bytes",
      etag,
      "repr-digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
      ...contentHeaders,
      ...(range ? { "content-range": `bytes ${start}-${last}/${total}` } : {}),
    });
    if (request.method === "HEAD") return void response.end();
    if (total === head.length) return await send(response, head.subarray(start, last + 1), faults);
    const stream = createReadStream("", { fd: file, start, end: last, highWaterMark: pieceBytes });
    file = undefined; // The stream closes the file.
    if (faults.length > 0) await sendWithFaults(response, stream, last - start + 1, faults);
    else await pipeline(stream, response).catch(() => response.destroy());
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Returns the requested range of bytes. Undefined: the whole file, also if the file has changed since the client read its ETag. */
function rangeOf(
  { headers }: IncomingMessage,
  etag: string,
  total: number,
): { start: number; last: number } | undefined {
  const condition = headers["if-range"];
  if (condition !== undefined && condition !== etag) return undefined;
  const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
  if (start === undefined) return undefined;
  return { start: Number(start), last: last ? Math.min(Number(last), total - 1) : total - 1 };
}

async function send(response: ServerResponse, bytes: Buffer, faults: readonly Fault[]): Promise<void> {
  if (faults.length === 0) response.end(bytes);
  else await sendWithFaults(response, bytes, bytes.length, faults);
}

/** Serves a smaller JPEG of an image. Its decoding counts against the pixel budget of the process. */
async function serveRendition(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  pixels: number,
): Promise<void> {
  const bytes = await makeRendition(path, pixels).catch(() => undefined);
  if (!bytes) return end(response, 404);
  const digest = hash("sha256", bytes, "base64");
  response.writeHead(200, {
    "content-type": "image/jpeg",
    "content-length": bytes.length,
    "repr-digest": `sha-256=:${digest}:`,
    ...contentHeaders,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

async function makeRendition(path: string, pixels: number): Promise<Buffer> {
  const { width = 0, height = 0 } = (await describeFile(path)).content;
  const { default: sharp } = await import("sharp");
  const limitInputPixels = limits.maxMegapixels * 1_000_000;
  const make = () =>
    sharp(path, { limitInputPixels })
      .rotate()
      .resize(pixels, pixels, { fit: "inside", withoutEnlargement: true })
      .jpeg()
      .toBuffer();
  return pixelBudget.run(make, Math.max(1, Math.ceil((width * height) / 1_000_000)));
}

/** Opens a file. Undefined: somebody deleted it. */
function openIfExists(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function end(response: ServerResponse, code: number): void {
  response.writeHead(code, { "content-length": 0 });
  response.end();
}

async function typeOf(file: number, head: Buffer, total: number, kind: string): Promise<string> {
  if (kind === "text") return "text/plain; charset=utf-8";
  const more = (position: number, length: number) => {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, position));
  };
  const mimeType = await mimeTypeOf(head, total, { more });
  return /^(?:image|video|audio)\/[\w.-]+$/.test(mimeType) ? mimeType : "application/octet-stream";
}

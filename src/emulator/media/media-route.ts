/** Hosted media: the original bytes of an input, behind credentials. */

import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { limits } from "../../clarifai/limits.js";
import { describeFile, mimeTypeOf } from "../../core/input/content.js";
import { pixelBudget } from "../../core/input/decoding.js";
import type { Fault } from "../server/faults.js";
import { sendWithFaults } from "../server/faulty-answers.js";
import type { Access } from "../server/requests.js";
import { renditions, type StoredKind, sizesOf } from "../store/model.js";
import type { Store } from "../store/store.js";
import type { MediaFiles } from "./media-files.js";

/** Whatever was stored: a browser that is led to it shows no page and runs no script, and no page of another site embeds it. */
const harmless = {
  "content-security-policy": "default-src 'none'; sandbox",
  "content-disposition": "attachment",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** Bytes that are read in one go: all of a small file, and the pieces of a larger one. */
const smallBytes = 256 * 1024;

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
  // As documented: without credentials it is not there, with wrong ones it is forbidden.
  if (access.kind !== "right") return end(response, access.kind === "none" ? 404 : 401);
  const [size = "", users, user = "", apps, app = "", inputs, kind = "", sha256 = ""] = parts;
  if (
    !sizesOf(kind as StoredKind).includes(size) ||
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
  if (size !== "orig") return serveRendition(response, path, renditions[size] as number, request.method === "HEAD");
  return serveOriginal(request, response, { path, sha256, kind, faults });
}

/** The bytes of a file as they were stored, or the part of them that is asked for. */
export async function serveOriginal(
  request: IncomingMessage,
  response: ServerResponse,
  { path, sha256, kind, faults = [] }: { path: string; sha256: string; kind: string; faults?: readonly Fault[] },
): Promise<void> {
  let file = openIfThere(path);
  if (file === undefined) return end(response, 404);
  try {
    const total = fstatSync(file).size;
    const head = Buffer.allocUnsafe(Math.min(total, smallBytes));
    readSync(file, head, 0, head.length, 0);
    const etag = `"${sha256}"`;
    const condition = request.headers["if-range"];
    const asked = condition === undefined || condition === etag ? request.headers.range : undefined;
    const range = /^bytes=(\d+)-(\d*)$/.exec(asked ?? "");
    const start = range ? Number(range[1]) : 0;
    const last = range?.[2] ? Math.min(Number(range[2]), total - 1) : total - 1;
    if (start > last) {
      response.setHeader("content-range", `bytes */${total}`);
      return end(response, 416);
    }
    response.writeHead(range ? 206 : 200, {
      "content-type": await typeOf(file, head, total, kind),
      "content-length": last - start + 1,
      "accept-ranges": "bytes",
      etag,
      "repr-digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
      ...harmless,
      ...(range ? { "content-range": `bytes ${start}-${last}/${total}` } : {}),
    });
    const small = total === head.length ? head.subarray(start, last + 1) : undefined;
    if (request.method === "HEAD") response.end();
    else if (small && faults.length === 0) response.end(small);
    else if (small) await sendWithFaults(response, small, small.length, faults);
    else {
      const stream = createReadStream("", { fd: file, start, end: last, highWaterMark: smallBytes });
      file = undefined; // the stream closes it
      if (faults.length > 0) await sendWithFaults(response, stream, last - start + 1, faults);
      else await pipeline(stream, response).catch(() => response.destroy());
    }
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A smaller JPEG of an image, made when it is asked for. What it decodes counts against the pixel budget of the process. */
async function serveRendition(
  response: ServerResponse,
  path: string,
  pixels: number,
  headOnly: boolean,
): Promise<void> {
  const bytes = await makeRendition(path, pixels).catch(() => undefined);
  if (!bytes) return end(response, 404);
  response.writeHead(200, { "content-type": "image/jpeg", "content-length": bytes.length, ...harmless });
  response.end(headOnly ? undefined : bytes);
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

/** A file that someone has deleted by hand is not there. */
function openIfThere(path: string): number | undefined {
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

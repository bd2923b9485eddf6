/** Media: streams the bytes behind a URL, with the credential for trusted hosts only. */

import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { InputError } from "../core/errors.js";
import { followRedirects } from "../core/follow-redirects.js";
import { guardedAgent } from "../core/guarded-fetch.js";
import { Agent } from "../core/http.js";
import type { App } from "./app.js";

/** An open answer; `start` is the offset of its first byte. */
export interface MediaStream {
  start: number;
  /** Bytes of the whole, when the server says so. */
  totalBytes: number | undefined;
  body: Readable;
}

export interface MediaOptions {
  signal?: AbortSignal | undefined;
  /** Byte to begin with, for going on with a broken download. Default: 0. */
  start?: number | undefined;
  /** Longest wait between two pieces, in milliseconds. Default: 60,000. */
  timeoutMs?: number | undefined;
  /** Follows addresses to private networks. Default: false; the API's own origin is always followed. */
  allowPrivate?: boolean | undefined;
}

/**
 * Opens the bytes of a URL. Redirects are followed one by one, each checked anew; the credential goes to the API's origin and its media hosts
 * and to no other place. Other hosts must be public, and where one of them redirects to goes without the credential too.
 *
 * @throws {InputError} what `followRedirects` and the guard against private addresses throw; ERR_DOWNLOAD_BROKEN for another part than was asked for
 */
export async function openMedia(
  app: App | undefined,
  address: string,
  options: MediaOptions = {},
): Promise<MediaStream> {
  let owner = app;
  const ask = (url: URL) => {
    if (!owner?.trusts(url)) owner = undefined;
    return request(owner, url, options);
  };
  const { url, response } = await followRedirects(address, ask, [200, 206]);
  const { statusCode, headers, body } = response;
  const start = statusCode === 206 ? (options.start ?? 0) : 0;
  const range = /^bytes (\d+)-/.exec(String(headers["content-range"]))?.[1];
  if (statusCode === 206 && Number(range) !== start) {
    body.on("error", () => undefined).destroy();
    const text = `${url.href} sent from byte ${range ?? "unknown"}, not from ${start}`;
    throw new InputError("ERR_DOWNLOAD_BROKEN", text, { retryable: true });
  }
  const length = Number(headers["content-length"]);
  return { start, totalBytes: Number.isFinite(length) ? start + length : undefined, body };
}

const trustedAgent = new Agent({ connections: 16, keepAliveTimeout: 10_000 });

/** Sends a request: with the credential of the app that trusts the address, or guarded and without any. */
function request(owner: App | undefined, url: URL, options: MediaOptions): Promise<Dispatcher.ResponseData> {
  const timeout = options.timeoutMs ?? 60_000;
  const dispatcher = owner ? trustedAgent : guardedAgent(options.allowPrivate ?? false);
  return dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: "GET",
    headers: {
      "accept-encoding": "identity",
      ...(owner ? { authorization: owner.authorization } : {}),
      ...(options.start ? { range: `bytes=${options.start}-` } : {}),
    },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    signal: options.signal ?? null,
  });
}

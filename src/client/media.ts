/** Media: streams the bytes behind a URL, with the credential for trusted hosts only. */

import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { InputError } from "../core/errors.js";
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

const maxRedirects = 5;

/**
 * Opens the bytes of a URL. Redirects are followed one by one, each checked anew; the credential goes to the API's origin and its media hosts
 * and to no other place. Other hosts must be public.
 *
 * @throws {InputError} the HTTP status as `ERR_HTTP_404`, ERR_REDIRECTS, or what the guard against private addresses throws
 */
export async function openMedia(
  app: App | undefined,
  address: string,
  options: MediaOptions = {},
): Promise<MediaStream> {
  let url = new URL(address);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await request(app, url, options);
    const { statusCode, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && typeof headers.location === "string") {
      await response.body.dump();
      url = new URL(headers.location, url);
      continue;
    }
    if (statusCode !== 200 && statusCode !== 206) {
      await response.body.dump();
      throw new InputError(`ERR_HTTP_${statusCode}`, `${url.href} answered HTTP ${statusCode}`, {
        retryable: statusCode === 429 || statusCode >= 500,
      });
    }
    const start = statusCode === 206 ? (options.start ?? 0) : 0;
    const length = Number(headers["content-length"]);
    return { start, totalBytes: Number.isFinite(length) ? start + length : undefined, body: response.body };
  }
  throw new InputError("ERR_REDIRECTS", `${address} redirects more than ${maxRedirects} times`);
}

const trustedAgent = new Agent({ connections: 16, keepAliveTimeout: 10_000 });

async function request(app: App | undefined, url: URL, options: MediaOptions): Promise<Dispatcher.ResponseData> {
  const trusted = app?.trusts(url) === true;
  const timeout = options.timeoutMs ?? 60_000;
  const dispatcher = trusted ? trustedAgent : guardedAgent(options.allowPrivate ?? false);
  return dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: "GET",
    headers: {
      "accept-encoding": "identity",
      ...(trusted && app ? { authorization: app.authorization } : {}),
      ...(options.start ? { range: `bytes=${options.start}-` } : {}),
    },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    signal: options.signal ?? null,
  });
}

/** Media: receives the bytes behind a URL, with the credential for trusted hosts only. */

import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Authorize, Credential } from "../../core/accounting/clients.js";
import { InputError } from "../../core/errors.js";
import { checkEncoding, followHops, type Hop, locationIn, refusalOf } from "../../core/net/follow-redirects.js";
import { guardedAgent } from "../../core/net/guarded-fetch.js";
import { Agent } from "../../core/net/http.js";
import { type MediaHead, mediaHead } from "../../core/net/media-head.js";
import { redactUrl } from "../../core/redact-urls.js";

/** Takes an answer as it comes; what it throws ends the request. */
export interface MediaReceiver {
  begin(head: MediaHead): void;
  /** Takes some bytes. While a promise that it gives back is open, no more are read. */
  take(bytes: Buffer): Promise<void> | undefined;
}

export interface MediaOptions {
  signal?: AbortSignal | undefined;
  /** Byte to begin with, for going on with a broken download. Default: 0. */
  start?: number | undefined;
  /** Tag of the content that `start` is in; what has another tag is sent from its first byte. */
  etag?: string | undefined;
  /** Longest wait between two pieces, in milliseconds. Default: 60,000. */
  timeoutMs?: number | undefined;
  /** Follows addresses to private networks. Default: false; the API's own origin is always followed. */
  allowPrivate?: boolean | undefined;
}

/** Bytes of a refusal or a redirect that are read, so that its connection can be used again. */
const maxIgnoredBytes = 128 * 1024;

/**
 * Receives the bytes of a URL; resolves when all are taken. Redirects are followed one by one, each checked anew; the credential goes to
 * the API's origin and its media hosts and to no other place. Other hosts must be public, and where one of them redirects to goes without the
 * credential too.
 *
 * @throws {InputError} what `followRedirects` and the guard against private addresses throw; ERR_DOWNLOAD_BROKEN for another part than was asked for
 */
export function receiveMedia(
  authorize: Authorize | undefined,
  address: string,
  receiver: MediaReceiver,
  options: MediaOptions = {},
): Promise<void> {
  let trusted = authorize;
  return followHops(address, (url) => {
    const credential = trusted?.(url);
    if (!credential) trusted = undefined;
    return receiveOnce(credential, url, receiver, options);
  });
}

const trustedAgent = new Agent({ connections: 64, keepAliveTimeout: 10_000 });

/** One request: with the credential for a trusted address, or guarded and without any. */
function receiveOnce(
  credential: Credential | undefined,
  url: URL,
  receiver: MediaReceiver,
  options: MediaOptions,
): Promise<Hop<void>> {
  const { signal, start = 0, etag, timeoutMs: timeout = 60_000 } = options;
  const dispatcher = credential ? trustedAgent : guardedAgent(options.allowPrivate ?? false);
  const headers = {
    "accept-encoding": "identity",
    ...(credential ? { authorization: credential.authorization } : {}),
    ...(start > 0 ? { range: `bytes=${start}-` } : {}),
    ...(start > 0 && etag !== undefined ? { "if-range": etag } : {}),
  };
  const request = { origin: url.origin, path: `${url.pathname}${url.search}`, method: "GET" as const, headers };
  return new Promise((resolve, reject) => {
    let current: Dispatcher.DispatchController | undefined;
    /** What becomes of it when the rest of an answer without bytes has been read. */
    let settle: (() => void) | undefined;
    let ignoredBytes = 0;
    const taken = () => resolve({ found: undefined });
    const abort = () => {
      current?.abort(signal?.reason as Error);
      reject(signal?.reason as Error);
    };
    const over = () => signal?.removeEventListener("abort", abort);
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort);
    const timeouts = { headersTimeout: timeout, bodyTimeout: timeout };
    dispatcher.dispatch(
      { ...request, ...timeouts },
      {
        onRequestStart(controller) {
          current = controller;
          if (signal?.aborted) controller.abort(signal.reason as Error);
        },
        onResponseStart(_, statusCode, received) {
          if (statusCode < 200) return;
          const head = headOf(url, statusCode, received, start);
          if (head) receiver.begin(head);
          if (head?.isOver) settle = taken;
          if (head) return;
          const location = locationIn(statusCode, received);
          settle = location === undefined ? () => reject(refusal(url, statusCode)) : () => resolve({ location });
        },
        onResponseData(controller, bytes) {
          if (settle) {
            ignoredBytes += bytes.length;
            if (ignoredBytes > maxIgnoredBytes) controller.abort(new Error("it is not read any further"));
            return;
          }
          const pause = receiver.take(bytes);
          if (!pause) return;
          controller.pause();
          pause.then(
            () => controller.resume(),
            (error: Error) => controller.abort(error),
          );
        },
        onResponseEnd() {
          over();
          if (settle) settle();
          else taken();
        },
        onResponseError(_, error) {
          over();
          if (settle) settle();
          else reject(error);
        },
      },
    );
  });
}

/** The head of an answer with bytes, which are the bytes that were asked for, as they are. */
function headOf(url: URL, statusCode: number, headers: IncomingHttpHeaders, asked: number): MediaHead | undefined {
  const head = mediaHead(statusCode, headers, asked);
  if (!head || head.isOver) return head;
  checkEncoding(url, headers);
  const from = /^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1];
  if (statusCode !== 206 || Number(from) === asked) return head;
  const text = `${redactUrl(url.href)} sent from byte ${from ?? "unknown"}, not from ${asked}`;
  throw new InputError("ERR_DOWNLOAD_BROKEN", text, { retryable: true });
}

/** What has less than was asked from may be asked again, from its start. */
function refusal(url: URL, statusCode: number): InputError {
  if (statusCode !== 416) return refusalOf(url, statusCode);
  return new InputError("ERR_HTTP_416", `${redactUrl(url.href)} answered HTTP 416`, { retryable: true });
}

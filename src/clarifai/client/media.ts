/** Media: receives the bytes behind a URL, with the credential for trusted hosts only. */

import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Authorize, Credential } from "../../core/accounting/clients.js";
import { InputError } from "../../core/errors.js";
import { checkEncoding, followHops, type Hop, locationIn, refusalOf } from "../../core/net/follow-redirects.js";
import { guardedAgent } from "../../core/net/guarded-fetch.js";
import { Agent } from "../../core/net/http.js";
import { type MediaHead, mediaHead } from "../../core/net/media-head.js";
import type { ProxyFor } from "../../core/net/proxy/proxies.js";
import { redactUrl } from "../../core/redact-urls.js";

/** Receives an answer piece by piece; an error that it throws ends the request. */
export interface MediaReceiver {
  begin(head: MediaHead): void;
  /** Takes some bytes. If it returns a promise, the next bytes are read when it has resolved. */
  take(bytes: Buffer): Promise<void> | undefined;
}

export interface MediaOptions {
  /** HEAD requests the head of the answer only. Default: GET. */
  method?: "GET" | "HEAD" | undefined;
  signal?: AbortSignal | undefined;
  /** First byte to request, to resume a broken download. Default: 0. */
  start?: number | undefined;
  /** Tag of the content to resume; the server sends content with another tag from its first byte. */
  etag?: string | undefined;
  /** Longest wait between two pieces, in milliseconds. Default: 60,000. */
  timeoutMs?: number | undefined;
  /** Follows addresses to private networks. Default: false; the API's own origin is always followed. */
  allowPrivate?: boolean | undefined;
  /** Finds the proxy of a server without a credential. Default: no proxies. */
  proxyFor?: ProxyFor | undefined;
}

/** Maximum bytes of a refusal or a redirect that are read, so that its connection can be used again. */
const maxIgnoredBytes = 128 * 1024;

/**
 * Receives the bytes of a URL; resolves when the receiver has taken all of them. It follows redirects one by one and checks each of them. The
 * credential is sent to the API's origin and its media hosts only. Other hosts must be public, and all redirects behind them are requested without the
 * credential.
 *
 * @throws {InputError} the errors of `followRedirects` and of the guard against private addresses; ERR_DOWNLOAD_BROKEN for another part than requested
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
  const { signal, start = 0, etag, timeoutMs: timeout = 60_000, method = "GET", proxyFor } = options;
  const dispatcher = credential
    ? (credential.network?.agent ?? trustedAgent)
    : guardedAgent(options.allowPrivate ?? false, { proxyFor });
  const headers = {
    "accept-encoding": "identity",
    ...credential?.headers,
    ...(start > 0 ? { range: `bytes=${start}-` } : {}),
    ...(start > 0 && etag !== undefined ? { "if-range": etag } : {}),
  };
  const request = { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers };
  return new Promise((resolve, reject) => {
    let current: Dispatcher.DispatchController | undefined;
    /** Settles the request when an answer without content has ended. */
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
            if (ignoredBytes > maxIgnoredBytes)
              controller.abort(new Error("the answer has more bytes than a refusal needs"));
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

/** Returns the head of an answer with content, and checks that its bytes are the requested ones, not encoded. */
function headOf(url: URL, statusCode: number, headers: IncomingHttpHeaders, asked: number): MediaHead | undefined {
  const head = mediaHead(statusCode, headers, asked);
  if (!head || head.isOver) return head;
  checkEncoding(url, headers);
  const from = /^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1];
  if (statusCode !== 206 || Number(from) === asked) return head;
  const text = `${redactUrl(url.href)} answered with the bytes from ${from ?? "unknown"} on, not from ${asked} on`;
  throw new InputError("ERR_DOWNLOAD_BROKEN", text, { retryable: true });
}

/** Makes the error of a refusal. Content that is shorter than the requested start may be requested again from its first byte. */
function refusal(url: URL, statusCode: number): InputError {
  if (statusCode !== 416) return refusalOf(url, statusCode);
  return new InputError("ERR_HTTP_416", `${redactUrl(url.href)} answered HTTP 416`, { retryable: true });
}

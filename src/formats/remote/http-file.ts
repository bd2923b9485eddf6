/** Reads files of web servers by range requests, guarded like every address that others can name. */

import type { Dispatcher } from "undici";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { certificateProblem } from "../../core/net/certificate.js";
import { checkEncoding, followHops, type Hop, locationIn, refusalOf } from "../../core/net/follow-redirects.js";
import { guardedAgent } from "../../core/net/guarded-fetch.js";
import { type ProxyFor, proxiesOf } from "../../core/net/proxy/proxies.js";
import { redactUrl } from "../../core/redact-urls.js";
import type { RemoteRange, RemoteStream } from "./range.js";

const timeoutMs = 30_000;
/** Statuses of an answer with bytes, and of one to a range behind the end. */
const answered = new Set([200, 206, 416]);

interface HttpAccess {
  /** The whole address. Its signature is a secret. */
  url: string;
  allowPrivate: boolean;
  proxyFor: ProxyFor | undefined;
}

const known = new Map<string, HttpAccess>();

/** Records how this process reads a URL, and returns the URL without its signature, by which the file is named. */
export function addHttpFile(url: string, { allowPrivate }: { allowPrivate: boolean }): string {
  const uri = redactUrl(url);
  known.set(uri, { url, allowPrivate, proxyFor: proxiesOf("archive", undefined) });
  return uri;
}

/** Returns how a URL is read that an earlier program named: from public addresses only. */
function accessTo(uri: string): HttpAccess {
  const found = known.get(uri) ?? { url: uri, allowPrivate: false, proxyFor: proxiesOf("archive", undefined) };
  known.set(uri, found);
  return found;
}

/**
 * Requests a range of a file, and returns the answer when its head has arrived. A server without ranges sends the whole file.
 *
 * @throws {InputError} ERR_HTTP_404 and other statuses, ERR_FETCH, ERR_CERTIFICATE, ERR_ADDRESS_PRIVATE, ERR_REDIRECTS, ERR_FILE_CHANGED
 */
export async function openHttpFile(
  uri: string,
  { offset, length, version, signal }: RemoteRange,
): Promise<RemoteStream> {
  const { url: address, allowPrivate, proxyFor } = accessTo(uri);
  const agent = guardedAgent(allowPrivate, { proxyFor });
  const headers = {
    "user-agent": "sluice",
    "accept-encoding": "identity",
    range: `bytes=${offset}-${offset + length - 1}`,
  };
  const ask = async ({ origin, pathname, search }: URL) =>
    agent.request({
      ...{ origin, path: `${pathname}${search}`, method: "GET", headers },
      ...{ headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
      ...(signal && { signal }),
    });
  try {
    const { statusCode, headers: received, body } = await followHops(address, (url) => hopOf(url, ask));
    const found = versionOf(received);
    const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(String(received["content-range"] ?? ""));
    const size = statusCode === 200 ? received["content-length"] : range?.[2];
    const isOver = statusCode === 416;
    const stream = {
      body,
      start: statusCode === 206 ? Number(range?.[1] ?? offset) : 0,
      sizeBytes: size === undefined ? undefined : Number(size),
      version: found,
      hasRanges: statusCode !== 200,
    };
    if (version !== undefined && found !== undefined && found !== version) throw changed(uri, body);
    if (isOver && stream.sizeBytes !== 0) throw changed(uri, body);
    return stream;
  } catch (error) {
    signal?.throwIfAborted();
    throw asFetchError(uri, error);
  }
}

async function hopOf(
  url: URL,
  ask: (url: URL) => Promise<Dispatcher.ResponseData>,
): Promise<Hop<Dispatcher.ResponseData>> {
  const response = await ask(url);
  const { statusCode, headers, body } = response;
  if (answered.has(statusCode)) {
    checkEncoding(url, headers);
    return { found: response };
  }
  body.on("error", () => undefined).destroy();
  const location = locationIn(statusCode, headers);
  if (location === undefined) throw refusalOf(url, statusCode, headers);
  return { location };
}

/** A strong entity tag, else the time of the last change. */
function versionOf({ etag, "last-modified": time }: Dispatcher.ResponseData["headers"]): string | undefined {
  if (typeof etag === "string" && etag.startsWith('"')) return etag.slice(1, -1);
  return typeof time === "string" ? time : undefined;
}

function changed(uri: string, body: Dispatcher.ResponseData["body"]): InputError {
  body.on("error", () => undefined).destroy();
  return new InputError("ERR_FILE_CHANGED", `${uri} changed while it was read; run the flow again`);
}

/** Makes the error of a connection that failed. It may work later, unless the certificate is wrong. */
export function asFetchError(uri: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  const certificate = certificateProblem(error, URL.canParse(uri) ? new URL(uri).host : uri);
  if (certificate) return new InputError("ERR_CERTIFICATE", certificate, { cause: error });
  return new InputError("ERR_FETCH", `${uri} cannot be fetched: ${describeError(error)}`, {
    cause: error,
    retryable: true,
  });
}

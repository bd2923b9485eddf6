/** Redirects: follows them one by one, and checks each address before the request. */

import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { InputError } from "../errors.js";
import { redactUrl } from "../redact-urls.js";
import { encodingsOf } from "./content-encoding.js";
import { checkUrl } from "./guarded-fetch.js";
import { retryAfterMs } from "./retry-after.js";

const maxRedirects = 5;

/** An answer, with its address. */
interface Answer {
  url: URL;
  response: Dispatcher.ResponseData;
}

/** The result of one request: the value, or the address that it redirects to. */
export type Hop<T> = { found: T } | { location: string };

/**
 * Requests an address, and the addresses that it redirects to, five at most, until an answer has content. Returns that answer with its address. `ask`
 * sends one request, and decides for each address what it may connect to and whether the request has credentials.
 *
 * Does not read the body of answers without content. The caller checks whether the content is compressed.
 *
 * @throws {InputError} ERR_URL, ERR_URL_SCHEME, ERR_URL_CREDENTIALS, ERR_REDIRECTS, and the HTTP status as ERR_HTTP_404
 */
export function followRedirects(address: string, ask: (url: URL) => Promise<Dispatcher.ResponseData>): Promise<Answer> {
  return followHops<Answer>(address, async (url) => {
    const response = await ask(url);
    const { statusCode, headers } = response;
    try {
      if (statusCode === 200) return { found: { url, response } };
      const location = locationIn(statusCode, headers);
      if (location === undefined) throw refusalOf(url, statusCode, headers);
      discard(response);
      return { location };
    } catch (error) {
      discard(response);
      throw error;
    }
  });
}

/** Follows redirects as `followRedirects` does, for requests of any kind: `ask` returns the result of each. @throws {InputError} ERR_URL…, ERR_REDIRECTS */
export async function followHops<T>(address: string, ask: (url: URL) => Promise<Hop<T>>): Promise<T> {
  let url = checkUrl(address);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const hop = await ask(url);
    if ("found" in hop) return hop.found;
    url = targetOf(hop.location, url);
  }
  throw new InputError("ERR_REDIRECTS", `${redactUrl(address)} redirects more than ${maxRedirects} times`);
}

/** Returns the address that an answer redirects to; undefined if it does not redirect, or names two addresses. */
export function locationIn(statusCode: number, { location }: IncomingHttpHeaders): string | undefined {
  return statusCode >= 300 && statusCode < 400 && typeof location === "string" ? location : undefined;
}

/** An answer that is neither content nor a redirect. */
export class HttpRefusal extends InputError {
  readonly statusCode: number;
  /** Wait that the server asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(url: URL, statusCode: number, headers: IncomingHttpHeaders) {
    const retryable = statusCode === 408 || statusCode === 425 || statusCode === 429 || statusCode >= 500;
    super(`ERR_HTTP_${statusCode}`, `${redactUrl(url.href)} answered HTTP ${statusCode}`, { retryable });
    this.statusCode = statusCode;
    this.retryAfterMs = retryAfterMs(headers);
  }
}

/** Makes the error for an answer that is neither content nor a redirect. */
export function refusalOf(url: URL, statusCode: number, headers: IncomingHttpHeaders = {}): HttpRefusal {
  return new HttpRefusal(url, statusCode, headers);
}

/** Refuses compressed content, since its decompressed size would have no bound. @throws {InputError} ERR_CONTENT_ENCODING */
export function checkEncoding(url: URL, headers: IncomingHttpHeaders): void {
  if (encodingsOf(headers).length === 0) return;
  const text = `${redactUrl(url.href)} answers with content-encoding ${headers["content-encoding"]}`;
  throw new InputError("ERR_CONTENT_ENCODING", text);
}

function targetOf(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) {
    const text = `${redactUrl(from.href)} redirects to "${redactUrl(location)}", which is not a URL`;
    throw new InputError("ERR_URL", text);
  }
  return checkUrl(new URL(location, from).href);
}

function discard({ body }: Dispatcher.ResponseData): void {
  body.on("error", () => undefined).destroy();
}

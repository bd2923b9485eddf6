/** Redirects: followed by hand, each address checked before it is asked. */

import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { InputError } from "../errors.js";
import { redactUrl } from "../redact-urls.js";
import { encodingsOf } from "./content-encoding.js";
import { checkUrl } from "./guarded-fetch.js";
import { retryAfterMs } from "./retry-after.js";

const maxRedirects = 5;

/** An answer, with the address that gave it. */
interface Answer {
  url: URL;
  response: Dispatcher.ResponseData;
}

/** What one request came to: what was looked for, or another place to look. */
export type Hop<T> = { found: T } | { location: string };

/**
 * Asks for an address and for those that it redirects to, five at most, until an answer has content; gives that answer with the address that
 * gave it. `ask` sends one request, and decides for each address anew what it may reach and whether it gets a credential.
 *
 * Answers without content are not read. Whether the content is compressed, the caller checks.
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

/** The way of `followRedirects`, for requests of any make: `ask` tells what became of each. @throws {InputError} ERR_URL…, ERR_REDIRECTS */
export async function followHops<T>(address: string, ask: (url: URL) => Promise<Hop<T>>): Promise<T> {
  let url = checkUrl(address);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const hop = await ask(url);
    if ("found" in hop) return hop.found;
    url = targetOf(hop.location, url);
  }
  throw new InputError("ERR_REDIRECTS", `${redactUrl(address)} redirects more than ${maxRedirects} times`);
}

/** Where an answer redirects to; undefined for one that does not, or to two places. */
export function locationIn(statusCode: number, { location }: IncomingHttpHeaders): string | undefined {
  return statusCode >= 300 && statusCode < 400 && typeof location === "string" ? location : undefined;
}

/** An answer that is neither content nor a redirect. */
export class HttpRefusal extends InputError {
  readonly statusCode: number;
  /** How long the server asks to wait, in milliseconds, where it does. */
  readonly retryAfterMs: number | undefined;

  constructor(url: URL, statusCode: number, headers: IncomingHttpHeaders) {
    const retryable = statusCode === 408 || statusCode === 425 || statusCode === 429 || statusCode >= 500;
    super(`ERR_HTTP_${statusCode}`, `${redactUrl(url.href)} answered HTTP ${statusCode}`, { retryable });
    this.statusCode = statusCode;
    this.retryAfterMs = retryAfterMs(headers);
  }
}

/** The error of an answer that is neither content nor a redirect. */
export function refusalOf(url: URL, statusCode: number, headers: IncomingHttpHeaders = {}): HttpRefusal {
  return new HttpRefusal(url, statusCode, headers);
}

/** Refuses compressed content, where what it unfolds to would have no bound. @throws {InputError} ERR_CONTENT_ENCODING */
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

/** Redirects: followed by hand, each address checked before it is asked. */

import type { Dispatcher } from "undici";
import { InputError } from "./errors.js";
import { checkUrl, withoutCredentials } from "./guarded-fetch.js";

const maxRedirects = 5;

/**
 * Asks for an address and for those that it redirects to, five at most, until an answer has content; gives that answer with the address that
 * gave it. `ask` sends one request, and decides for each address anew what it may reach and whether it gets a credential.
 *
 * Answers that are no content are not read; compressed ones are refused, since what they unfold to has no bound.
 *
 * @throws {InputError} ERR_URL, ERR_URL_SCHEME, ERR_URL_CREDENTIALS, ERR_REDIRECTS, ERR_CONTENT_ENCODING, and the HTTP status as ERR_HTTP_404
 */
export async function followRedirects(
  address: string,
  ask: (url: URL) => Promise<Dispatcher.ResponseData>,
  contentStatuses: readonly number[] = [200],
): Promise<{ url: URL; response: Dispatcher.ResponseData }> {
  let url = checkUrl(address);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await ask(url);
    const { statusCode, headers } = response;
    if (contentStatuses.includes(statusCode)) {
      checkEncoding(url, response);
      return { url, response };
    }
    discard(response);
    if (statusCode < 300 || statusCode >= 400 || typeof headers.location !== "string") {
      const retryable = statusCode === 429 || statusCode >= 500;
      throw new InputError(`ERR_HTTP_${statusCode}`, `${url.href} answered HTTP ${statusCode}`, { retryable });
    }
    url = targetOf(headers.location, url);
  }
  throw new InputError("ERR_REDIRECTS", `${address} redirects more than ${maxRedirects} times`);
}

function targetOf(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) {
    const text = `${from.href} redirects to "${withoutCredentials(location)}", which is not a URL`;
    throw new InputError("ERR_URL", text);
  }
  return checkUrl(new URL(location, from).href);
}

function checkEncoding(url: URL, response: Dispatcher.ResponseData): void {
  const encoding = response.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return;
  discard(response);
  throw new InputError("ERR_CONTENT_ENCODING", `${url.href} answers with content-encoding ${String(encoding)}`);
}

function discard({ body }: Dispatcher.ResponseData): void {
  body.on("error", () => undefined).destroy();
}

/** Sends requests to the hub, and follows its redirects to where files lie. The token goes to the hub only. */

import type { Dispatcher } from "undici";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { certificateProblem } from "../../core/net/certificate.js";
import { checkEncoding, followHops, type Hop, locationIn, refusalOf } from "../../core/net/follow-redirects.js";
import { guardedAgent } from "../../core/net/guarded-fetch.js";
import { again, fail, ok, retry, type Verdict } from "../../core/net/retry.js";
import { redactUrl } from "../../core/redact-urls.js";
import type { HubAccess } from "./access.js";
import { hubEndpoint } from "./dataset-name.js";
import { type Asked, HubRefusal } from "./hub-error.js";

export interface HubRequest extends Asked {
  /** The whole address, on the hub. */
  url: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

const timeoutMs = 30_000;
/** Statuses of an answer with content. */
const answered = new Set([200, 206]);
/** The hub counts requests in windows of five minutes. */
const slowForMs = 600_000;
const failedAttempts = 6;

/** Sends a GET request, and returns the answer when its head has arrived. @throws {InputError} ERR_HF_…, ERR_REDIRECTS, ERR_CERTIFICATE, ERR_CONTENT_ENCODING */
export async function sendHub(access: HubAccess, request: HubRequest): Promise<Dispatcher.ResponseData> {
  try {
    return await followHops(request.url, (url) => hopOf(access, request, url));
  } catch (error) {
    request.signal?.throwIfAborted();
    throw asUnreachable(request.what, access.endpoint, error);
  }
}

/**
 * Sends a request, and waits as long as the hub asks when it limits requests. `read` takes what it needs of the answer. With `retries`, other faults that may pass
 * are retried, too.
 *
 * @throws {InputError} what `sendHub` throws
 */
export function askHub<T>(
  access: HubAccess,
  request: HubRequest,
  read: (response: Dispatcher.ResponseData) => T | Promise<T>,
  { retries = true } = {},
): Promise<T> {
  const attempt = async (): Promise<Verdict<T, never>> => ok(await read(await sendHub(access, request)));
  const verdictOf = (error: unknown): Verdict<T, "failed" | "slow"> => {
    const known = asUnreachable(request.what, access.endpoint, error);
    if (known instanceof HubRefusal && known.retryable && known.retryAfterMs !== undefined)
      return again("slow", known, known.retryAfterMs);
    const isSlow = known instanceof HubRefusal && known.statusCode === 429;
    return known.retryable && (retries || isSlow) ? again("failed", known) : fail(known);
  };
  const rules = { failed: { maxAttempts: failedAttempts }, slow: { retryForMs: slowForMs } };
  return retry<T, "failed" | "slow">(attempt, { rules, signal: request.signal, verdictOf });
}

async function hopOf(access: HubAccess, request: HubRequest, url: URL): Promise<Hop<Dispatcher.ResponseData>> {
  const { endpoint, network, proxyFor, token } = access;
  const { origin, pathname, search } = url;
  const isHub = origin === new URL(endpoint).origin;
  if (url.protocol === "http:" && endpoint.startsWith("https:")) {
    throw new InputError("ERR_HF_REFUSED", `${request.what}: the hub redirects to ${redactUrl(url.href)}, without TLS`);
  }
  // A hub of one's own may have its files in the same private network. The public hub has not.
  const agent = isHub ? network.agent : guardedAgent(endpoint !== hubEndpoint, { proxyFor });
  const headers = {
    ...{ "user-agent": "sluice", "accept-encoding": "identity" },
    ...request.headers,
    ...(isHub && token && { authorization: `Bearer ${token.value}` }),
  };
  const response = await agent.request({
    ...{ origin, path: `${pathname}${search}`, method: "GET", headers },
    ...{ headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
    ...(request.signal && { signal: request.signal }),
  });
  const { statusCode, headers: received, body } = response;
  if (answered.has(statusCode)) {
    checkEncoding(url, received);
    return { found: response };
  }
  body.on("error", () => undefined).destroy();
  const location = locationIn(statusCode, received);
  if (location !== undefined) return { location };
  throw isHub ? new HubRefusal(access, request, statusCode, received) : refusalOf(url, statusCode, received);
}

/** Makes the error of a connection that failed. It may work later, unless the certificate is wrong. */
export function asUnreachable(what: string, endpoint: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  const certificate = certificateProblem(error, new URL(endpoint).host, "name its certificate in NODE_EXTRA_CA_CERTS");
  if (certificate) return new InputError("ERR_CERTIFICATE", certificate, { cause: error });
  return new InputError("ERR_HF_UNREACHABLE", `${what} cannot be read: ${describeError(error)}`, {
    cause: error,
    retryable: true,
  });
}

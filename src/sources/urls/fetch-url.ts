/** Fetches one URL of a list: its attempts, its waits and its result. */

import { limits } from "../../clarifai/limits.js";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { decodeText } from "../../core/input/content.js";
import { describeBytes } from "../../core/input/describe.js";
import type { InputDraft, Kind } from "../../core/input/input.js";
import { backoffMs } from "../../core/net/backoff.js";
import { certificateProblem } from "../../core/net/certificate.js";
import { decoded, encodingsOf } from "../../core/net/content-encoding.js";
import { withDeadline } from "../../core/net/deadline.js";
import { followRedirects, HttpRefusal } from "../../core/net/follow-redirects.js";
import { guardedAgent } from "../../core/net/guarded-fetch.js";
import type { HostGates } from "../../core/net/host-limits.js";
import type { ProxyFor } from "../../core/net/proxy/proxies.js";
import { again, fail, ok, retry, type Verdict } from "../../core/net/retry.js";
import { redactUrl } from "../../core/redact-urls.js";
import type { Slot } from "./fetch-queue.js";
import { checkFetched } from "./fetched-kind.js";

export interface FetchOptions {
  kind?: Kind | undefined;
  timeoutMs: number;
  deadlineMs: number;
  maxAttempts: number;
  retryForMs: number;
  allowPrivate: boolean;
  headers: Readonly<Record<string, string>>;
  /** Finds the proxy of a server. Default: no proxies. */
  proxyFor?: ProxyFor | undefined;
}

/** Waits between the attempts of a fetch that failed, and between those that a host refused without saying how long to wait. */
const failedBackoff = { baseMs: 400 };
const refusedBackoff = { baseMs: 800, maxMs: 30_000 };
/** Shortest wait after a refusal, for hosts that ask for none. */
const leastWaitMs = 100;

/**
 * Fetches a URL and returns its content as a draft.
 *
 * After a refusal (429, or another one with Retry-After), all fetches of the list leave the host alone for as long as it asks. Other failures that may
 * pass are retried up to `maxAttempts`.
 *
 * @throws {InputError}
 */
export async function fetchUrl(
  url: URL,
  options: FetchOptions,
  { hosts, slot, signal }: { hosts: HostGates; slot: Slot; signal: AbortSignal },
): Promise<InputDraft> {
  let refusals = 0;
  const attempt = async (): Promise<Verdict<InputDraft, "refused" | "failed">> => {
    await enter(hosts, slot, url.host, signal, refusals > 0);
    const gate = hosts.of(url.host);
    try {
      const draft = await fetchInTime(url, options, signal);
      gate.succeeded();
      return ok(draft);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof HttpRefusal && asksToWait(error)) {
        refusals += 1;
        const waitMs = waitOf(error, refusals);
        gate.refused({ statusCode: error.statusCode, waitMs }, signal);
        return again("refused", tooLong(error, waitMs, options), waitMs);
      }
      if (!(error instanceof HttpRefusal)) gate.succeeded(); // such a failure does not mean too many requests
      return isTemporary(error) ? again("failed", asFetchError(error, url)) : fail(asFetchError(error, url));
    } finally {
      hosts.leave(url.host);
    }
  };
  const { maxAttempts, retryForMs } = options;
  return retry(attempt, {
    rules: {
      refused: { retryForMs, pause: async () => undefined }, // the next attempt waits at the gate of the host
      failed: { maxAttempts, backoff: failedBackoff },
    },
    signal,
  });
}

/** Waits for the host without a slot, so that other hosts can use it, and then for a free slot. */
async function enter(hosts: HostGates, slot: Slot, host: string, signal: AbortSignal, isAgain: boolean): Promise<void> {
  const gate = hosts.of(host);
  if (!gate.isWaiting) return gate.enter(signal, isAgain);
  slot.release();
  await gate.enter(signal, isAgain);
  await slot.acquire();
}

function asksToWait({ statusCode, retryAfterMs }: HttpRefusal): boolean {
  return (
    statusCode === 429 ||
    (retryAfterMs !== undefined && (statusCode === 408 || statusCode === 425 || statusCode >= 500))
  );
}

function waitOf({ retryAfterMs }: HttpRefusal, refusals: number): number {
  return Math.max(leastWaitMs, retryAfterMs ?? backoffMs(refusals, refusedBackoff));
}

function tooLong(refusal: HttpRefusal, waitMs: number, { retryForMs }: FetchOptions): InputError {
  const wait = `the next attempt would be in ${Math.ceil(waitMs / 1000)} s, later than retryForMs allows (${retryForMs} ms)`;
  return new InputError(refusal.code, `${refusal.message}; ${wait}`, { retryable: true });
}

function isTemporary(error: unknown): boolean {
  if (error instanceof FlowError) return error.retryable;
  return certificateProblem(error, "") === undefined;
}

function asFetchError(error: unknown, url: URL): InputError {
  if (error instanceof InputError) return error;
  const certificate = certificateProblem(error, url.host);
  if (certificate) return new InputError("ERR_CERTIFICATE", certificate, { cause: error });
  const text = `${redactUrl(url.href)} cannot be fetched: ${describeError(error)}`;
  return new InputError("ERR_FETCH", text, { cause: error, retryable: true });
}

/** Makes one attempt. The stop of the flow and the deadline cut it off. */
async function fetchInTime(url: URL, options: FetchOptions, signal: AbortSignal): Promise<InputDraft> {
  const { deadlineMs } = options;
  const late = () =>
    new InputError(
      "ERR_FETCH_DEADLINE",
      `${redactUrl(url.href)} was not read to its end within ${deadlineMs} ms (deadlineMs)`,
    );
  return withDeadline({ deadlineMs, signal, late }, (cut) => fetchOnce(url, options, cut));
}

async function fetchOnce(start: URL, options: FetchOptions, signal: AbortSignal): Promise<InputDraft> {
  const agent = guardedAgent(options.allowPrivate, { proxyFor: options.proxyFor });
  let isOwnOrigin = true;
  const { url, response } = await followRedirects(start.href, ({ origin, pathname, search }) => {
    isOwnOrigin &&= origin === start.origin; // after a redirect to another origin, the headers are never sent again
    return agent.request({
      origin,
      path: `${pathname}${search}`,
      method: "GET",
      headers: { "user-agent": "sluice", ...(isOwnOrigin ? options.headers : {}), "accept-encoding": "identity" },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      signal,
    });
  });
  const name = redactUrl(url.href);
  const limit = limits.maxItemBytes[options.kind ?? "video"];
  const encodings = encodingsOf(response.headers);
  const raw = await readLimited(response.body, { name, limit, signal });
  const bytes = encodings.length === 0 ? raw : await decoded(raw, encodings, { name, limit, isMedia });
  const { kind, content } = await describeBytes({ bytes });
  const type = String(response.headers["content-type"] ?? "");
  checkFetched({ kind, content }, { name, start, asked: options.kind, type });
  return kind === "text" ? { text: decodeText(bytes, name) } : { [kind as Kind]: content };
}

async function isMedia(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (bytes.length === 0) return false;
  const { kind } = await describeBytes({ bytes });
  return kind !== undefined && kind !== "text";
}

/** Reads a body, and stops as soon as it is larger than the limit of its kind. */
async function readLimited(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
  { name, limit, signal }: { name: string; limit: number; signal: AbortSignal },
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes >= limit) {
      body.destroy();
      throw new InputError("ERR_ITEM_TOO_LARGE", `${name} has ${bytes} bytes or more; the limit is less than ${limit}`);
    }
    chunks.push(chunk);
  }
  const { buffer, byteOffset } = Buffer.concat(chunks);
  return new Uint8Array(buffer, byteOffset, bytes);
}

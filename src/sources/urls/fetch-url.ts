/** Fetching one URL of a list: its tries, its waits, and what came of it. */

import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../clarifai/limits.js";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { decodeText, describeBytes } from "../../core/input/content.js";
import type { InputDraft, Kind } from "../../core/input/input.js";
import { certificateProblem } from "../../core/net/certificate.js";
import { decoded, encodingsOf } from "../../core/net/content-encoding.js";
import { withDeadline } from "../../core/net/deadline.js";
import { followRedirects, HttpRefusal } from "../../core/net/follow-redirects.js";
import { guardedAgent } from "../../core/net/guarded-fetch.js";
import type { HostGates } from "../../core/net/host-limits.js";
import { redactUrl } from "../../core/redact-urls.js";
import type { Place } from "./fetch-queue.js";
import { checkFetched } from "./fetched-kind.js";

export interface FetchOptions {
  kind?: Kind | undefined;
  timeoutMs: number;
  deadlineMs: number;
  maxAttempts: number;
  retryForMs: number;
  allowPrivate: boolean;
  headers: Readonly<Record<string, string>>;
}

/** Wait before the second try; it doubles with each. */
const retryWaitMs = 250;
/** Wait after a refusal of a host that does not say how long; it doubles with each, up to the second figure. */
const refusedWaitMs = 500;
const longestWaitMs = 30_000;
/** Least wait after a refusal, for hosts that name none at all. */
const leastWaitMs = 100;

/**
 * Fetches a URL and gives its content as a draft.
 *
 * A host that refuses (429, or any refusal with Retry-After) is left alone for as long as it asks, by all fetches of the list. Other failures that may pass
 * are tried again `maxAttempts` times.
 *
 * @throws {InputError}
 */
export async function fetchUrl(
  url: URL,
  options: FetchOptions,
  { hosts, place, signal }: { hosts: HostGates; place: Place; signal: AbortSignal },
): Promise<InputDraft> {
  let refusedSince: number | undefined;
  let refusals = 0;
  for (let attempts = 1; ; ) {
    await enter(hosts, place, url.host, signal, refusals > 0);
    const gate = hosts.of(url.host);
    try {
      const draft = await fetchInTime(url, options, signal);
      gate.succeeded();
      return draft;
    } catch (error) {
      signal.throwIfAborted();
      const refusal = error instanceof HttpRefusal ? error : undefined;
      if (!refusal) gate.succeeded(); // what is wrong is not the number of requests
      if (refusal && asksToWait(refusal)) {
        refusals += 1;
        refusedSince ??= performance.now();
        const waitMs = waitOf(refusal, refusals);
        gate.refused({ statusCode: refusal.statusCode, waitMs }, signal);
        if (performance.now() - refusedSince + waitMs > options.retryForMs) throw tooLong(refusal, waitMs, options);
        continue;
      }
      if (attempts >= options.maxAttempts || !mayPass(error)) throw asFetchError(error, url);
      attempts += 1;
    } finally {
      hosts.leave(url.host);
    }
    await sleep(retryWaitMs * 2 ** (attempts - 2), undefined, { signal });
  }
}

/** Waits for the host, out of the way of others, and for a free slot among the fetches. */
async function enter(
  hosts: HostGates,
  place: Place,
  host: string,
  signal: AbortSignal,
  isAgain: boolean,
): Promise<void> {
  const gate = hosts.of(host);
  if (!gate.isWaiting) return gate.enter(signal, isAgain);
  place.leave();
  await gate.enter(signal, isAgain);
  await place.enter();
}

function asksToWait({ statusCode, retryAfterMs }: HttpRefusal): boolean {
  return (
    statusCode === 429 ||
    (retryAfterMs !== undefined && (statusCode === 408 || statusCode === 425 || statusCode >= 500))
  );
}

function waitOf({ retryAfterMs }: HttpRefusal, refusals: number): number {
  const own = Math.min(longestWaitMs, refusedWaitMs * 2 ** (refusals - 1)) * (0.75 + Math.random() / 2);
  return Math.max(leastWaitMs, retryAfterMs ?? own);
}

function tooLong(refusal: HttpRefusal, waitMs: number, { retryForMs }: FetchOptions): InputError {
  const wait = `the next try would be in ${Math.ceil(waitMs / 1000)} s, later than retryForMs allows (${retryForMs} ms)`;
  return new InputError(refusal.code, `${refusal.message}; ${wait}`, { retryable: true });
}

function mayPass(error: unknown): boolean {
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

/** One try, cut off by the stop of the flow or by its deadline. */
async function fetchInTime(url: URL, options: FetchOptions, signal: AbortSignal): Promise<InputDraft> {
  const { deadlineMs } = options;
  const late = () =>
    new InputError("ERR_FETCH_DEADLINE", `${redactUrl(url.href)} was not read to its end within ${deadlineMs} ms`);
  return withDeadline({ deadlineMs, signal, late }, (cut) => fetchOnce(url, options, cut));
}

async function fetchOnce(start: URL, options: FetchOptions, signal: AbortSignal): Promise<InputDraft> {
  const agent = guardedAgent(options.allowPrivate);
  let isOwnOrigin = true;
  const { url, response } = await followRedirects(start.href, ({ origin, pathname, search }) => {
    isOwnOrigin &&= origin === start.origin; // once somewhere else, what follows is another's
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

/** Reads a body, and stops it as soon as it is larger than its kind may be. */
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

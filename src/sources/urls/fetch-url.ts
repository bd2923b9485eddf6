/** Fetches one URL of a list, with its retries and waits. */

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
}

/** Wait before the second attempt; it doubles with each attempt. */
const retryWaitMs = 250;
/** Wait after a refusal without Retry-After; it doubles with each refusal, up to the second figure. */
const refusedWaitMs = 500;
const longestWaitMs = 30_000;
/** Shortest wait after a refusal, also if the host asks for a wait of 0. */
const leastWaitMs = 100;

/**
 * Fetches a URL and returns its content as a draft.
 *
 * If a host refuses a request with 429, or with Retry-After, all fetches of the list wait as long as the host asks. Other temporary failures are retried,
 * `maxAttempts` attempts in all.
 *
 * @throws {InputError}
 */
export async function fetchUrl(
  url: URL,
  options: FetchOptions,
  { hosts, slot, signal }: { hosts: HostGates; slot: Slot; signal: AbortSignal },
): Promise<InputDraft> {
  let refusedSince: number | undefined;
  let refusals = 0;
  for (let attempts = 1; ; ) {
    await enter(hosts, slot, url.host, signal, refusals > 0);
    const gate = hosts.of(url.host);
    try {
      const draft = await fetchInTime(url, options, signal);
      gate.succeeded();
      return draft;
    } catch (error) {
      signal.throwIfAborted();
      const refusal = error instanceof HttpRefusal ? error : undefined;
      if (!refusal) gate.succeeded(); // the failure does not come from the number of requests
      if (refusal && asksToWait(refusal)) {
        refusals += 1;
        refusedSince ??= performance.now();
        const waitMs = waitOf(refusal, refusals);
        gate.refused({ statusCode: refusal.statusCode, waitMs }, signal);
        if (performance.now() - refusedSince + waitMs > options.retryForMs) throw tooLong(refusal, waitMs, options);
        continue;
      }
      if (attempts >= options.maxAttempts || !isTemporary(error)) throw asFetchError(error, url);
      attempts += 1;
    } finally {
      hosts.leave(url.host);
    }
    await sleep(retryWaitMs * 2 ** (attempts - 2), undefined, { signal });
  }
}

/** Waits for the host without a slot, and then for a free slot. */
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
  const own = Math.min(longestWaitMs, refusedWaitMs * 2 ** (refusals - 1)) * (0.75 + Math.random() / 2);
  return Math.max(leastWaitMs, retryAfterMs ?? own);
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

/** Makes one attempt, which ends with the flow, or at its deadline. */
async function fetchInTime(url: URL, options: FetchOptions, signal: AbortSignal): Promise<InputDraft> {
  const { deadlineMs } = options;
  const late = () =>
    new InputError("ERR_FETCH_DEADLINE", `${redactUrl(url.href)} was not read completely within ${deadlineMs} ms`);
  return withDeadline({ deadlineMs, signal, late }, (cutOff) => fetchOnce(url, options, cutOff));
}

async function fetchOnce(start: URL, options: FetchOptions, signal: AbortSignal): Promise<InputDraft> {
  const agent = guardedAgent(options.allowPrivate);
  let isOwnOrigin = true;
  const { url, response } = await followRedirects(start.href, ({ origin, pathname, search }) => {
    isOwnOrigin &&= origin === start.origin; // after a redirect to another origin, the headers stay out of all further requests
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

/** Reads a body, and stops as soon as it exceeds the limit of its kind. */
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

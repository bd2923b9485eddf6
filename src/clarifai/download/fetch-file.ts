/** Fetches a URL into a partial file, checks the bytes, and resumes a broken download where it broke. */

import type { Authorize, Traffic } from "../../core/accounting/clients.js";
import { codeOf, describeError, FlowError, InputError } from "../../core/errors.js";
import { certificateProblem } from "../../core/net/certificate.js";
import { withDeadline } from "../../core/net/deadline.js";
import { checkUrl } from "../../core/net/guarded-fetch.js";
import type { MediaHead } from "../../core/net/media-head.js";
import type { ProxyFor } from "../../core/net/proxy/proxies.js";
import { again, fail, ok, retry } from "../../core/net/retry.js";
import { receiveMedia } from "../client/media.js";
import type { PartialFile } from "./partial-file.js";

export interface FetchOptions {
  /** Finds the credential for an address. */
  authorize: Authorize;
  signal: AbortSignal;
  maxAttempts: number;
  maxBytes: number;
  timeoutMs: number;
  /** Longest time for all attempts together, in milliseconds. */
  deadlineMs: number;
  allowPrivate: boolean;
  /** Finds the proxy of a server without a credential. Default: no proxies. */
  proxyFor?: ProxyFor | undefined;
  /** Whether the content must be an image, a video or audio. */
  isMedia: boolean;
  /** Counts requests and bytes. */
  traffic: Traffic;
}

/** A server may throttle the requests for one file so many times more than a download may break. */
const maxThrottles = 12;
/** Waits between the attempts of a broken download. */
const brokenBackoff = { baseMs: 500 };

/** Codes after which the next attempt starts again without the partial file. */
const startAfresh = new Set([
  "ERR_DOWNLOAD_TOO_LARGE",
  "ERR_DOWNLOAD_CHANGED",
  "ERR_DOWNLOAD_DIGEST",
  "ERR_KIND_MISMATCH",
  "ERR_HTTP_416", // the file on the server is shorter than the partial file
]);

/**
 * Fetches an address into `file` and returns its SHA-256. Bytes of an earlier attempt are kept, and the rest is requested; a server that cannot send a
 * part, or that has other content by now, sends all of it.
 *
 * @throws {InputError} ERR_DOWNLOAD_TOO_LARGE, ERR_DOWNLOAD_BROKEN, ERR_DOWNLOAD_CHANGED, ERR_DOWNLOAD_DIGEST, ERR_DOWNLOAD_EMPTY,
 * ERR_DOWNLOAD_DEADLINE, ERR_DOWNLOAD_PATH, ERR_KIND_MISMATCH, ERR_FILE_UNWRITABLE, and the errors of `receiveMedia`
 */
export async function fetchFile(address: string, file: PartialFile, options: FetchOptions): Promise<string> {
  checkUrl(address);
  const { deadlineMs, signal } = options;
  const late = () =>
    new InputError(
      "ERR_DOWNLOAD_DEADLINE",
      `${address} was not read to its end within ${deadlineMs} ms (deadlineMs); a new run resumes it`,
    );
  return await withDeadline({ deadlineMs, signal, late }, (cut) =>
    fetchAll(address, file, { ...options, signal: cut }),
  );
}

/** Makes attempts until the server has sent everything. */
async function fetchAll(address: string, file: PartialFile, options: FetchOptions): Promise<string> {
  const { traffic, maxAttempts, signal } = options;
  return retry<string, "throttled" | "broken">(
    async (attempts) => {
      traffic.requests += 1;
      if (attempts > 1) traffic.retries += 1;
      return ok(await fetchRest(address, file, options));
    },
    {
      rules: {
        throttled: { maxAttempts: maxThrottles + maxAttempts },
        broken: { maxAttempts, backoff: brokenBackoff },
      },
      signal,
      verdictOf: async (error) => {
        await file.settled();
        const problem = certificateProblemOf(error, address, options);
        if (problem) return fail(problem);
        if (error instanceof FlowError && startAfresh.has(error.code)) file.restart(undefined);
        if (codeOf(error, "") === "ERR_HTTP_429") {
          traffic.throttled += 1;
          return again("throttled", asBroken(address, error));
        }
        const isFinal = error instanceof FlowError && !error.retryable;
        return isFinal ? fail(asBroken(address, error)) : again("broken", asBroken(address, error));
      },
    },
  );
}

/** Makes the error of a certificate that is not accepted, which another attempt does not change. */
function certificateProblemOf(error: unknown, address: string, { authorize }: FetchOptions): InputError | undefined {
  const url = new URL(address);
  const problem = certificateProblem(error, url.host, authorize(url)?.authorityStep);
  return problem === undefined ? undefined : new InputError("ERR_CERTIFICATE", problem, { cause: error });
}

async function fetchRest(address: string, file: PartialFile, options: FetchOptions): Promise<string> {
  const { signal, timeoutMs, maxBytes, allowPrivate, proxyFor, traffic, authorize } = options;
  let head: MediaHead | undefined;
  const receiver = {
    begin(answer: MediaHead) {
      head = answer;
      if (answer.start === 0) file.restart(answer.etag);
      else if (!continues(answer, file)) {
        throw new InputError("ERR_DOWNLOAD_CHANGED", `${address} has other content than at the start of the download`, {
          retryable: true,
        });
      }
      file.totalBytes = answer.totalBytes;
      if ((answer.totalBytes ?? 0) > maxBytes) throw tooLarge(address, maxBytes);
    },
    take(bytes: Buffer) {
      traffic.bytesReceived += bytes.length;
      if (file.sizeBytes + bytes.length > maxBytes) throw tooLarge(address, maxBytes);
      return file.take(bytes);
    },
  };
  const { sizeBytes: start, etag } = file;
  await receiveMedia(authorize, address, receiver, { signal, start, etag, timeoutMs, allowPrivate, proxyFor }).catch(
    (error: unknown) => {
      // The server sent another part than requested, so it cannot resume.
      if (!head && codeOf(error, "") === "ERR_DOWNLOAD_BROKEN") file.restart(undefined);
      throw error;
    },
  );
  if (file.totalBytes !== undefined && file.sizeBytes !== file.totalBytes) {
    const text = `${address} sent ${file.sizeBytes} of ${file.totalBytes} bytes`;
    throw new InputError("ERR_DOWNLOAD_BROKEN", text, { retryable: true });
  }
  if (file.sizeBytes === 0) throw new InputError("ERR_DOWNLOAD_EMPTY", `${address} sent no bytes`);
  if (options.isMedia && isMessage(file.head, head?.type ?? "")) {
    const what = `a page or a message of a server (${head?.type || "without a type"}), not an image, video or audio`;
    throw new InputError("ERR_KIND_MISMATCH", `${address} sent ${what}`, { retryable: true });
  }
  const sha256 = await file.sha256();
  if (head?.sha256 === undefined || head.sha256 === sha256) return sha256;
  const text = `${address} arrived with the SHA-256 ${sha256}; the server says ${head.sha256}`;
  throw new InputError("ERR_DOWNLOAD_DIGEST", text, { retryable: true });
}

const page = /^\uFEFF?\s*<(!doctype|\?xml|html|head|body)[\s>]/i;
const data = /^\uFEFF?\s*[{[]/;

/** Returns whether the bytes are a message of a server, a proxy or a sign-in page: no media file begins like that. */
function isMessage(bytes: Buffer, type: string): boolean {
  const start = bytes.toString("utf8", 0, 1024);
  return page.test(start) || (/\bjson\b/i.test(type) && data.test(start));
}

/** Returns whether an answer continues the file: from its end, with the same tag and size as far as they are known. */
function continues({ start, etag, totalBytes }: MediaHead, file: PartialFile): boolean {
  return start === file.sizeBytes && agree(etag, file.etag) && agree(totalBytes, file.totalBytes);
}

function agree<T>(a: T | undefined, b: T | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

function tooLarge(address: string, maxBytes: number): InputError {
  return new InputError(
    "ERR_DOWNLOAD_TOO_LARGE",
    `${address} has more than ${maxBytes} bytes; raise maxBytes to download it`,
  );
}

function asBroken(address: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError("ERR_DOWNLOAD_BROKEN", `${address}: ${describeError(error)}`, { cause: error });
}

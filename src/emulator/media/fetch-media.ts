/** Fetches the content of an input by URL into a file of the store. */

import { STATUS_CODES } from "node:http";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { codeOf, describeError } from "../../core/errors.js";
import { isLoopbackHost } from "../../core/net/addresses.js";
import { withDeadline } from "../../core/net/deadline.js";
import { checkEncoding, followRedirects } from "../../core/net/follow-redirects.js";
import { guardedAgent, type PrivateAccess } from "../../core/net/guarded-fetch.js";
import { redactUrl } from "../../core/redact-urls.js";
import type { MediaFiles, MediaWriter, StoredMedia } from "./media-files.js";
import { ProcessingFailure } from "./processing-failure.js";

export interface FetchMediaOptions {
  maxBytes: number;
  /** Which addresses may be fetched besides public ones. "loopback": those of this machine, if the URL itself names it. */
  privateFetch: PrivateAccess;
  signal: AbortSignal;
  /** Maximum wait for the answer, and between two pieces of it, in milliseconds. Default: 15,000. */
  timeoutMs?: number | undefined;
  /** Maximum time for the whole fetch, in milliseconds. Default: 120,000. */
  deadlineMs?: number | undefined;
}

/** Fetches a URL, following redirects. @throws {ProcessingFailure} 30002, 30105 */
export async function fetchMedia(url: string, files: MediaFiles, options: FetchMediaOptions): Promise<StoredMedia> {
  const { maxBytes, deadlineMs = 120_000 } = options;
  const writer = files.create();
  const late = () => new Error(`the download did not end within ${deadlineMs} ms`);
  try {
    await withDeadline({ deadlineMs, signal: options.signal, late }, async (signal) => {
      const { url: from, response } = await followRedirects(url, requester(options, signal));
      try {
        checkEncoding(from, response.headers);
      } catch (error) {
        response.body.on("error", () => undefined).destroy();
        throw error;
      }
      const tooLarge = `${redactUrl(url)} has ${maxBytes} bytes or more`;
      await pipeline(response.body, limitedSink(writer, maxBytes, tooLarge));
    });
    return writer.finish(true);
  } catch (error) {
    writer.discard();
    if (error instanceof ProcessingFailure) throw error;
    throw new ProcessingFailure(statusCodes.INPUT_FAILED, `${reasonOf(error)} for url: ${redactUrl(url)}`);
  }
}

/** Makes a stream into a file that fails when the file reaches the limit. */
function limitedSink(writer: MediaWriter, maxBytes: number, tooLarge: string): Writable {
  return new Writable({
    write: (chunk: Buffer, _, done) => {
      if (writer.sizeBytes + chunk.length >= maxBytes) {
        done(new ProcessingFailure(statusCodes.INPUT_OVER_LIMIT, tooLarge));
        return;
      }
      writer.write(Buffer.from(chunk));
      done();
    },
  });
}

/** Makes the function that requests each address of a chain of redirects. Once the chain leaves this machine, it may not return to it. */
function requester({ privateFetch, timeoutMs = 15_000 }: FetchMediaOptions, signal: AbortSignal) {
  let mayUseLoopback = privateFetch === "loopback";
  return ({ origin, hostname, pathname, search }: URL) => {
    mayUseLoopback &&= isLoopbackHost(hostname);
    return guardedAgent(mayUseLoopback ? "loopback" : privateFetch === true).request({
      origin,
      path: `${pathname}${search}`,
      method: "GET",
      headers: { "accept-encoding": "identity" },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
    });
  };
}

/** Returns why a fetch failed. HTTP errors are worded as by the platform. */
function reasonOf(error: unknown): string {
  const code = codeOf(error, "");
  if (code === "ERR_ADDRESS_PRIVATE") return "not a public address (allowPrivateFetch: true permits it)";
  const httpStatus = Number(/^ERR_HTTP_(\d+)$/.exec(code)?.[1]);
  if (!httpStatus) return describeError(error);
  return `${httpStatus} ${httpStatus < 500 ? "Client" : "Server"} Error: ${STATUS_CODES[httpStatus] ?? ""}`;
}

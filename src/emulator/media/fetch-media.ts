/** Fetching: the content of an input that was sent by URL, into a file of the store. */

import { STATUS_CODES } from "node:http";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { codeOf, describeError } from "../../core/errors.js";
import { withDeadline } from "../../core/net/deadline.js";
import { checkEncoding, followRedirects } from "../../core/net/follow-redirects.js";
import { guardedAgent, isLoopbackHost, type PrivateAccess } from "../../core/net/guarded-fetch.js";
import { redactUrl } from "../../core/redact-urls.js";
import type { MediaFiles, StoredMedia } from "./media-files.js";

export interface FetchMediaOptions {
  maxBytes: number;
  /** What may be fetched besides public addresses; "loopback": this machine's own, where the URL itself names it. */
  privateFetch: PrivateAccess;
  signal: AbortSignal;
  /** Longest wait for an answer and between two pieces of it, in milliseconds. Default: 15,000. */
  timeoutMs?: number | undefined;
  /** Longest time for all of it, in milliseconds. Default: 120,000. */
  deadlineMs?: number | undefined;
}

/** An accepted input cannot be processed. */
export class ProcessingFailure extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Fetches a URL as it was sent, through redirects. @throws {ProcessingFailure} 30002, 30105 */
export async function fetchMedia(url: string, files: MediaFiles, options: FetchMediaOptions): Promise<StoredMedia> {
  const { maxBytes, deadlineMs = 120_000 } = options;
  const writer = files.create();
  const late = () => new Error(`no end within ${deadlineMs} ms`);
  try {
    await withDeadline({ deadlineMs, signal: options.signal, late }, async (signal) => {
      const { url: from, response } = await followRedirects(url, asker(options, signal));
      try {
        checkEncoding(from, response.headers);
      } catch (error) {
        response.body.on("error", () => undefined).destroy();
        throw error;
      }
      const sink = new Writable({
        write: (chunk: Buffer, _, done) => {
          if (writer.sizeBytes + chunk.length >= maxBytes) {
            done(new ProcessingFailure(30105, `${redactUrl(url)} has ${maxBytes} bytes or more`));
            return;
          }
          writer.write(Buffer.from(chunk));
          done();
        },
      });
      await pipeline(response.body, sink);
    });
    return writer.finish(true);
  } catch (error) {
    writer.discard();
    if (error instanceof ProcessingFailure) throw error;
    throw new ProcessingFailure(30002, `${reasonOf(error)} for url: ${redactUrl(url)}`);
  }
}

/** Asks for one address after the other. Only a URL that names this machine itself leads to it: from elsewhere there is no way back. */
function asker({ privateFetch, timeoutMs = 15_000 }: FetchMediaOptions, signal: AbortSignal) {
  let local = privateFetch === "loopback";
  return ({ origin, hostname, pathname, search }: URL) => {
    local &&= isLoopbackHost(hostname);
    return guardedAgent(local ? "loopback" : privateFetch === true).request({
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

/** Why a fetch failed, in the words of the platform where it has some. */
function reasonOf(error: unknown): string {
  const code = codeOf(error, "");
  if (code === "ERR_ADDRESS_PRIVATE") return "not a public address (allowPrivateFetch: true permits it)";
  const httpStatus = Number(/^ERR_HTTP_(\d+)$/.exec(code)?.[1]);
  if (!httpStatus) return describeError(error);
  return `${httpStatus} ${httpStatus < 500 ? "Client" : "Server"} Error: ${STATUS_CODES[httpStatus] ?? ""}`;
}

/** One unary exchange on an HTTP/2 stream: writes the chunks of a body as fast as the windows allow, and reads the answer to its end. */

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import type { Traffic } from "../../../core/accounting/clients.js";
import type { Chunks } from "../call.js";
import type { Pace } from "./window-limit.js";

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM } = constants;

/** The largest answer that is read. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** The end of a stream. */
export interface StreamEnd {
  /** Headers of the answer; undefined if none came. */
  headers: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
  /** Trailers, or the headers of an answer that has nothing else; undefined if they did not come. */
  trailers: IncomingHttpHeaders | undefined;
  bytes: Buffer;
  /** Code of HTTP/2 with which the stream was reset; 0 if it was not. */
  resetCode: number;
  error: Error | undefined;
  /** How the body was sent. */
  sent: Omit<Pace, "roundTripMs">;
}

export interface ExchangeOptions {
  headers: Record<string, string>;
  chunks: Chunks;
  /** Receives the bytes that are sent, after each chunk. */
  onSent?: ((bytes: number) => void) | undefined;
  /** Longest time without a written chunk and without an answer, in milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
  counts: Traffic;
}

/** A stream made no progress within its time. */
export class StalledError extends Error {}

/**
 * Sends a request, and resolves with the end of its stream. A body that throws resets the stream, and rejects with its error; so do an abort and a
 * stall, which is a window that does not open, or an answer that does not come.
 */
export async function exchange(session: ClientHttp2Session, options: ExchangeOptions): Promise<StreamEnd> {
  const { headers, chunks, onSent, timeoutMs, signal, counts } = options;
  const sent = { bytes: 0, ms: 0, windowBytes: windowBytesOf(session) };
  const stream = session.request(headers);
  const answer = new StreamAnswer(stream);
  const stall = () => answer.abandon(new StalledError(`no progress within ${timeoutMs} ms`));
  const timer = setTimeout(stall, timeoutMs);
  const abort = () => answer.abandon(signal.reason as Error);
  signal.addEventListener("abort", abort);
  stream.on("data", () => timer.refresh());
  try {
    if (signal.aborted) abort();
    const startedAt = performance.now();
    await send(stream, answer, chunks, (bytes) => {
      counts.bytesSent += bytes;
      sent.bytes += bytes;
      onSent?.(sent.bytes);
      timer.refresh();
    });
    sent.ms = performance.now() - startedAt;
    return { ...(await answer.ended), sent };
  } catch (error) {
    answer.abandon(error as Error);
    await answer.ended.catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    counts.bytesReceived += answer.bytesReceived;
  }
}

/** Returns how many bytes of a new stream may be sent at once. */
function windowBytesOf({ remoteSettings, state }: ClientHttp2Session): number {
  const unlimited = Number.POSITIVE_INFINITY;
  return Math.min(remoteSettings.initialWindowSize ?? unlimited, state.remoteWindowSize ?? unlimited);
}

/** Writes chunk by chunk: a chunk is requested when the one before it has left this process, since both may use the same memory. */
async function send(
  stream: ClientHttp2Stream,
  answer: StreamAnswer,
  chunks: Chunks,
  sent: (bytes: number) => void,
): Promise<void> {
  for await (const chunk of chunks) {
    const written = new Promise<void>((resolve) => stream.write(chunk, () => resolve()));
    await Promise.race([written, answer.isOver]);
    if (answer.over) return; // the server answered early, or the stream is lost
    sent(chunk.length);
  }
  stream.end();
}

/** Collects the answer of a stream. */
class StreamAnswer {
  /** Resolves when the answer is complete or lost. */
  readonly ended: Promise<Omit<StreamEnd, "sent">>;
  /** Resolves at the same time, and never rejects. */
  readonly isOver: Promise<void>;
  over = false;
  bytesReceived = 0;
  readonly #stream: ClientHttp2Stream;
  readonly #chunks: Buffer[] = [];
  #headers: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #error: Error | undefined;
  #abandoned: { reason: Error } | undefined;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    stream.on("response", (headers, flags) => {
      this.#headers = headers;
      if (flags & NGHTTP2_FLAG_END_STREAM) this.#trailers = headers;
    });
    stream.on("trailers", (trailers) => (this.#trailers = trailers));
    stream.on("data", (chunk: Buffer) => this.#add(chunk));
    stream.on("error", (error) => (this.#error ??= error));
    this.ended = new Promise((resolve, reject) => {
      const end = () => {
        if (this.over) return;
        this.over = true;
        if (this.#abandoned) reject(this.#abandoned.reason);
        else resolve(this.#end());
      };
      stream.once("end", () => {
        // The server is done. If the request is not, the server refused it before its end.
        if (!this.#trailers) return;
        end();
        if (!stream.writableEnded) stream.close(NGHTTP2_CANCEL);
      });
      stream.once("close", end);
    });
    this.isOver = this.ended.then(
      () => undefined,
      () => undefined,
    );
  }

  /** Resets the stream; the answer ends with `reason`. */
  abandon(reason: Error): void {
    if (this.over) return;
    this.#abandoned ??= { reason };
    this.#stream.close(NGHTTP2_CANCEL);
    this.#stream.destroy(); // a stream whose window is closed would wait to write its rest
  }

  #add(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    this.#chunks.push(chunk);
    if (this.bytesReceived > maxAnswerBytes) {
      this.abandon(new Error(`the answer has more than ${maxAnswerBytes} bytes`));
    }
  }

  #end(): Omit<StreamEnd, "sent"> {
    return {
      headers: this.#headers,
      trailers: this.#trailers,
      bytes: Buffer.concat(this.#chunks),
      resetCode: this.#stream.rstCode,
      error: this.#error,
    };
  }
}

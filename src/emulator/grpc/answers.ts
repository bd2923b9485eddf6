/** Answers of calls: a message with a status, or a status alone. */

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { limits } from "../../clarifai/limits.js";
import type { GrpcError } from "./grpc-error.js";

/** Head of all answers. Messages are not compressed. */
const head = { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": "identity" };

/** A refused request may be as long as the largest request of REST. */
const maxDrainedBytes = Math.ceil(limits.maxItemBytes.video / 3) * 4;

export interface AnswerOptions {
  headers?: OutgoingHttpHeaders | undefined;
  /** Omits the status that follows the message. */
  withoutTrailers?: boolean | undefined;
}

/** Sends a message and the status OK. Resolves when they are sent, or when the stream is closed. */
export async function sendAnswer(
  stream: ServerHttp2Stream,
  bytes: Uint8Array,
  options: AnswerOptions = {},
): Promise<void> {
  if (!startAnswer(stream, options)) return;
  const ended = new Promise<void>((resolve) => stream.once("close", resolve));
  stream.end(frameOf(bytes));
  await ended;
}

/** Sends the head of an answer; false if the stream is closed. The status OK is sent when the stream ends. */
export function startAnswer(
  stream: ServerHttp2Stream,
  { headers, withoutTrailers = false }: AnswerOptions = {},
): boolean {
  if (stream.destroyed || stream.closed || stream.headersSent) return false;
  stream.respond({ ...head, ...headers }, { waitForTrailers: !withoutTrailers });
  if (!withoutTrailers) stream.once("wantTrailers", () => sendTrailers(stream, { "grpc-status": "0" }));
  else stream.once("finish", () => drain(stream));
  return true;
}

/** Ends a call with a status and no message. */
export function sendError(stream: ServerHttp2Stream, { code, message }: Pick<GrpcError, "code" | "message">): void {
  const status = { "grpc-status": String(code), "grpc-message": percentEncoded(message) };
  if (stream.destroyed || stream.closed) return;
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  stream.respond({ ...head, ...status }, { endStream: true });
  drain(stream);
}

/** Returns a message with its prefix. */
export function frameOf(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(bytes.length + 5);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, 5);
  return frame;
}

function sendTrailers(stream: ServerHttp2Stream, trailers: OutgoingHttpHeaders): void {
  if (stream.destroyed) return;
  stream.sendTrailers(trailers);
  drain(stream);
}

/**
 * Reads and discards the rest of a request, after its answer is sent. A request over the limit is cut.
 *
 * A reset would save the bytes. But if a call is reset while a client in Node sends, the client's connection never closes.
 */
function drain(stream: ServerHttp2Stream): void {
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxDrainedBytes) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}

function percentEncoded(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent);
}

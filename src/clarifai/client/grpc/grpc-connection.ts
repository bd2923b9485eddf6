/** Sends one gRPC request to the server of the API, and reads its answer. */

import type { IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, constants } from "node:http2";
import type { Traffic } from "../../../core/accounting/clients.js";
import { withDeadline } from "../../../core/net/deadline.js";
import { retryAfterMs } from "../../../core/net/retry-after.js";
import { statusOfGrpc } from "../../wire/grpc-status.js";
import { statusFrom } from "../../wire/status.js";
import { secretHeaders } from "../access/secret.js";
import type { Chunks, ReplayableBody, Rpc } from "../call.js";
import { type ConnectionOptions, deadlineOf, defaultTimeoutMs } from "../http-connection.js";
import { type Reply, replyOf } from "../reply.js";
import { exchange, type StreamEnd } from "./exchange.js";
import { Sessions } from "./sessions.js";
import { windowLimit } from "./window-limit.js";

/** A reply over gRPC, with the headers of its answer. */
export interface GrpcReply extends Reply {
  headers: IncomingHttpHeaders;
  /** Whether the answer has a status of gRPC, so that the server speaks it. */
  isGrpc: boolean;
  /** Why the request was slow, if the windows of the server and not the link made it so. */
  windowLimit?: string | undefined;
}

/** A body with the method that it belongs to. */
export type RpcBody = ReplayableBody & { rpc: Rpc };

/** The gRPC connections to one server. */
export class GrpcConnection {
  /** Address of the server for people. */
  readonly address: string;
  readonly #secretHeaders: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #counts: Traffic;
  readonly #sessions: Sessions;

  constructor(
    { url, timeoutMs, network, ...secret }: Omit<ConnectionOptions, "baseUrl" | "maxConcurrency"> & { url: string },
    counts: Traffic,
  ) {
    this.address = new URL(url).origin;
    this.#secretHeaders = secretHeaders(secret);
    this.#timeoutMs = timeoutMs ?? defaultTimeoutMs;
    this.#counts = counts;
    this.#sessions = new Sessions(this.address, network);
  }

  /** Sends a request once. A lost connection is a reply, too. Throws what the body throws, and the reason of an abort. */
  async send(body: RpcBody, signal: AbortSignal | undefined): Promise<GrpcReply> {
    let session: ClientHttp2Session;
    try {
      session = await this.#acquire(signal);
    } catch (error) {
      signal?.throwIfAborted();
      return { json: {}, lost: error, notDone: true, headers: {}, isGrpc: false };
    }
    const thrownByBody: { error?: unknown } = {};
    try {
      const end = await this.#exchange(session, body, signal, thrownByBody);
      const limit = windowLimit({ ...end.sent, roundTripMs: this.#sessions.roundTripMs(session) });
      return { ...replyOfEnd(end, body.rpc), windowLimit: limit };
    } catch (error) {
      signal?.throwIfAborted();
      if ("error" in thrownByBody) throw thrownByBody.error;
      // The request got no further; another session may do better.
      this.#sessions.retire(session);
      return { json: {}, lost: error, headers: {}, isGrpc: false };
    } finally {
      this.#sessions.release(session);
    }
  }

  async close(): Promise<void> {
    await this.#sessions.close();
  }

  /** Acquires a session, unless the signal is aborted meanwhile. */
  async #acquire(signal: AbortSignal | undefined): Promise<ClientHttp2Session> {
    signal?.throwIfAborted();
    const acquiring = this.#sessions.acquire();
    if (!signal) return acquiring;
    let abort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal.reason as Error);
    });
    signal.addEventListener("abort", abort);
    try {
      return await Promise.race([acquiring, aborted]);
    } catch (error) {
      acquiring.then(
        (session) => this.#sessions.release(session),
        () => undefined,
      );
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #exchange(
    session: ClientHttp2Session,
    body: RpcBody,
    signal: AbortSignal | undefined,
    thrownByBody: { error?: unknown },
  ): Promise<StreamEnd> {
    const headers = {
      ":method": "POST",
      ":path": body.rpc.path,
      "content-type": "application/grpc+proto",
      te: "trailers",
      ...this.#secretHeaders,
    };
    const deadline = { ...deadlineOf(body.length, this.#timeoutMs), signal };
    return withDeadline(deadline, (cut) =>
      exchange(session, {
        headers,
        chunks: watched(body.chunks(), thrownByBody),
        onSent: body.onSent,
        timeoutMs: this.#timeoutMs,
        signal: cut,
        counts: this.#counts,
      }),
    );
  }
}

/** Passes chunks on, and keeps the error of the body apart from those of the connection. */
async function* watched(chunks: Chunks, thrownByBody: { error?: unknown }): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (error) {
    thrownByBody.error = error;
    throw error;
  }
}

function replyOfEnd(end: StreamEnd, rpc: Rpc): GrpcReply {
  const { trailers } = end;
  const headers: IncomingHttpHeaders = end.headers ?? {};
  const httpStatus = end.headers?.[":status"];
  const isGrpc = /^application\/grpc/.test(headers["content-type"] ?? "");
  if (httpStatus !== undefined && !isGrpc) {
    return { ...replyOf({ httpStatus, headers, text: end.bytes.toString("utf8") }), headers, isGrpc };
  }
  const grpcStatus = trailers?.["grpc-status"];
  if (typeof grpcStatus !== "string") {
    const notDone = end.resetCode === constants.NGHTTP2_REFUSED_STREAM;
    return { json: {}, lost: lostError(end), notDone, headers, isGrpc: false };
  }
  const all: IncomingHttpHeaders = { ...headers, ...trailers };
  const base = { httpStatus, headers: all, isGrpc, retryAfterMs: pushbackMs(all) ?? retryAfterMs(all) };
  if (grpcStatus === "0") {
    const json = messageOf(end.bytes, rpc);
    return { ...base, json: json ?? {}, status: json ? statusFrom(json.status) : undefined };
  }
  return { ...base, json: {}, status: statusOfGrpc(Number(grpcStatus), decodedMessage(trailers?.["grpc-message"])) };
}

/** Decodes the one message of an answer; undefined if it is not readable, or compressed, which the request does not allow. */
function messageOf(bytes: Buffer, rpc: Rpc): Record<string, unknown> | undefined {
  if (bytes.length < 5 || bytes[0] !== 0 || bytes.readUInt32BE(1) !== bytes.length - 5) return undefined;
  try {
    return rpc.decode(bytes.subarray(5));
  } catch {
    return undefined;
  }
}

/** Reads the wait that a server asks for in gRPC's own trailer. */
function pushbackMs(headers: IncomingHttpHeaders): number | undefined {
  const value = headers["grpc-retry-pushback-ms"];
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** Decodes the text of a status, which is percent-encoded. */
function decodedMessage(text: string | string[] | undefined): string {
  if (typeof text !== "string") return "";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Names of the reset codes of HTTP/2, by their numbers. */
const resetNames = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"],
  ...["FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"],
  ...["INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];

function lostError({ resetCode, error, headers }: StreamEnd): Error {
  if (resetCode === constants.NGHTTP2_REFUSED_STREAM)
    return new Error("the server refused the request before it began");
  if (error) return error;
  const part = headers ? "the answer ended without its status" : "the stream ended without an answer";
  return new Error(resetCode === 0 ? part : `${part} (HTTP/2 ${resetNames[resetCode] ?? resetCode})`);
}

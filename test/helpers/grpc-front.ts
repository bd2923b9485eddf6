/** A gRPC server before a REST server: it forwards PostInputs, and misbehaves on demand at the level of HTTP/2. */

import {
  createServer,
  constants as h2,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Envelope } from "./http.js";
import { inputsAnswer, postedJson, statusCodeAnswer } from "./proto-messages.js";

/** What happens to one request. */
export type GrpcFault =
  /** The server says goodbye, and does not process the request. */
  | { type: "goaway-refused" }
  /** The server says goodbye and processes the request. */
  | { type: "goaway-graceful" }
  /** The server ends the connection with an error, with or without processing the request. */
  | { type: "goaway-error" | "reset" | "cut"; code?: number; processes: boolean }
  /** The request is reset as not processed. */
  | { type: "refused" }
  /** The request is processed, and the answer ends without its trailers, with or without its message. */
  | { type: "lost-trailers"; withMessage: boolean }
  /** The request is processed, and the message of the answer is unreadable. */
  | { type: "garbage" }
  /** The answer is late. */
  | { type: "slow"; ms: number }
  /** The request fails with a status of gRPC, before it is read to its end if `early`. */
  | {
      type: "status";
      code: number;
      message?: string;
      trailers?: Record<string, string>;
      processes?: boolean;
      early?: boolean;
    };

export interface GrpcFrontTrouble {
  /** Decides about the n-th PostInputs, from 1. */
  fault?: (count: number) => GrpcFault | undefined;
  /** Share of the connections that read no request at all: their windows stay closed. */
  deaf?: number | undefined;
}

export interface GrpcFrontOptions {
  /** Address of the REST server. */
  target: string;
  settings?: Settings;
  trouble?: GrpcFrontTrouble | undefined;
  /** Largest message that the server accepts, in bytes. */
  maxMessageBytes?: number;
}

/** A running server. */
export interface GrpcFront {
  url: string;
  /** Headers of the PostInputs requests. */
  requests: IncomingHttpHeaders[];
  /** Sizes of the messages that were read to their end. */
  messageBytes: number[];
  sessions: number;
  /** The faults of the requests to come. */
  trouble: GrpcFrontTrouble | undefined;
  /** Number of injected faults by type. */
  happened: Record<string, number>;
  close(): Promise<void>;
}

const ok = { code: 10000, description: "Ok" };
const unimplemented = 12;
const resourceExhausted = 8;

/** Starts a gRPC server before a REST server. */
export async function serveGrpc(options: GrpcFrontOptions): Promise<GrpcFront> {
  const server = createServer({ settings: options.settings ?? {} });
  const open = new Set<ServerHttp2Session>();
  const front: GrpcFront = {
    url: "",
    requests: [],
    messageBytes: [],
    sessions: 0,
    trouble: options.trouble,
    happened: {},
    close: async () => {},
  };
  server.on("session", (session) => {
    front.sessions += 1;
    open.add(session);
    session.on("error", () => undefined);
    session.on("close", () => open.delete(session));
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    handle(stream, headers, options, front).catch(() => stream.close(h2.NGHTTP2_INTERNAL_ERROR));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  front.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  front.close = async () => {
    for (const session of open) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return front;
}

async function handle(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders & { ":path"?: string },
  options: GrpcFrontOptions,
  front: GrpcFront,
): Promise<void> {
  if (headers[":path"] === "/clarifai.api.V2/GetStatusCode") {
    await bytesOf(stream);
    return answer(stream, statusCodeAnswer(ok));
  }
  if (headers[":path"] !== "/clarifai.api.V2/PostInputs") return fail(stream, unimplemented, "no such method");
  front.requests.push(headers);
  const receivedAt = performance.now();
  const count = front.requests.length;
  if (isDeaf(stream, front)) return;
  const fault = front.trouble?.fault?.(count);
  if (fault) front.happened[fault.type] = (front.happened[fault.type] ?? 0) + 1;
  if (fault && !(await reaches(stream, fault))) return;
  const framed = await bytesOf(stream);
  if (stream.destroyed) return;
  const { maxMessageBytes = Number.POSITIVE_INFINITY } = options;
  const bytes = framed.length - 5;
  if (framed[0] !== 0 || framed.readUInt32BE(1) !== bytes) throw new Error("the length of the message is wrong");
  if (bytes > maxMessageBytes) {
    return fail(stream, resourceExhausted, `Received message larger than max (${bytes} vs. ${maxMessageBytes})`);
  }
  front.messageBytes.push(bytes);
  const reply = await forward(options.target, framed.subarray(5), {
    authorization: headers.authorization ?? "",
    "x-received-at": String(receivedAt),
  });
  if (fault) await lose(stream, fault, reply);
  else await send(stream, reply);
}

/** Whether the server reads nothing of a request. Its session then has windows of size 0 for the later ones. */
function isDeaf(stream: ServerHttp2Stream, front: GrpcFront): boolean {
  const { deaf = 0 } = front.trouble ?? {};
  if (deaf === 0 || (front.requests.length * 0.618) % 1 >= deaf) return false;
  front.happened["closed window"] = (front.happened["closed window"] ?? 0) + 1;
  stream.session?.settings({ initialWindowSize: 0 });
  return true;
}

/** Carries out the fault of a request that is not processed. Returns whether the request is processed. */
async function reaches(stream: ServerHttp2Stream, fault: GrpcFault): Promise<boolean> {
  const { session } = stream;
  switch (fault.type) {
    case "goaway-refused":
      session?.goaway(h2.NGHTTP2_NO_ERROR, Math.max(0, (stream.id ?? 1) - 2));
      return false;
    case "refused":
      stream.close(h2.NGHTTP2_REFUSED_STREAM);
      return false;
    case "status":
      if (fault.processes) return true;
      if (!fault.early) await bytesOf(stream);
      fail(stream, fault.code, fault.message ?? "injected", fault.trailers);
      return false;
    case "goaway-error":
    case "reset":
    case "cut":
      if (fault.processes) return true;
      end(stream, fault);
      return false;
    default:
      return true;
  }
}

/** Carries out the fault of a request that was processed. */
async function lose(stream: ServerHttp2Stream, fault: GrpcFault, reply: Reply): Promise<void> {
  switch (fault.type) {
    case "goaway-graceful":
      stream.session?.goaway(h2.NGHTTP2_NO_ERROR);
      return send(stream, reply);
    case "lost-trailers":
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.end(fault.withMessage && reply.json ? framedMessage(inputsAnswer(reply.json)) : undefined);
      return;
    case "garbage":
      return answer(stream, Buffer.from("<html>"));
    case "slow":
      await wait(fault.ms);
      return send(stream, reply);
    case "status":
      return fail(stream, fault.code, fault.message ?? "injected", fault.trailers);
    default:
      return end(stream, fault as GrpcFault & { type: "reset" });
  }
}

function end(stream: ServerHttp2Stream, fault: GrpcFault & { type: "goaway-error" | "reset" | "cut" }): void {
  const code = fault.code ?? h2.NGHTTP2_INTERNAL_ERROR;
  if (fault.type === "reset") stream.close(code);
  else if (fault.type === "goaway-error") stream.session?.destroy(undefined, code);
  else stream.session?.socket.destroy();
}

interface Reply {
  /** Undefined if the REST server gave no readable answer. */
  json: Envelope | undefined;
  trailers: Record<string, string>;
  isLost: boolean;
}

async function forward(target: string, message: Buffer, headers: Record<string, string>): Promise<Reply> {
  const { userId, appId, body } = postedJson(message);
  const url = `${target}/v2/users/${encodeURIComponent(userId)}/apps/${encodeURIComponent(appId)}/inputs`;
  try {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    const trailers: Record<string, string> = {};
    for (const name of ["retry-after", "date", "x-sluice-store"]) {
      const value = response.headers.get(name);
      if (value !== null) trailers[name] = value;
    }
    const text = await response.text();
    return { json: parsed(text), trailers, isLost: false };
  } catch {
    return { json: undefined, trailers: {}, isLost: true };
  }
}

function parsed(text: string): Envelope | undefined {
  try {
    return JSON.parse(text) as Envelope;
  } catch {
    return undefined;
  }
}

async function send(stream: ServerHttp2Stream, { json, trailers, isLost }: Reply): Promise<void> {
  if (isLost) return stream.close(h2.NGHTTP2_INTERNAL_ERROR);
  return answer(stream, json ? inputsAnswer(json) : Buffer.from("<html>"), trailers);
}

function answer(stream: ServerHttp2Stream, message: Uint8Array, trailers: Record<string, string> = {}): void {
  if (stream.destroyed) return;
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers, "grpc-status": "0" }));
  stream.end(framedMessage(message));
}

/** Answers with a status of gRPC alone. */
function fail(stream: ServerHttp2Stream, code: number, message: string, trailers: Record<string, string> = {}): void {
  if (stream.destroyed) return;
  const head = { ":status": 200, "content-type": "application/grpc", ...trailers };
  stream.respond(
    { ...head, "grpc-status": String(code), "grpc-message": encodeURIComponent(message) },
    { endStream: true },
  );
}

function framedMessage(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

async function bytesOf(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

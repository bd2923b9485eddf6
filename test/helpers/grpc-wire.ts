/** Makes calls of gRPC with plain HTTP/2, so that a test sees each frame of the answer. */

import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import { ClarifaiStub } from "clarifai-nodejs-grpc";
import { onTestFinished } from "vitest";

/** The vendor's definition of a method. */
interface MethodDefinition {
  requestSerialize(request: object): Buffer;
}
const { service } = ClarifaiStub.insecureGrpc().constructor as unknown as { service: Record<string, MethodDefinition> };

/** What a client sees of one call. */
export interface Seen {
  headers: IncomingHttpHeaders | undefined;
  body: Buffer;
  trailers: IncomingHttpHeaders | undefined;
  /** Code of the reset, or 0. */
  reset: number;
  aborted: boolean;
}

export function openSession(url: string): ClientHttp2Session {
  const session = connect(url);
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}

/** Returns the message of a request of the platform's service, with its prefix. */
export function framed(method: string, request: object): Buffer {
  return frameOf(service[method]?.requestSerialize(request) ?? Buffer.alloc(0));
}

/** Returns a message with its prefix. */
export function frameOf(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

export function startCall(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
): ClientHttp2Stream {
  const head = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ...head, authorization: "Key any", ...headers });
  stream.on("error", () => {});
  return stream;
}

/** Makes one call of the platform's service, and resolves when its stream is closed. */
export function callRaw(session: ClientHttp2Session, method: string, request: object, headers = {}): Promise<Seen> {
  const stream = startCall(session, `/clarifai.api.V2/${method}`, headers);
  const seen = seenOf(stream);
  stream.end(framed(method, request));
  return seen;
}

/** Resolves with what was seen of a call when its stream is closed. */
export function seenOf(stream: ClientHttp2Stream): Promise<Seen> {
  const seen: Seen = { headers: undefined, body: Buffer.alloc(0), trailers: undefined, reset: 0, aborted: false };
  stream.once("response", (headers) => {
    seen.headers = headers;
  });
  stream.once("trailers", (trailers) => {
    seen.trailers = trailers;
  });
  stream.on("data", (chunk: Buffer) => {
    seen.body = Buffer.concat([seen.body, chunk]);
  });
  return new Promise((resolve) => {
    stream.once("close", () => resolve({ ...seen, reset: stream.rstCode ?? 0, aborted: stream.aborted }));
  });
}

/** Starts a small server of either wire for a transport: JSON over HTTP, or protobuf over gRPC. */

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";
import type { CallOptions } from "../../src/clarifai/client/call.js";
import { Transport } from "../../src/clarifai/client/transport.js";
import type { TransportOptions } from "../../src/clarifai/client/transport-options.js";
import { decodeStatusAnswer } from "../../src/clarifai/wire/protobuf/decode-answer.js";
import { statusCodeMessage } from "../../src/clarifai/wire/protobuf/grpc-wire.js";
import { statusCodeFrom } from "../../src/clarifai/wire/status-codes.js";
import type { Clock } from "../../src/core/net/clock.js";
import type { StatusJson } from "./http.js";
import { loadGrpc } from "./load-grpc.js";
import { statusCodeAnswer } from "./proto-messages.js";
import type { Wire } from "./store.js";

/** A clock whose waits pass at once; it adds them up. */
export function quickClock(): Clock & { waited: number[] } {
  let now = 0;
  const waited: number[] = [];
  return {
    waited,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waited.push(ms);
      now += ms;
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
}

/** One exchange with a test server of either wire. */
export interface Exchange {
  count: number;
  path: string;
  headers: IncomingHttpHeaders;
  /** Answers with a status of HTTP and JSON. gRPC carries both in one message; without a status in the JSON, it is UNAVAILABLE. */
  answer(http: number, json: unknown, headers?: Record<string, string>): void;
  /** Ends the connection without an answer. */
  cut(): void;
  /** Sends an answer that is not one of the API. */
  garbage(): void;
  /** Sends the beginning of an answer. */
  breakOff(): void;
  /** Sends an answer that never ends. */
  endless(): void;
}
type Answers = Omit<Exchange, "count" | "path" | "headers">;
type Handler = (exchange: Exchange) => void;

/** Starts a server of the wire. `call` sends a request of that wire. */
export async function serve(wire: Wire, handler: Handler, options: Partial<TransportOptions> = {}) {
  const sessions = new Set<ServerHttp2Session>();
  let count = 0;
  const server = wire === "rest" ? createServer() : createHttp2Server();
  server.on("session", (session: ServerHttp2Session) => sessions.add(session.on("error", () => undefined)));
  const respond = (request: Readable, path: string, headers: IncomingHttpHeaders, answers: Answers) => {
    request.on("error", () => undefined).resume();
    request.on("end", () => handler({ count: ++count, path, headers, ...answers }));
  };
  if (wire === "rest") {
    const listener = (request: IncomingMessage, response: ServerResponse) =>
      respond(request, request.url ?? "", request.headers, restAnswers(response));
    server.on("request", listener as () => void);
  } else {
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders & { ":path": string }) =>
      respond(stream, headers[":path"], headers, grpcAnswers(stream)),
    );
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const clock = quickClock();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { grpc } = loadGrpc(url, "secret-key", options.timeoutMs);
  const transport = new Transport({ baseUrl: url, pat: "secret-key", grpc, ...options }, clock);
  onTestFinished(async () => {
    await transport.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
    for (const session of sessions) session.destroy();
    server.close();
  });
  const call = (method: "GET" | "POST" | "PATCH", path: string, more: CallOptions = {}) => {
    const body = { ...statusCodeMessage(), rpc: { path, decode: decodeStatusAnswer } };
    return transport.call(method, path, wire === "rest" ? { json: {}, ...more } : { body, ...more });
  };
  return { transport, call, clock, requests: () => count };
}

function restAnswers(response: ServerResponse): Answers {
  return {
    answer: (http, json, headers = {}) =>
      response.writeHead(http, { "content-type": "application/json", ...headers }).end(JSON.stringify(json)),
    cut: () => response.destroy(),
    garbage: () => response.end("<html>gateway</html>"),
    breakOff: () => {
      response.writeHead(200, { "content-length": "5000" }).write('{"status":');
      setImmediate(() => response.destroy());
    },
    endless: () => {
      response.writeHead(200);
      pour(response);
    },
  };
}

function grpcAnswers(stream: ServerHttp2Stream): Answers {
  const head = { ":status": 200, "content-type": "application/grpc" };
  stream.on("error", () => undefined);
  return {
    answer: (_http, json, headers = {}) => {
      const { status } = json as { status?: StatusJson };
      if (!status) return stream.respond({ ...head, ...headers, "grpc-status": "14" }, { endStream: true });
      const message = statusCodeAnswer({ ...status, code: statusCodeFrom(status.code) ?? 0 });
      stream.respond(head, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ ...headers, "grpc-status": "0" }));
      stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
    },
    cut: () => stream.session?.destroy(),
    garbage: () => {
      stream.respond({ ":status": 200 });
      stream.end("<html>gateway</html>");
    },
    breakOff: () => {
      stream.respond(head);
      stream.write(Buffer.from([0, 0, 0, 9, 9]));
      setImmediate(() => stream.close(2));
    },
    endless: () => {
      stream.respond(head);
      pour(stream);
    },
  };
}

function pour(stream: Writable): void {
  const chunk = Buffer.alloc(1 << 20, 0x20);
  const more = () => {
    while (!stream.destroyed && stream.write(chunk));
  };
  stream.on("drain", more);
  more();
}

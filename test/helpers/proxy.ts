/** An HTTP proxy on loopback, which knows its own names of servers. */

import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface ProxyOptions {
  /** Servers by the names and ports under which clients ask for them: `{ "api.test:443": 8080 }`, with their ports on loopback. */
  servers: Record<string, number>;
  /** The only accepted `user:password`. Default: none is needed. */
  credentials?: string;
  /** HTTP status of the answer to each request. Default: the proxy does its work. */
  refuses?: number;
  /** Key and certificate, if the proxy itself speaks TLS. */
  tls?: { key: Buffer; cert: Buffer };
}

export interface TestProxy {
  port: number;
  /** `127.0.0.1:port` */
  host: string;
  /** What it was asked for: `CONNECT api.test:443`, `GET http://photos.test/a.jpg`. */
  asked: string[];
  /** The headers of these requests. */
  headers: IncomingMessage["headers"][];
}

/** Starts a proxy. It ends with the test. */
export async function startProxy({ servers, credentials, refuses, tls }: ProxyOptions): Promise<TestProxy> {
  const asked: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const sockets = new Set<Socket>();
  const expected = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;

  /** Records a request, and returns the status with which it is refused, or the port of its server. */
  const answerTo = (request: IncomingMessage, name: string): { status: number } | { port: number } => {
    asked.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    if (refuses !== undefined) return { status: refuses };
    if (expected && request.headers["proxy-authorization"] !== expected) return { status: 407 };
    const port = servers[name];
    return port === undefined ? { status: 502 } : { port };
  };
  const forward = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://not-absolute");
    const answer = answerTo(request, `${url.hostname}:${url.port || 80}`);
    if ("status" in answer) return response.writeHead(answer.status).end();
    const { "proxy-authorization": _, ...others } = request.headers;
    const path = `${url.pathname}${url.search}`;
    const onward = send({ port: answer.port, method: request.method, path, headers: others }, (received) => {
      response.writeHead(received.statusCode ?? 502, received.headers);
      received.pipe(response);
    });
    request.pipe(onward.on("error", () => response.destroy()));
  };
  const server = tls ? createTlsServer(tls, forward) : createServer(forward);
  server.on("connection", (socket: Socket) => void sockets.add(socket.on("error", () => undefined)));
  server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const answer = answerTo(request, request.url ?? "");
    socket.on("error", () => undefined);
    if ("status" in answer) return socket.end(`HTTP/1.1 ${answer.status} No\r\ncontent-length: 0\r\n\r\n`);
    const onward = connect(answer.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      if (head.length > 0) onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
    sockets.add(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return { port, host: `127.0.0.1:${port}`, asked, headers };
}

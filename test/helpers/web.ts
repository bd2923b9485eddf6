/** Starts a web server on loopback for tests of fetching. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";

export type Route = (response: ServerResponse, request: IncomingMessage) => void;

export interface Web {
  /** `http://127.0.0.1:port` */
  origin: string;
  port: number;
  /** The requested paths so far. */
  asked: string[];
  /** The number of open requests, and its maximum so far. */
  open: { now: number; most: number };
}

/** Serves the routes by path until the tests of the file end, and answers other paths with 404. */
export async function startWeb(routes: Record<string, Route>): Promise<Web> {
  const asked: string[] = [];
  const open = { now: 0, most: 0 };
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    asked.push(path);
    open.now += 1;
    open.most = Math.max(open.most, open.now);
    response.on("close", () => void (open.now -= 1));
    const route = routes[path.split("?")[0] ?? ""];
    if (route) route(response, request);
    else response.writeHead(404).end("not found");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, asked, open };
}

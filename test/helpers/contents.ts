/** Answers HTTP requests with content, whole or in part, correctly or with faults. */

import type { IncomingMessage, ServerResponse } from "node:http";

export interface Served {
  bytes: Buffer;
  etag?: string;
  headers?: Record<string, string>;
  /** When a part is sent for a Range header: if If-Range allows it, always, or never. Default: "if-range". */
  ranges?: "if-range" | "always" | "never";
  /** Cuts the connection after this many bytes of the answer. */
  cutAfter?: number;
  /** Sends no Content-Length. */
  chunked?: boolean;
  /** Refuses with this status. */
  status?: number;
}

/** The range and the condition of a request. */
export interface Asked {
  range: string | undefined;
  ifRange: string | undefined;
}

export function askedIn({ headers }: IncomingMessage): Asked {
  return { range: headers.range, ifRange: headers["if-range"] as string | undefined };
}

export function serve(request: IncomingMessage, response: ServerResponse, served: Served): void {
  if (served.status !== undefined) {
    response.writeHead(served.status).end();
    return;
  }
  const { bytes, etag, headers = {}, ranges = "if-range", cutAfter, chunked = false } = served;
  const { range, ifRange } = askedIn(request);
  const isCurrent = ranges === "always" || ifRange === undefined || ifRange === etag;
  const asked = ranges === "never" || !isCurrent ? undefined : /^bytes=(\d+)-$/.exec(range ?? "")?.[1];
  const start = Number(asked ?? 0);
  const always = { ...(etag === undefined ? {} : { etag }), ...headers };
  if (asked !== undefined && start >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}`, ...always }).end("no bytes left");
    return;
  }
  const part = bytes.subarray(start);
  response.writeHead(asked === undefined ? 200 : 206, {
    ...(chunked ? {} : { "content-length": part.length }),
    ...(asked === undefined ? {} : { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    ...always,
  });
  if (cutAfter === undefined) response.end(part);
  else response.write(part.subarray(0, cutAfter), () => setImmediate(() => response.socket?.destroy()));
}

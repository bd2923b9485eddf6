/** Serves the archives of exports. Their addresses cannot be guessed, so that, as for signed addresses, no key is needed. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { serveOriginal } from "../media/media-route.js";
import type { Fault } from "../server/faults.js";
import type { DatasetExports } from "./dataset-exports.js";

/** GET and HEAD /exports/{token}.zip */
export async function serveExport(
  request: IncomingMessage,
  response: ServerResponse,
  [name = ""]: readonly string[],
  exports: DatasetExports,
  faults: readonly Fault[],
): Promise<void> {
  const isRead = request.method === "GET" || request.method === "HEAD";
  const found = isRead ? exports.find(/^([0-9a-f]{48})\.zip$/.exec(name)?.[1] ?? "") : undefined;
  if (found?.sha256) {
    const path = exports.pathOf(found);
    return serveOriginal(request, response, { path, sha256: found.sha256, type: "application/zip", faults });
  }
  request.resume();
  if (!isRead) response.setHeader("allow", "GET, HEAD");
  response.writeHead(isRead ? 404 : 405, { "content-length": 0 }).end();
}

/** Returns the path of an archive. */
export function exportPath(token: string): string {
  return `/exports/${token}.zip`;
}

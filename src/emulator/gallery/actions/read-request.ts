/** Reads requests that change data. Only the gallery's own page can send them. */

import type { IncomingMessage } from "node:http";
import { isObject } from "../../../core/util/json/json-values.js";
import { drain } from "../../server/body.js";
import { ActionRefusal } from "./gallery-actions.js";

/** A selection of a million inputs fits. */
const maxBodyBytes = 12_000_000;

/**
 * Refuses a request that another page sent. A request with the session's header is never a simple one, so a browser asks before it sends one from
 * another origin, and the emulator refuses. This is the second lock: other ports of this machine are other origins, too.
 *
 * @throws {ActionRefusal} 403, 415
 */
export function checkOwnPage({ headers }: IncomingMessage): void {
  const { origin, host = "" } = headers;
  const site = headers["sec-fetch-site"];
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host.toLowerCase())) {
    throw new ActionRefusal(403, "another page sent this request");
  }
  if (site !== undefined && site !== "same-origin") throw new ActionRefusal(403, "another page sent this request");
  if (!/^application\/json(?:;|$)/i.test(headers["content-type"] ?? "")) {
    throw new ActionRefusal(415, "the body must be JSON, with the content type application/json");
  }
}

/** Reads a JSON body. @throws {ActionRefusal} 400, 413 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // If the loop ends early, the connection must stay open: the refusal is sent through it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes <= maxBodyBytes) continue;
    drain(request);
    throw new ActionRefusal(413, `the body has more than ${maxBodyBytes} bytes`);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    throw new ActionRefusal(400, "the body is not valid JSON");
  }
}

/** Parameters of an address that need no index: it knows the kind and the status of each input at once. */
const knownAtOnce = new Set(["app", "kind", "status"]);

/** Whether a selection depends on what is indexed later. */
export function needsIndex(body: unknown, parameters: URLSearchParams): boolean {
  return isObject(body) && body.all === true && [...parameters.keys()].some((name) => !knownAtOnce.has(name));
}

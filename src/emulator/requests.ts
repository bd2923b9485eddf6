/** Taking requests apart: who asks, for what, and with which body. */

import type { IncomingMessage } from "node:http";
import { limits } from "../core/limits.js";
import { BodyScanner } from "./body-scanner.js";
import { isObject, withSnakeKeys } from "./incoming.js";
import type { MediaWriter, StoredMedia } from "./media-files.js";
import type { JsonObject } from "./model.js";
import type { Services } from "./routes/context.js";
import { Refusal } from "./status.js";

/** A lone video at the limit of 128 MB is this long as base64, with room for its fields. */
const maxBodyBytes = Math.ceil(limits.maxItemBytes.video / 3) * 4 + 1_000_000;
/** A body without media is JSON in memory. */
const maxJsonBytes = limits.maxRequestBytes;

export function urlOf(request: IncomingMessage): URL {
  const { url = "/" } = request;
  return url.startsWith("/") ? new URL(`http://localhost${url}`) : new URL(url, "http://localhost");
}

/** The decoded parts of a path; undefined when it cannot be decoded. */
export function partsOf(pathname: string): string[] | undefined {
  try {
    return pathname
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

export interface Access {
  kind: "none" | "wrong" | "right";
  refusal?: Refusal;
}

export function accessOf(request: IncomingMessage, pat: string | undefined): Access {
  const { authorization } = request.headers;
  const session = request.headers["x-clarifai-session-token"];
  const key =
    /^(?:Key|Bearer)\s+(\S+)$/.exec(authorization ?? "")?.[1] ?? (typeof session === "string" ? session : undefined);
  if (key === undefined || key === "") {
    const details =
      authorization === undefined ? "the Authorization header is missing" : "the Authorization header is malformed";
    return { kind: "none", refusal: new Refusal(11102, details, 401) };
  }
  if (pat !== undefined && key !== pat) return { kind: "wrong", refusal: new Refusal(11009, "invalid key") };
  return { kind: "right" };
}

/** The app of a short path: from the body, the query, or the default one. */
export function namedApp(body: JsonObject, query: URLSearchParams): [string, string] {
  const given = isObject(body.user_app_id) ? body.user_app_id : {};
  const user = given.user_id ?? query.get("user_app_id.user_id") ?? "me";
  const app = given.app_id ?? query.get("user_app_id.app_id") ?? "main";
  return [String(user), String(app)];
}

export interface Body {
  json: JsonObject;
  bytes: number;
  media: (placeholder: string) => StoredMedia | undefined;
  /** Lets go of the media; those that no input took are deleted. */
  release(): void;
}

/** Reads a body as it arrives: media go to files, the rest is parsed. */
export async function readBody(request: IncomingMessage, { files, store }: Services): Promise<Body> {
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge();
  const stored: StoredMedia[] = [];
  let storedBytes = 0;
  let writer: MediaWriter | undefined;
  const scanner = new BodyScanner(() => {
    const current = files.create();
    writer = current;
    return {
      write: (bytes) => current.write(bytes),
      end: (valid) => {
        stored.push(current.finish(valid));
        storedBytes += current.sizeBytes;
        writer = undefined;
        return `media:${stored.length - 1}`;
      },
    };
  });
  const release = () => files.release(stored.splice(0), (sha256) => store.usesMedia(sha256));
  let bytes = 0;
  try {
    // The connection stays open when this loop is left early: the refusal has to go through it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      const mediaBytes = storedBytes + (writer?.sizeBytes ?? 0);
      if (bytes > maxBodyBytes || bytes - mediaBytes * 1.5 > maxJsonBytes) throw tooLarge();
      scanner.write(chunk);
    }
    const json = bytes === 0 ? {} : withSnakeKeys(scanner.end());
    if (!isObject(json)) throw new Refusal(11100, "the body must be a JSON object");
    const media = (placeholder: string) => stored[Number(/^media:(\d+)$/.exec(placeholder)?.[1] ?? -1)];
    return { json, bytes, media, release };
  } catch (error) {
    writer?.discard();
    release();
    if (error instanceof SyntaxError) throw new Refusal(11100, "the body is not valid JSON");
    throw error;
  }
}

function tooLarge(): Refusal {
  return new Refusal(40033, `the request must have less than ${limits.maxRequestBytes} bytes`);
}

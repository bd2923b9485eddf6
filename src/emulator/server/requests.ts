/** Taking requests apart: who asks, for what, and with which body. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { limits } from "../../clarifai/limits.js";
import { isLoopbackHost } from "../../core/net/guarded-fetch.js";
import type { MediaWriter, StoredMedia } from "../media/media-files.js";
import type { Services } from "../routes/context.js";
import type { Json, JsonObject } from "../store/model.js";
import { BodyScanner } from "./body-scanner.js";
import { checkId, isObject } from "./incoming.js";
import { Refusal } from "./status.js";

/** A lone video at the limit of 128 MB is this long as base64, with room for its fields. */
const maxBodyBytes = Math.ceil(limits.maxItemBytes.video / 3) * 4 + 1_000_000;
/** A body without media is JSON in memory. */
const maxJsonBytes = limits.maxRequestBytes;

/** What a request asks for. */
export interface Address {
  pathname: string;
  searchParams: URLSearchParams;
}

/** Address of the server under the name that the client calls it by: under another one its key would not go along to the media. */
export function baseOf({ headers: { host = "" }, socket }: IncomingMessage): string {
  if (/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?$/.test(host)) return `http://${host}`;
  const { localAddress = "127.0.0.1", localPort } = socket;
  return `http://${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** Path and query as they were sent. The path is not put in order: what its dots lead to is not what was asked for. */
export function addressOf(request: IncomingMessage): Address {
  const { url = "/" } = request;
  const [, pathname = "/", query = ""] = /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)\??([^#]*)/i.exec(url) ?? [];
  return { pathname, searchParams: new URLSearchParams(query) };
}

/** The decoded parts of a path; undefined when it cannot be decoded, or has parts that are no names. */
export function partsOf(pathname: string): string[] | undefined {
  try {
    const parts = pathname
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
    return parts.some((part) => /^\.\.?$|\p{Cc}/u.test(part)) ? undefined : parts;
  } catch {
    return undefined;
  }
}

/** An app by its user and its own id. */
export interface AppName {
  userId: string;
  appId: string;
}

export interface Credentials {
  /** The one good key of a user; undefined: any that is not empty. */
  pat: string | undefined;
  /** Keys that are good for one app only. */
  appKeys: Readonly<Record<string, AppName>>;
}

/**
 * Why a request is none of a program of the user: a page of some site, which a browser loaded, has sent it. Pages cannot read answers without
 * leave, and cannot send a key; but a name of theirs may be looked up to this machine, and then they can do both.
 */
export function strangerOf({ headers }: IncomingMessage, host: string): string | undefined {
  const asked = headers.host === undefined ? undefined : hostnameOf(`http://${headers.host}`);
  if (isLoopbackHost(host) && headers.host !== undefined && !isLoopbackHost(asked ?? "")) {
    return `the store is not known as "${headers.host}"`;
  }
  if (headers.origin === undefined) return undefined;
  const origin = hostnameOf(headers.origin);
  if (origin !== undefined && (isLoopbackHost(origin) || (origin === asked && !isLoopbackHost(host)))) return undefined;
  return `pages of "${headers.origin}" have no access`;
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname || undefined : undefined;
}

export interface Access {
  kind: "none" | "wrong" | "right";
  refusal?: Refusal;
  /** The app that the key is limited to. */
  app?: AppName | undefined;
}

/** Who asks: by the header of a key or of a session; media are also given to cookies, as browsers send them. */
export function accessOf(request: IncomingMessage, { pat, appKeys }: Credentials, withCookies = false): Access {
  const { authorization } = request.headers;
  const session = request.headers["x-clarifai-session-token"];
  const cookie = withCookies
    ? /(?:^|;\s*)(?:x_clarifai_session_token|x-clarifai-api-key)=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]
    : undefined;
  const key =
    /^(?:Key|Bearer)\s+(\S+)$/.exec(authorization ?? "")?.[1] ?? (typeof session === "string" ? session : cookie);
  if (key === undefined || key === "") {
    const details =
      authorization === undefined ? "the Authorization header is missing" : "the Authorization header is malformed";
    return { kind: "none", refusal: new Refusal(11102, details, 401) };
  }
  const app = Object.hasOwn(appKeys, key) ? appKeys[key] : undefined;
  if (!app && pat !== undefined && !isSame(key, pat)) {
    return { kind: "wrong", refusal: new Refusal(11009, "invalid key") };
  }
  return { kind: "right", app };
}

/** Compares in the same time, whatever is the same; digests, since lengths tell too. */
function isSame(key: string, pat: string): boolean {
  const [one, other] = [key, pat].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(one as Buffer, other as Buffer);
}

/** The app of a short path: from the body, the parameters, the key, or the default one. */
export function namedApp(body: JsonObject, parameters: JsonObject, access: Access): AppName {
  const given = { ...asObject(parameters.user_app_id), ...asObject(body.user_app_id) };
  const { userId, appId } = access.app ?? { userId: "me", appId: "main" };
  return {
    userId: checkId("user_id", String(given.user_id ?? userId)),
    appId: checkId("app_id", String(given.app_id ?? appId)),
  };
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** A prefix that the client wants its request ids to have. */
export function idPrefixOf(request: IncomingMessage): string {
  const prefix = request.headers["x-clarifai-request-id-prefix"];
  return typeof prefix === "string" && /^[\w.-]{1,64}$/.test(prefix) ? `${prefix}-` : "";
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
    const json = bytes === 0 ? {} : scanner.end();
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

/** Lets the rest of a refused body pass, so that its sender gets to read the answer; a body without end is cut. */
export function drain(request: IncomingMessage): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) request.destroy();
  });
}

function tooLarge(): Refusal {
  return new Refusal(40033, `the request must have less than ${limits.maxRequestBytes} bytes`);
}

/** The head of a request: its address, its origin and its credentials. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isLoopbackHost } from "../../core/net/addresses.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { checkId } from "../wire/ids.js";
import { objectIn } from "../wire/lenient-json.js";
import { invalidRequest, Refusal } from "../wire/refusals.js";

/** Path and query of a request. */
export interface Address {
  pathname: string;
  searchParams: URLSearchParams;
}

/** An app, by its user and its own id. */
export interface AppName {
  userId: string;
  appId: string;
}

export interface Credentials {
  /** The one valid key. Undefined: any key that is not empty. */
  pat: string | undefined;
  /** Keys that are valid for one app each. */
  appKeys: Readonly<Record<string, AppName>>;
}

/** The access that a request has by its key. */
export interface Access {
  key: "missing" | "wrong" | "valid";
  refusal?: Refusal;
  /** The app that the key is limited to. */
  app?: AppName | undefined;
}

/** Returns the address of the server under the name that the client uses: clients send their key to the media only under the same name. */
export function baseOf({ headers: { host = "" }, socket }: IncomingMessage): string {
  if (/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?$/.test(host)) return `http://${host}`;
  const { localAddress = "127.0.0.1", localPort } = socket;
  return `http://${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** Returns path and query as they were sent. Dots in the path are not resolved, because they could lead to another path. */
export function addressOf(request: IncomingMessage): Address {
  const { url = "/" } = request;
  const [, pathname = "/", query = ""] = /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)\??([^#]*)/i.exec(url) ?? [];
  return { pathname, searchParams: new URLSearchParams(query) };
}

/** Returns the decoded parts of a path. Undefined: it cannot be decoded, or a part is "." or "..", or has a control character. */
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

/**
 * Says why the origin of a request is untrusted: a page of another site, which a browser loaded, sent it. Undefined: the request is trusted.
 *
 * Such a page cannot read answers, and cannot send a key, as long as its origin differs. With a host name that resolves to this machine (DNS
 * rebinding) it could do both, so a request for an unknown host name is refused, too.
 */
export function untrustedOrigin({ headers }: Pick<IncomingMessage, "headers">, host: string): string | undefined {
  const requestedHost = headers.host === undefined ? undefined : hostnameOf(`http://${headers.host}`);
  if (isLoopbackHost(host) && headers.host !== undefined && !isLoopbackHost(requestedHost ?? "")) {
    return `the emulator does not answer requests for the host "${headers.host}"; use 127.0.0.1 or localhost`;
  }
  if (headers.origin === undefined) return undefined;
  const origin = hostnameOf(headers.origin);
  const isOwnPage = origin === requestedHost && !isLoopbackHost(host);
  if (origin !== undefined && (isLoopbackHost(origin) || isOwnPage)) return undefined;
  return `pages of "${headers.origin}" have no access to the emulator`;
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname || undefined : undefined;
}

/** Checks the key of a request: in a header, or (for media, which browsers load without headers) in a cookie. */
export function accessOf(
  request: Pick<IncomingMessage, "headers">,
  { pat, appKeys }: Credentials,
  withCookies = false,
): Access {
  const key = keyOf(request, withCookies);
  if (key === undefined || key === "") {
    const problem = request.headers.authorization === undefined ? "missing" : "malformed";
    const details = `the Authorization header is ${problem}`;
    return { key: "missing", refusal: invalidRequest(details, 401) };
  }
  const app = Object.hasOwn(appKeys, key) ? appKeys[key] : undefined;
  if (!app && pat !== undefined && !isSame(key, pat)) {
    return { key: "wrong", refusal: new Refusal(statusCodes.CONN_KEY_NOT_FOUND, "invalid key") };
  }
  return { key: "valid", app };
}

function keyOf({ headers }: Pick<IncomingMessage, "headers">, withCookies: boolean): string | undefined {
  const inHeader = /^(?:Key|Bearer)\s+(\S+)$/.exec(headers.authorization ?? "")?.[1];
  if (inHeader !== undefined) return inHeader;
  const session = headers["x-clarifai-session-token"];
  if (typeof session === "string") return session;
  if (!withCookies) return undefined;
  return /(?:^|;\s*)(?:x_clarifai_session_token|x-clarifai-api-key)=([^;]+)/.exec(headers.cookie ?? "")?.[1];
}

/** Compares two keys in constant time. Digests are compared, because the time would also reveal the length. */
function isSame(key: string, pat: string): boolean {
  const [one, other] = [key, pat].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(one as Buffer, other as Buffer);
}

/** Returns the app of a request whose path does not name it: from the body, the parameters, the key, or the default app. */
export function namedApp(body: JsonObject, parameters: JsonObject, access: Access): AppName {
  const named = { ...objectIn(parameters.user_app_id), ...objectIn(body.user_app_id) };
  const { userId, appId } = access.app ?? { userId: "me", appId: "main" };
  return {
    userId: checkId("user_id", String(named.user_id ?? userId)),
    appId: checkId("app_id", String(named.app_id ?? appId)),
  };
}

/** Returns the prefix that the client asks for in its request ids. */
export function idPrefixOf(request: Pick<IncomingMessage, "headers">): string {
  const prefix = request.headers["x-clarifai-request-id-prefix"];
  return typeof prefix === "string" && /^[\w.-]{1,64}$/.test(prefix) ? `${prefix}-` : "";
}

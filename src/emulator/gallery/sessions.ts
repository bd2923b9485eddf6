/** Access to the gallery: links that work once, and the sessions that they open. */

import { createHash, randomBytes } from "node:crypto";
import type { AppName } from "../server/requests.js";

export interface Session {
  /** Authorizes requests, in a header. */
  token: string;
  /** Authorizes pictures and media, which browsers load without headers, in the address. */
  access: string;
  /** The one app that the session can show. Undefined: all apps. */
  app: AppName | undefined;
}

/** If there are more, the oldest are dropped. */
const maxLinks = 100;
const maxSessions = 1000;

/**
 * Issues links and sessions. A session lasts as long as the emulator runs.
 *
 * Sessions do not use cookies, because a browser sends cookies to all ports of a host, so also to the servers of other programs.
 */
export class Sessions {
  readonly #links = new Set<string>();
  readonly #sessions = new Map<string, Session>();

  /** Makes a link that opens one session. */
  link(): string {
    const link = newToken();
    this.#links.add(digestOf(link));
    dropOldest(this.#links, maxLinks);
    return link;
  }

  /** Opens the session of a link. The link then no longer works. */
  openByLink(link: string): Session | undefined {
    return this.#links.delete(digestOf(link)) ? this.open(undefined) : undefined;
  }

  /** Opens a session for one app or for all apps. */
  open(app: AppName | undefined): Session {
    const session = { token: newToken(), access: newToken(), app };
    this.#sessions.set(digestOf(session.token), session);
    this.#sessions.set(digestOf(session.access), session);
    dropOldest(this.#sessions, maxSessions * 2);
    return session;
  }

  /** Returns the session of a token. */
  byToken(token: unknown): Session | undefined {
    return this.#find(token, "token");
  }

  /** Returns the session of an access value. */
  byAccess(access: unknown): Session | undefined {
    return this.#find(access, "access");
  }

  /** Finds a session by a digest of the value, so that the time of the lookup reveals nothing about the value. */
  #find(value: unknown, which: "token" | "access"): Session | undefined {
    if (typeof value !== "string") return undefined;
    const session = this.#sessions.get(digestOf(value));
    return session?.[which] === value ? session : undefined;
  }
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

function dropOldest(entries: Set<string> | Map<string, unknown>, maxSize: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= maxSize) return;
    entries.delete(key);
  }
}

/** Who may look at the gallery: links that are good once, and the sessions that they open. */

import { createHash, randomBytes } from "node:crypto";
import type { AppName } from "../server/requests.js";

export interface Session {
  token: string;
  /** For the addresses of pictures, which carry no header. */
  access: string;
  /** The one app that may be seen; undefined: all. */
  app: AppName | undefined;
}

/** The oldest ones give way. */
const maxLinks = 100;
const maxSessions = 1000;

/**
 * Sessions last as long as the store runs. They are no cookies: a browser sends those to every port of a machine, also to the servers of others.
 */
export class Sessions {
  readonly #links = new Set<string>();
  readonly #sessions = new Map<string, Session>();

  /** What opens one session, once. */
  link(): string {
    const link = newToken();
    this.#links.add(digestOf(link));
    dropOldest(this.#links, maxLinks);
    return link;
  }

  /** The session of a link, which is used up by it. */
  openByLink(link: string): Session | undefined {
    return this.#links.delete(digestOf(link)) ? this.open(undefined) : undefined;
  }

  open(app: AppName | undefined): Session {
    const session = { token: newToken(), access: newToken(), app };
    this.#sessions.set(digestOf(session.token), session);
    this.#sessions.set(digestOf(session.access), session);
    dropOldest(this.#sessions, maxSessions * 2);
    return session;
  }

  byToken(token: unknown): Session | undefined {
    return this.#find(token, "token");
  }

  byAccess(access: unknown): Session | undefined {
    return this.#find(access, "access");
  }

  /** Looked up by a digest, whose place in memory tells nothing of what was guessed right. */
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

function dropOldest(entries: Set<string> | Map<string, unknown>, most: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= most) return;
    entries.delete(key);
  }
}

/** HTTP/2 sessions with one server: opened on first use, replaced when the server ends one, and closed when idle. */

import { type ClientHttp2Session, connect } from "node:http2";

/** Longest time to make a connection, in milliseconds. */
const connectTimeoutMs = 10_000;
/** A session without requests is closed after this time, in milliseconds. */
const idleMs = 10_000;
/** Megabytes that a session may hold: each open request has one chunk in it. Node.js refuses streams beyond 10. */
const maxSessionMemory = 64;

/** The sessions with one server. */
export class Sessions {
  readonly #origin: string;
  /** The session of new requests. */
  #current: Promise<ClientHttp2Session> | undefined;
  /** All sessions with their open requests. */
  readonly #open = new Map<ClientHttp2Session, { requests: number; idle?: NodeJS.Timeout | undefined }>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Returns a connected session, and counts a request in it. @throws the error of the connection, before anything is sent */
  async acquire(): Promise<ClientHttp2Session> {
    for (;;) {
      this.#current ??= this.#connect();
      const current = this.#current;
      const session = await current;
      if (session.closed || session.destroyed) {
        if (this.#current === current) this.#current = undefined; // it ended while this request waited
        continue;
      }
      const entry = this.#open.get(session);
      if (!entry) continue;
      entry.requests += 1;
      clearTimeout(entry.idle);
      session.ref();
      return session;
    }
  }

  /** Ends a request. The last one of a session that gets no new ones closes it. */
  release(session: ClientHttp2Session): void {
    const entry = this.#open.get(session);
    if (!entry) return;
    entry.requests -= 1;
    if (entry.requests > 0) return;
    if (session.closed) {
      session.destroy(); // its goodbye would wait for a peer that may be gone
      return;
    }
    session.unref(); // an idle connection does not keep the process alive
    entry.idle = setTimeout(() => session.close(), idleMs).unref();
  }

  /** Gives new requests another session: this one, or its server, has stalled. Its open requests continue. */
  retire(session: ClientHttp2Session): void {
    if (!this.#open.has(session)) return;
    this.#current = undefined;
    session.close();
  }

  /** Closes all sessions at once. */
  async close(): Promise<void> {
    this.#current = undefined;
    for (const session of this.#open.keys()) session.destroy();
  }

  #connect(): Promise<ClientHttp2Session> {
    const connecting = new Promise<ClientHttp2Session>((resolve, reject) => {
      const session = connect(this.#origin, { maxSessionMemory });
      const late = setTimeout(() => {
        const text = `no connection within ${connectTimeoutMs} ms`;
        session.destroy(Object.assign(new Error(text), { code: "ERR_CONNECT_TIMEOUT" }));
      }, connectTimeoutMs);
      session.on("error", reject); // later errors reach the requests
      // The settings of the server prove that it speaks HTTP/2, and bound the first request.
      session.once("remoteSettings", () => {
        clearTimeout(late);
        this.#open.set(session, { requests: 0 });
        resolve(session);
      });
      const forget = () => {
        clearTimeout(late);
        clearTimeout(this.#open.get(session)?.idle);
        if (this.#current === connecting) this.#current = undefined;
      };
      session.once("goaway", forget); // new requests go to a new session
      session.once("close", () => {
        forget();
        this.#open.delete(session);
        reject(new Error("the connection ended"));
      });
    });
    connecting.catch(() => {
      if (this.#current === connecting) this.#current = undefined;
    });
    return connecting;
  }
}

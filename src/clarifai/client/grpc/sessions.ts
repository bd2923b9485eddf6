/** HTTP/2 sessions with one server: opened on first use, replaced when the server ends one, and closed when idle. */

import { type ClientHttp2Session, connect } from "node:http2";

/** Longest time to make a connection, in milliseconds. */
const connectTimeoutMs = 10_000;
/** A session without requests is closed after this time, in milliseconds. */
const idleMs = 10_000;
/** Megabytes that a session may hold: each open request has one chunk in it. Node.js refuses streams beyond 10. */
const maxSessionMemory = 64;

/** A session with its open requests. */
interface Entry {
  session: ClientHttp2Session;
  requests: number;
  idle?: NodeJS.Timeout | undefined;
}

/** The sessions with one server. */
export class Sessions {
  readonly #origin: string;
  /** The session of new requests. */
  #current: Promise<Entry> | undefined;
  readonly #entries = new Map<ClientHttp2Session, Entry>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Returns a connected session, and counts a request in it. @throws the error of the connection, before anything is sent */
  async acquire(): Promise<ClientHttp2Session> {
    for (;;) {
      this.#current ??= this.#connect();
      const current = this.#current;
      const entry = await current;
      const { session } = entry;
      if (session.closed || session.destroyed) {
        if (this.#current === current) this.#current = undefined; // it ended while this request waited
        continue;
      }
      entry.requests += 1;
      clearTimeout(entry.idle);
      session.ref();
      return session;
    }
  }

  /** Ends a request. The last one of a session that gets no new ones closes it. */
  release(session: ClientHttp2Session): void {
    const entry = this.#entries.get(session);
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
    if (this.#entries.has(session)) session.close();
  }

  /** Closes all sessions at once. */
  async close(): Promise<void> {
    for (const session of this.#entries.keys()) session.destroy();
  }

  #connect(): Promise<Entry> {
    const session = connect(this.#origin, { maxSessionMemory });
    const entry: Entry = { session, requests: 0 };
    this.#entries.set(session, entry);
    const connecting = new Promise<Entry>((resolve, reject) => {
      const late = setTimeout(() => {
        session.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
      }, connectTimeoutMs);
      const forget = () => {
        clearTimeout(late);
        if (this.#current === connecting) this.#current = undefined;
      };
      session.on("error", reject); // later errors reach the requests
      // The settings of the server prove that it speaks HTTP/2, and bound the first request.
      session.once("remoteSettings", () => {
        clearTimeout(late);
        resolve(entry);
      });
      session.once("goaway", forget); // new requests go to a new session
      session.once("close", () => {
        forget();
        clearTimeout(entry.idle);
        this.#entries.delete(session);
        reject(new Error("the connection ended"));
      });
    });
    connecting.catch(() => undefined); // each request that waits for it gets its error
    return connecting;
  }
}

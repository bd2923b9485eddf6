/** HTTP/2 sessions with one server: each request has one of its own, which the next request may use again. */

import { type ClientHttp2Session, connect } from "node:http2";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { nameOfHost } from "../../../core/net/addresses.js";
import type { Network } from "../../../core/net/network.js";

/** Longest time to make a connection, in milliseconds. */
const connectTimeoutMs = 10_000;
/** A session without a request is closed after this time, in milliseconds. */
const idleMs = 10_000;

/**
 * The sessions with one server. Requests do not share a session: many servers let a connection send only 64 KB ahead of their reading, which is too little for
 * all requests of a long link, and a request that stalls would stall the others.
 */
export class Sessions {
  readonly #origin: string;
  readonly #network: Network | undefined;
  /** Sessions without a request, with the timers that close them; the last one was used last. */
  readonly #idle = new Map<ClientHttp2Session, NodeJS.Timeout>();
  readonly #open = new Set<ClientHttp2Session>();
  readonly #roundTrips = new WeakMap<ClientHttp2Session, number>();
  #closed = false;

  constructor(origin: string, network?: Network) {
    this.#origin = origin;
    this.#network = network;
  }

  /** Returns a connected session for one request. @throws the error of the connection, before anything is sent */
  async acquire(): Promise<ClientHttp2Session> {
    for (const [session, timer] of [...this.#idle].reverse()) {
      this.#idle.delete(session);
      clearTimeout(timer);
      if (session.closed || session.destroyed) continue;
      session.ref();
      return session;
    }
    const tunnel = await this.#tunnel();
    if (tunnel && this.#closed) {
      tunnel.destroy();
      throw new Error("the connection was closed");
    }
    return this.#connect(tunnel);
  }

  /** Time to the server and back, in milliseconds, which was measured when the session began; undefined until then. */
  roundTripMs(session: ClientHttp2Session): number | undefined {
    return this.#roundTrips.get(session);
  }

  /** Ends the request of a session, which another request can then use. */
  release(session: ClientHttp2Session): void {
    if (session.destroyed) return;
    if (session.closed || this.#closed) {
      session.destroy(); // its goodbye would wait for a peer that may be gone
      return;
    }
    session.unref(); // an idle connection does not keep the process alive
    this.#idle.set(session, setTimeout(() => session.close(), idleMs).unref());
  }

  /** Gives no further request to a session: it has stalled. */
  retire(session: ClientHttp2Session): void {
    if (!session.destroyed) session.close();
  }

  /** Closes all sessions at once. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of this.#open) session.destroy();
  }

  /** Opens a tunnel if the server has a proxy. @throws {ProxyError} */
  async #tunnel(): Promise<Duplex | undefined> {
    const server = new URL(this.#origin);
    const proxy = this.#network?.proxyFor(server);
    if (!proxy) return undefined;
    const { openTunnel } = await import("../../../core/net/proxy/tunnel.js");
    const { secureContext } = this.#network ?? {};
    const socket = await openTunnel(proxy, server, secureContext);
    if (server.protocol === "http:") return socket;
    const servername = isIP(nameOfHost(server.hostname)) === 0 ? server.hostname : undefined;
    return connectTls({ socket, secureContext, servername, host: server.hostname, ALPNProtocols: ["h2"] });
  }

  #connect(tunnel: Duplex | undefined): Promise<ClientHttp2Session> {
    return new Promise((resolve, reject) => {
      const session = connect(this.#origin, {
        secureContext: this.#network?.secureContext,
        ...(tunnel && { createConnection: () => tunnel }),
      });
      this.#open.add(session);
      const late = setTimeout(() => {
        session.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
      }, connectTimeoutMs);
      session.on("error", reject); // later errors reach the requests
      // The settings of the server prove that it speaks HTTP/2, and bound the first request.
      session.once("remoteSettings", () => {
        clearTimeout(late);
        session.ping((error, ms) => error ?? this.#roundTrips.set(session, ms));
        resolve(session);
      });
      session.once("goaway", () => session.close()); // its request may still end
      session.once("close", () => {
        clearTimeout(late);
        clearTimeout(this.#idle.get(session));
        this.#idle.delete(session);
        this.#open.delete(session);
        reject(new Error("the connection ended"));
      });
    });
  }
}

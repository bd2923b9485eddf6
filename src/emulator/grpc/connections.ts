/** The open connections of the gRPC server. */

import type { Http2Server, Http2Session } from "node:http2";
import type { Socket } from "node:net";

export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #socketOf = new Map<Http2Session, Socket>();
  /** Sessions that take no new calls. */
  readonly #leaving = new WeakSet<Http2Session>();

  /** Follows the connections of a server. */
  constructor(server: Http2Server) {
    let newest: Socket | undefined;
    // Runs before Node creates the session. The session itself hides how to destroy its socket.
    server.prependListener("connection", (socket: Socket) => {
      newest = socket;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("session", (session) => {
      this.#socketOf.set(session, newest as Socket);
      session.once("close", () => this.#socketOf.delete(session));
    });
  }

  /** Cuts the connection of a session without a word. */
  cut(session: Http2Session | undefined): void {
    if (session) this.#socketOf.get(session)?.destroy();
  }

  /** Sends GOAWAY, and refuses the calls that arrive from now on. The connection closes when its calls have ended. */
  leave(session: Http2Session | undefined): void {
    if (!session || session.closed) return;
    this.#leaving.add(session);
    session.close();
  }

  /** Whether a session refuses new calls. */
  isLeaving(session: Http2Session | undefined): boolean {
    return session === undefined || this.#leaving.has(session);
  }

  /** Lets calls end, and then cuts the connections that are still open. */
  close(timeoutMs: number): NodeJS.Timeout {
    for (const session of this.#socketOf.keys()) session.close();
    return setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, timeoutMs);
  }
}

/** The lease of a worker: how long ago it proved to the NATS server that it is alive. */

import type { NatsServer } from "../nats-server.js";

/** A point in time, by two clocks: one jumps when it is set, and the other may stand still while a laptop sleeps. */
export interface Moment {
  wall: number;
  monotonic: number;
}

/** The share of `ackWaitMs` after which a worker no longer trusts that its inputs are still its own. */
const trustedShare = 0.8;

/**
 * Measures round trips to the server. The server sends a message to another worker only if this worker was silent for `ackWaitMs`, so within that time
 * after a round trip, an input is certainly its own. A worker that was stopped in between is not sure of anything, however soon it continues.
 */
export class Lease {
  readonly #nats: NatsServer;
  readonly #trustedMs: number;
  #provedAt = now();

  constructor(nats: NatsServer, ackWaitMs: number) {
    this.#nats = nats;
    this.#trustedMs = ackWaitMs * trustedShare;
  }

  /** The start of the last round trip. What the worker has received since then was delivered since then. */
  get provedAt(): Moment {
    return this.#provedAt;
  }

  /** Makes a round trip after `send`. Returns its start. */
  async prove(send: () => void): Promise<Moment> {
    const startedAt = now();
    send();
    await this.#nats.connection.flush();
    // Messages that arrived before the answer may still wait to be added, and were delivered before this proof.
    await new Promise((resolve) => setImmediate(resolve));
    this.#provedAt = startedAt;
    return startedAt;
  }

  isTrusted(since: Moment): boolean {
    const elapsed = Math.max(Date.now() - since.wall, performance.now() - since.monotonic);
    return elapsed < this.#trustedMs;
  }
}

function now(): Moment {
  return { wall: Date.now(), monotonic: performance.now() };
}

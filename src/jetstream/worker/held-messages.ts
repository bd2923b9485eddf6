/** The messages that a worker has received and not answered. Keeps them alive, and knows which of them are certainly its own. */

import type { JsMsg } from "@nats-io/jetstream";
import type { SourceItem } from "../../core/plugin/source.js";
import type { NatsServer } from "../nats-server.js";
import type { Revision } from "./claims.js";
import { groupSizeAfter } from "./isolation.js";
import { Lease, type Moment } from "./lease.js";

/** A message without an answer. */
export interface Held {
  /** Its newest delivery: the server accepts no answer to an older one. */
  message: JsMsg;
  delivery: number;
  /** When the worker last proved that it has the message. */
  provedAt: Moment;
  /** Whether another worker may have received the message in the meantime. */
  isDoubtful: boolean;
  /** The claim of this delivery. A first delivery has none. */
  claimed: Revision;
  /** Settles when a redelivery is claimed. */
  claiming: Promise<SourceItem | undefined> | undefined;
  /** The item of an input that waits to be processed in a small group or alone. */
  waiting: SourceItem | undefined;
}

const unclaimed: Revision = { claim: undefined, revision: 0 };

/** Holds the messages of one worker by their sequence on the stream. */
export class HeldMessages {
  readonly #lease: Lease;
  readonly #bySequence = new Map<number, Held>();
  readonly #keepAlive: NodeJS.Timeout;

  constructor(nats: NatsServer, ackWaitMs: number) {
    this.#lease = new Lease(nats, ackWaitMs);
    const keepAlive = () => void this.#prove().catch(() => undefined); // without a connection, the messages become doubtful
    this.#keepAlive = setInterval(keepAlive, Math.max(ackWaitMs / 3, 100)).unref();
  }

  get size(): number {
    return this.#bySequence.size;
  }

  /** Number of inputs that wait to be processed in a small group or alone. */
  get waiting(): number {
    let count = 0;
    for (const { waiting } of this.#bySequence.values()) if (waiting) count += 1;
    return count;
  }

  get(sequence: number): Held | undefined {
    return this.#bySequence.get(sequence);
  }

  delete(sequence: number): void {
    this.#bySequence.delete(sequence);
  }

  /** Adds a message, or the newest delivery of a message that it holds already. */
  add(message: JsMsg): { held: Held; isKnown: boolean } {
    const { seq: sequence, info } = message;
    const newest = { message, delivery: info.deliveryCount, provedAt: this.#lease.provedAt };
    const known = this.#bySequence.get(sequence);
    if (known) return { held: Object.assign(known, newest), isKnown: true };
    const held = { ...newest, isDoubtful: false, claimed: unclaimed, claiming: undefined, waiting: undefined };
    this.#bySequence.set(sequence, held);
    return { held, isKnown: false };
  }

  /** Whether no other worker can have received the message in the meantime. */
  isOwn(held: Held): boolean {
    held.isDoubtful ||= !this.#lease.isTrusted(held.provedAt);
    return !held.isDoubtful;
  }

  /** Returns the waiting messages that are processed together next: at first those that were lost least often. */
  nextGroup(maxDeliveries: number): [number, Held][] {
    const losses = ({ claimed: { claim } }: Held) => claim?.losses ?? 0;
    const sizeOf = (held: Held) => groupSizeAfter(losses(held), maxDeliveries);
    const waiting = [...this.#bySequence].filter(([, { waiting }]) => waiting);
    waiting.sort(([, one], [, other]) => losses(one) - losses(other));
    const [first] = waiting;
    if (!first) return [];
    const size = sizeOf(first[1]);
    return waiting.filter(([, held]) => sizeOf(held) === size).slice(0, size);
  }

  /** Stops keeping messages alive, forgets all of them, and returns those that are its own. */
  close(): [number, Held][] {
    clearInterval(this.#keepAlive);
    const own = [...this.#bySequence].filter(([, held]) => this.isOwn(held));
    this.#bySequence.clear();
    return own;
  }

  /** Reports to the server that this worker is alive, and notes which messages it may have lost. */
  async #prove(): Promise<void> {
    const sent: Held[] = [];
    const startedAt = await this.#lease.prove(() => {
      for (const held of this.#bySequence.values()) {
        this.isOwn(held);
        held.message.working();
        sent.push(held);
      }
    });
    for (const held of sent) if (this.isOwn(held)) held.provedAt = startedAt; // else the report may have come too late
  }
}

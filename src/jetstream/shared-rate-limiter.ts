/** The shared rate limiter: one schedule of request slots for each account on the NATS server, from which all workers reserve slots. */

import { hash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { SharedRateLimiter } from "../core/accounting/shared-rate-limiter.js";
import type { NatsServer } from "./nats-server.js";
import { ensureStream } from "./streams.js";

// Workers of other versions use the same names, so the names must not change.
const stream = "sluice-turns";
const subjects = "sluice.turns.>";
const clockSubject = "sluice.turns.clock";
const accountSubject = "sluice.turns.account.";

/** A reservation covers this time, or one slot if slots are further apart. If a worker dies, its reserved slots are lost. */
const reservedMs = 250;
/** A schedule that is further ahead than this was written with a wrong clock, and is ignored. */
const maxAheadMs = 60_000;
const clockIntervalMs = 60_000;
/** Each request for a slot has its own signal, so the reservation itself needs no time limit. */
const forever = Number.POSITIVE_INFINITY;

/** A request that waits for a slot. */
interface Waiting {
  perSecond: number;
  grant: () => void;
  fail: (error: unknown) => void;
}

/** The requests of one account that wait in this process, and the last known schedule of the account. */
interface AccountQueue {
  subject: string;
  waiting: Waiting[];
  isServing: boolean;
  /** Sequence of the message with the schedule; 0 if none is known. */
  revision: number;
  /** Time of the next free slot, in milliseconds of the server's clock. */
  freeFrom: number;
}

/**
 * Grants request slots across processes. One message on the NATS server holds the time of the next free slot of an account. A worker replaces the message
 * to reserve the next slots, and the server lets one worker at a time do so. Workers need not know each other, and a worker with nothing to send reserves
 * nothing.
 */
export class StreamRateLimiter implements SharedRateLimiter {
  readonly #nats: NatsServer;
  readonly #queues = new Map<string, AccountQueue>();
  /** How far the server's clock is ahead of the local one. */
  #aheadMs = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;

  constructor(nats: NatsServer) {
    this.#nats = nats;
  }

  acquire(account: string, perSecond: number, signal?: AbortSignal): Promise<void> {
    const queue = this.#queueOf(account);
    return new Promise((resolve, reject) => {
      const cancel = () => {
        queue.waiting = queue.waiting.filter((other) => other !== request);
        reject(signal?.reason);
      };
      const settle = (finish: () => void) => {
        signal?.removeEventListener("abort", cancel);
        finish();
      };
      const request: Waiting = {
        perSecond,
        grant: () => settle(resolve),
        fail: (error) => settle(() => reject(error)),
      };
      if (signal?.aborted) return cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      queue.waiting.push(request);
      if (!queue.isServing) void this.#serve(queue);
    });
  }

  #queueOf(account: string): AccountQueue {
    const subject = `${accountSubject}${hash("sha1", account, "hex").slice(0, 16)}`;
    const queue = this.#queues.get(subject) ?? { subject, waiting: [], isServing: false, revision: 0, freeFrom: 0 };
    this.#queues.set(subject, queue);
    return queue;
  }

  /** Reserves slots while requests wait, and grants each slot at its time. */
  async #serve(queue: AccountQueue): Promise<void> {
    queue.isServing = true;
    try {
      for (let first = queue.waiting[0]; first; first = queue.waiting[0]) {
        const { perSecond } = first;
        const count = Math.min(queue.waiting.length, Math.max(1, Math.floor((perSecond * reservedMs) / 1000)));
        const reserve = () => this.#reserve(queue, count, perSecond);
        const from = await this.#nats.callWithRetry(reserve, undefined, forever);
        for (let slot = 0; slot < count; slot += 1) {
          const waitMs = from + (slot * 1000) / perSecond - this.#now();
          if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
          queue.waiting.shift()?.grant();
        }
      }
    } catch (error) {
      for (const { fail } of queue.waiting.splice(0)) fail(error);
    } finally {
      queue.isServing = false;
    }
  }

  /** Reserves the next slots and returns the time of the first one, by the server's clock. */
  async #reserve(queue: AccountQueue, count: number, perSecond: number): Promise<number> {
    const { client, packages } = this.#nats;
    if (performance.now() - this.#measuredAt > clockIntervalMs) await this.#measureClock();
    if (queue.revision === 0) await this.#readSchedule(queue);
    for (;;) {
      const now = this.#now();
      const from = queue.freeFrom > now + maxAheadMs ? now : Math.max(now, queue.freeFrom);
      const freeFrom = from + (count * 1000) / perSecond;
      try {
        const expect = { lastSubjectSequence: queue.revision };
        const { seq } = await client.publish(queue.subject, JSON.stringify({ freeFrom }), { expect });
        Object.assign(queue, { revision: seq, freeFrom });
        return from;
      } catch (error) {
        const { JetStreamApiCodes, JetStreamApiError } = packages;
        const isOutdated =
          error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
        if (!isOutdated) throw error;
        await this.#readSchedule(queue); // another worker replaced the message first
      }
    }
  }

  async #readSchedule(queue: AccountQueue): Promise<void> {
    const message = await this.#nats.manager.streams.getMessage(stream, { last_by_subj: queue.subject });
    const { freeFrom = 0 } = message?.json<{ freeFrom: number }>() ?? {};
    Object.assign(queue, { revision: message?.seq ?? 0, freeFrom });
  }

  /** Measures the server's clock, which all workers share, while the clocks of their machines differ. */
  async #measureClock(): Promise<void> {
    const { client, manager } = this.#nats;
    await ensureStream(this.#nats, "jetstream", { name: stream, subjects: [subjects], max_msgs_per_subject: 1 });
    const before = Date.now();
    const { seq } = await client.publish(clockSubject, "");
    const between = (before + Date.now()) / 2;
    const stored = await manager.streams.getMessage(stream, { seq });
    // The message is missing if another worker measures at the same moment; then the last measurement stays.
    if (stored) this.#aheadMs = stored.time.getTime() - between;
    this.#measuredAt = performance.now();
  }

  #now(): number {
    return Date.now() + this.#aheadMs;
  }
}

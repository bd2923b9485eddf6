/** Shared turns: one schedule for the requests of an account, kept in the engine, from which all workers take their moments. */

import { hash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { SharedRateLimiter } from "../core/accounting/shared-rate-limiter.js";
import type { Engine } from "./nats-server.js";
import { ensureStream } from "./streams.js";

const stream = "sluice-turns";
const clockSubject = "sluice.turns.clock";
/** Slots are acquired for this long at most, or one: a worker that dies loses the slots that it has. */
const reservedMs = 250;
/** A schedule that is this far ahead was made by a wrong clock. */
const farAheadMs = 60_000;
const clockIsGoodForMs = 60_000;
/** Who waits has a signal of its own. */
const forever = Number.POSITIVE_INFINITY;

/** Who waits for turns of one account here, and what is known of its schedule. */
interface Line {
  subject: string;
  waiting: { perSecond: number; go: () => void; fail: (error: unknown) => void }[];
  isServed: boolean;
  /** Sequence of the message with the schedule; 0 when there is none. */
  revision: number;
  /** From when turns are free, in milliseconds of the engine's clock. */
  freeFrom: number;
}

/**
 * Gives turns to those who wait. When the next turn is free is one message in the engine; a worker replaces it to take the turns from there on, and the
 * engine lets one worker at a time do so. Nobody has to know who else there is, and who has nothing to send takes nothing.
 */
export class StreamRateLimiter implements SharedRateLimiter {
  readonly #engine: Engine;
  readonly #lines = new Map<string, Line>();
  /** How far the engine's clock is ahead of ours. */
  #aheadMs = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  acquire(account: string, perSecond: number, signal?: AbortSignal): Promise<void> {
    const line = this.#lineOf(account);
    return new Promise((resolve, reject) => {
      const leave = () => {
        line.waiting = line.waiting.filter((other) => other !== entry);
        reject(signal?.reason);
      };
      const over = (settle: () => void) => {
        signal?.removeEventListener("abort", leave);
        settle();
      };
      const entry = { perSecond, go: () => over(resolve), fail: (error: unknown) => over(() => reject(error)) };
      if (signal?.aborted) return leave();
      signal?.addEventListener("abort", leave, { once: true });
      line.waiting.push(entry);
      if (!line.isServed) void this.#serve(line);
    });
  }

  #lineOf(account: string): Line {
    const subject = `sluice.turns.account.${hash("sha1", account, "hex").slice(0, 16)}`;
    const line = this.#lines.get(subject) ?? { subject, waiting: [], isServed: false, revision: 0, freeFrom: 0 };
    this.#lines.set(subject, line);
    return line;
  }

  async #serve(line: Line): Promise<void> {
    line.isServed = true;
    try {
      for (let first = line.waiting[0]; first; first = line.waiting[0]) {
        const { perSecond } = first;
        const count = Math.min(line.waiting.length, Math.max(1, Math.floor((perSecond * reservedMs) / 1000)));
        const from = await this.#engine.untilAnswered(() => this.#take(line, count, perSecond), undefined, forever);
        for (let turn = 0; turn < count; turn += 1) {
          const waitMs = from + (turn * 1000) / perSecond - this.#now();
          if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
          line.waiting.shift()?.go();
        }
      }
    } catch (error) {
      for (const { fail } of line.waiting.splice(0)) fail(error);
    } finally {
      line.isServed = false;
    }
  }

  /** Takes the next turns; gives back when the first of them is, by the engine's clock. */
  async #take(line: Line, count: number, perSecond: number): Promise<number> {
    const { client, packages } = this.#engine;
    if (performance.now() - this.#measuredAt > clockIsGoodForMs) await this.#measureClock();
    if (line.revision === 0) await this.#look(line);
    for (;;) {
      const now = this.#now();
      const from = line.freeFrom > now + farAheadMs ? now : Math.max(now, line.freeFrom);
      const freeFrom = from + (count * 1000) / perSecond;
      try {
        const expect = { lastSubjectSequence: line.revision };
        const { seq } = await client.publish(line.subject, JSON.stringify({ freeFrom }), { expect });
        Object.assign(line, { revision: seq, freeFrom });
        return from;
      } catch (error) {
        const { JetStreamApiCodes, JetStreamApiError } = packages;
        const isTaken = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
        if (!isTaken) throw error;
        await this.#look(line); // another worker was faster
      }
    }
  }

  async #look(line: Line): Promise<void> {
    const found = await this.#engine.manager.streams.getMessage(stream, { last_by_subj: line.subject });
    const { freeFrom = 0 } = found?.json<{ freeFrom: number }>() ?? {};
    Object.assign(line, { revision: found?.seq ?? 0, freeFrom });
  }

  /** Clocks of machines differ; the engine's is the one that all see. */
  async #measureClock(): Promise<void> {
    const { client, manager } = this.#engine;
    await ensureStream(this.#engine, "jetstream", {
      name: stream,
      subjects: ["sluice.turns.>"],
      max_msgs_per_subject: 1,
    });
    const before = Date.now();
    const { seq } = await client.publish(clockSubject, "");
    const between = (before + Date.now()) / 2;
    const stored = await manager.streams.getMessage(stream, { seq });
    if (stored) this.#aheadMs = stored.time.getTime() - between; // else another worker measures just now
    this.#measuredAt = performance.now();
  }

  #now(): number {
    return Date.now() + this.#aheadMs;
  }
}

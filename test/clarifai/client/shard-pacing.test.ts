/** The rate of an account, divided among shards, in virtual time. */

import { describe, expect, it, vi } from "vitest";
import { Pacer } from "../../../src/clarifai/client/pacing/pacer.js";
import { Shard } from "../../../src/core/shard/shard.js";
import { VirtualClock } from "../../helpers/virtual-clock.js";

/** Returns when each of some pacers, which start at the same moment, sends its attempts. */
async function sentBy(pacers: readonly Pacer[], clock: VirtualClock, seconds: number): Promise<number[][]> {
  const sent = pacers.map((): number[] => []);
  for (const [n, pacer] of pacers.entries()) {
    void (async () => {
      for (;;) {
        const startedAt = await pacer.turn();
        sent[n]?.push(clock.passed);
        pacer.succeeded(startedAt, 1);
      }
    })();
  }
  await clock.run(seconds * 1000);
  return sent;
}

/** Returns the largest number of attempts in any second. */
function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other);
  return Math.max(...sorted.map((from, n) => sorted.slice(n).filter((at) => at < from + 1000).length));
}

function shards(count: number, clock: VirtualClock, requestsPerSecond?: number): Pacer[] {
  vi.spyOn(Date, "now").mockReturnValue(1_800_000_000_123);
  return Array.from({ length: count }, (_, n) => {
    const pacer = new Pacer({ requestsPerSecond }, clock);
    pacer.divideRate(new Shard(n + 1, count));
    return pacer;
  });
}

describe("the rate of an account, divided among shards", () => {
  it.each([2, 3, 8, 16, 50])("holds over %i processes that start at once, in every second", async (count) => {
    const clock = new VirtualClock();
    const sent = await sentBy(shards(count, clock, 15), clock, 60);
    expect(mostInASecond(sent.flat())).toBeLessThanOrEqual(15);
    const total = sent.flat().length / 60;
    expect(total).toBeGreaterThan(14);
    const perShard = sent.map(({ length }) => length);
    expect(Math.max(...perShard) - Math.min(...perShard)).toBeLessThanOrEqual(1);
  });

  it("is that of the account again when the run has ended", async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({ requestsPerSecond: 15 }, clock);
    const end = pacer.divideRate(new Shard(1, 8));
    expect(pacer.perSecond).toBeCloseTo((15 * 0.975) / 8);
    end();
    end();
    expect(pacer.perSecond).toBeCloseTo(15 * 0.975);
  });

  it("is the sum of the shares of several shards in one process", () => {
    const pacer = new Pacer({ requestsPerSecond: 16 }, new VirtualClock());
    const ends = [1, 2, 2].map((index) => pacer.divideRate(new Shard(index, 4)));
    expect(pacer.perSecond).toBeCloseTo((16 * 0.975) / 2);
    ends[0]?.();
    expect(pacer.perSecond).toBeCloseTo((16 * 0.975) / 4);
  });

  it("divides a rate that the server names, and leaves one alone that nobody knows", async () => {
    const clock = new VirtualClock();
    const [pacer] = shards(4, clock) as [Pacer];
    expect(pacer.perSecond).toBe(Number.POSITIVE_INFINITY);
    pacer.refused(await pacer.turn(), { granted: 20 });
    expect(pacer.perSecond).toBeCloseTo((20 * 0.975) / 4);
  });
});

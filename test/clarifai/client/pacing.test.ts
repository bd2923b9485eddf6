/** The pacer against modelled servers, in virtual time: what it gets done, as a share of the best fixed setting. */

import { afterAll, describe, expect, it, vi } from "vitest";
import { Pacer, type PacerOptions } from "../../../src/clarifai/client/pacing/pacer.js";
import { SteadyClock } from "../../../src/core/net/clock.js";
import { retryAfterMs } from "../../../src/core/net/retry-after.js";
import { seededRandom } from "../../../src/emulator/server/faults.js";
import {
  between,
  constantLatency,
  dead,
  downUntil,
  failing,
  inSeconds,
  type ModelServer,
  refusing,
  refusingAtRandom,
  slowLink,
  untilDate,
  type Verdict,
  withJitter,
  withKnee,
  withRate,
} from "../../helpers/model-servers.js";
import { VirtualClock } from "../../helpers/virtual-clock.js";

const work = 1_000_000;

interface Measured {
  /** When calls were done. */
  done: number[];
  attempts: number;
  refused: number;
  /** Attempts that came before the end of a wait that the client knew. */
  early: number;
}

interface Situation {
  options?: PacerOptions;
  /** Changes the clock at some times. */
  jumps?: readonly { at: number; ms: number }[];
}

/** Calls as fast as the pacer lets them, for some seconds. */
async function paced(
  make: () => ModelServer,
  seconds: number,
  { options = {}, jumps }: Situation = {},
): Promise<Measured> {
  const clock = new VirtualClock();
  const pacer = new Pacer(options, jumps ? new SteadyClock(clock) : clock);
  const server = make();
  const measured: Measured = { done: [], attempts: 0, refused: 0, early: 0 };
  let open = 0;
  let over = false;
  let quietUntil = 0;
  const call = async () => {
    await pacer.slot();
    for (let attempts = 1; !over; attempts += 1) {
      const startedAt = await pacer.turn();
      if (over) break;
      measured.attempts += 1;
      if (clock.passed < quietUntil) measured.early += 1;
      open += 1;
      const { ms, result, granted, headers, waitMs = 0 } = server(clock.passed, open);
      await clock.sleep(ms);
      open -= 1;
      quietUntil = Math.max(quietUntil, clock.passed + waitMs);
      const asked = headers && retryAfterMs(headers);
      if (result === "ok") {
        pacer.succeeded(startedAt, work);
        measured.done.push(clock.passed);
        break;
      }
      if (result === "refused") {
        measured.refused += 1;
        pacer.refused(startedAt, { granted, retryAfterMs: asked });
        await pacer.pauseRefused(attempts);
      } else {
        pacer.failed(startedAt, asked);
        await pacer.pause(attempts);
      }
    }
    pacer.leave();
  };
  const worker = async () => {
    while (!over) await call();
  };
  const workers = Array.from({ length: 80 }, worker);
  for (const { at, ms } of jumps ?? []) void clock.sleep(at).then(() => clock.jump(ms));
  await clock.run(seconds * 1000);
  over = true;
  await Promise.race([Promise.all(workers), clock.run(Number.MAX_SAFE_INTEGER)]);
  return measured;
}

/** The same server with a fixed number of open calls, and a fixed rate. It keeps the waits that the server asks for, and sends refused calls again at once. */
async function fixed(make: () => ModelServer, seconds: number, concurrency: number, perSecond = 1e9): Promise<number> {
  const clock = new VirtualClock();
  const server = make();
  let open = 0;
  let done = 0;
  let nextAt = 0;
  let quietUntil = 0;
  const worker = async () => {
    while (clock.now() < seconds * 1000) {
      nextAt = Math.max(nextAt, clock.now()) + 1000 / perSecond;
      await clock.sleep(nextAt - 1000 / perSecond - clock.now());
      while (clock.now() < quietUntil) await clock.sleep(quietUntil - clock.now());
      open += 1;
      const { ms, result, headers } = server(clock.now(), open);
      await clock.sleep(ms);
      open -= 1;
      quietUntil = Math.max(quietUntil, clock.now() + ((headers && retryAfterMs(headers)) ?? 0));
      if (result === "ok" && clock.now() <= seconds * 1000) done += 1;
    }
  };
  for (let n = 0; n < concurrency; n += 1) void worker();
  await clock.run(seconds * 1000);
  return done;
}

async function bestOf(make: () => ModelServer, seconds: number): Promise<number> {
  let best = 0;
  for (const concurrency of [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32]) {
    best = Math.max(best, await fixed(make, seconds, concurrency));
  }
  return best;
}

/** Refuses one request in five at random; another model answers the rest. */
function randomBefore(model: ModelServer): ModelServer {
  const random = refusingAtRandom(0.2, 80);
  return (now, open) => {
    const verdict = random(now, open);
    return verdict.result === "refused" ? verdict : model(now, open);
  };
}

/** Adds a wait to each refusal of a model. */
function asking(model: ModelServer, wait: (at: number) => Partial<Verdict>): ModelServer {
  return (now, open) => {
    const verdict = model(now, open);
    return verdict.result === "refused" ? { ...verdict, ...wait(now + verdict.ms) } : verdict;
  };
}

declare module "vitest" {
  interface TaskMeta {
    /** A figure of the pacer; `npm run faults` prints it. */
    pacing?: string;
  }
}

const shares: Record<string, string> = {};
afterAll(() => {
  if (process.env.SHOW_FIGURES) console.table(shares);
});

describe("the pacer, against", () => {
  it.each([
    ["a constant latency of 100 ms", () => constantLatency(100), 0.9],
    ["a constant latency of 20 ms", () => constantLatency(20), 0.9],
    ["a knee at 10 requests", () => withKnee(80, 10), 0.9],
    ["a knee at 10 requests, and thrashing beyond", () => withKnee(80, 10, 1), 0.9],
    ["a knee at 3 requests, and thrashing beyond", () => withKnee(60, 3, 1), 0.9],
    ["jitter, and an answer that takes ten times as long now and then", () => withJitter(80), 0.9],
    ["a slow link of 20 requests a second", () => slowLink(20, 100), 0.9],
  ] as [string, () => ModelServer, number][])("%s", { timeout: 60_000 }, async (name, make, least) => {
    const seconds = 60;
    const { done } = await paced(make, seconds);
    const share = done.filter((at) => at <= seconds * 1000).length / (await bestOf(make, seconds));
    shares[name] = `${(share * 100).toFixed(1)} % of the best fixed concurrency`;
    expect(share).toBeGreaterThanOrEqual(least);
  });

  it.each([
    ["15 requests a second, known", () => withRate(15, 120), { requestsPerSecond: 15 }, 0.95, 0.01],
    ["15 requests a second, named in the refusal", () => withRate(15, 120, true), {}, 0.95, 0.02],
    ["15 requests a second, unknown", () => withRate(15, 120), {}, 0.85, 0.03],
    ["100 requests a second, unknown", () => withRate(100, 60), {}, 0.85, 0.03],
  ] as [string, () => ModelServer, PacerOptions, number, number][])(
    "a limit of %s",
    async (name, make, options, least, mostRefused) => {
      const seconds = 120;
      const { done, attempts, refused } = await paced(make, seconds, { options });
      const perSecond = Number(/\d+/.exec(name)?.[0]);
      const share = done.length / (perSecond * seconds);
      const refusedShare = refused / attempts;
      shares[`a limit of ${name}`] =
        `${(share * 100).toFixed(1)} % of the limit, ${(refusedShare * 100).toFixed(2)} % of the requests refused`;
      expect(share).toBeGreaterThanOrEqual(least);
      expect(refusedShare).toBeLessThanOrEqual(mostRefused);
    },
  );

  it.for([
    ["a server that throttles for a minute", refusing],
    ["a server that is dead for a minute", dead],
  ] as [string, ModelServer][])("%s", async ([name, trouble], { task }) => {
    const make = () => between(30_000, 90_000, trouble, withKnee(80, 10));
    const { done, attempts } = await paced(make, 150);
    const rate = (from: number, to: number) => done.filter((at) => at > from && at <= to).length / ((to - from) / 1000);
    const before = rate(20_000, 30_000);
    const probes = attempts - done.length;
    let back = 90_000;
    while (back < 150_000 && rate(back, back + 1000) < before * 0.9) back += 250;
    shares[name] =
      `at 90 % again ${((back + 1000 - 90_000) / 1000).toFixed(2)} s after it ended, ${probes} failed attempts`;
    task.meta.pacing = `${name}: ${shares[name]}`;
    expect(back + 1000 - 90_000).toBeLessThanOrEqual(5000);
    expect(probes).toBeLessThan(110);
  });

  it.for([
    ["refuses one in five at random", () => refusingAtRandom(0.2, 100), 0.85],
    ["refuses one in five at random, and saturates at 10 requests", () => randomBefore(withKnee(80, 10)), 0.8],
    ["refuses one in five at random, asking for 1 s", () => refusingAtRandom(0.2, 100, inSeconds(1)), 0.75],
    ["refuses one in five at random, asking for a date", () => refusingAtRandom(0.2, 100, untilDate(1)), 0.75],
    ["refuses one in twenty at random, asking for 1 s", () => refusingAtRandom(0.05, 100, inSeconds(1)), 0.75],
    ["refuses more than 15 requests a second, and asks for 1 s", () => asking(withRate(15, 120), inSeconds(1)), 0.75],
    ["refuses half of the requests at random", () => refusingAtRandom(0.5, 100), 0.6],
    ["refuses one in five at random, 15 a second known", () => refusingAtRandom(0.2, 100), 0.9, 15],
    ["is down for 10 s and says so", () => between(30_000, 40_000, downUntil(40_000), constantLatency(100)), 0.9],
  ] as [string, () => ModelServer, number, number?][])(
    "a server that %s",
    { timeout: 60_000 },
    async ([name, make, least, requestsPerSecond], { task }) => {
      vi.spyOn(Math, "random").mockImplementation(seededRandom(1));
      const seconds = 120;
      const { done, early } = await paced(make, seconds, { options: { requestsPerSecond } });
      const best = Math.max(requestsPerSecond ? 0 : await bestOf(make, seconds), await fixed(make, seconds, 32, 15));
      const share = done.filter((at) => at <= seconds * 1000).length / best;
      vi.restoreAllMocks();
      shares[`a server that ${name}`] =
        `${(share * 100).toFixed(1)} % of the best fixed policy, ${early} attempts too early`;
      task.meta.pacing = `a server that ${name}: ${shares[`a server that ${name}`]}`;
      expect(early).toBe(0);
      expect(share).toBeGreaterThanOrEqual(least);
    },
  );

  it.for([
    ["that goes forward by an hour", 3_600_000],
    ["that goes back by an hour", -3_600_000],
  ] as [string, number][])("a clock %s: neither a burst nor a standstill", async ([name, ms], { task }) => {
    const seconds = 120;
    const jumps = [30_000, 60_000, 90_000].map((at) => ({ at, ms }));
    const situation = { options: { requestsPerSecond: 15 }, jumps };
    const { done, refused } = await paced(() => withRate(15, 120), seconds, situation);
    const waiting = await paced(() => refusingAtRandom(0.2, 100, inSeconds(1)), seconds, { jumps });
    const still = await paced(() => refusingAtRandom(0.2, 100, inSeconds(1)), seconds);
    const share = done.length / (15 * seconds);
    shares[`a clock ${name}`] =
      `${(share * 100).toFixed(1)} % of the limit, ${refused} refused, ${waiting.early} attempts too early`;
    task.meta.pacing = `a clock ${name}: ${shares[`a clock ${name}`]}`;
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(refused).toBeLessThanOrEqual(3);
    expect(waiting.early).toBe(0);
    expect(waiting.done.length).toBeGreaterThanOrEqual(still.done.length * 0.7);
  });

  it("a server that fails half of what it gets for a minute: few retries", async ({ task }) => {
    const make = () => between(10_000, 70_000, failing(0.5, 100), constantLatency(100));
    const { done, attempts } = await paced(make, 100);
    shares["half of the attempts fail for a minute"] = `${(attempts / done.length).toFixed(3)} attempts a call`;
    task.meta.pacing = `half of the attempts fail for a minute: ${(attempts / done.length).toFixed(3)} attempts a call`;
    expect(attempts / done.length).toBeLessThanOrEqual(1.1);
  });
});

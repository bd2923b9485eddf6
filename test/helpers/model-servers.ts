/** Servers as models: how long an answer takes, and what it is, by what is open and what came before. */

import { seededRandom } from "../../src/emulator/server/faults.js";

/** What became of an attempt. */
export type Verdict = { ms: number; result: "ok" | "refused" | "failed"; granted?: number };

/** Answers attempts; `open` counts this one too. */
export type ModelServer = (now: number, open: number) => Verdict;

export function constantLatency(ms: number): ModelServer {
  return () => ({ ms, result: "ok" });
}

/** Beyond the knee requests wait for each other; beyond it by far, they also slow each other down. */
export function withKnee(ms: number, knee: number, thrash = 0): ModelServer {
  return (_now, open) => {
    const over = Math.max(0, open - knee) / knee;
    return { ms: ms * (1 + over) * (1 + over * thrash), result: "ok" };
  };
}

/** Latencies from half to twice `ms`, now and then ten times as long. */
export function withJitter(ms: number, seed = 1): ModelServer {
  const random = seededRandom(seed);
  return () => ({ ms: random() < 0.02 ? ms * 10 : ms * (0.5 + 1.5 * random()), result: "ok" });
}

/** Refuses what is more than `perSecond` in any second; `tells` names the limit. */
export function withRate(perSecond: number, ms: number, tells = false): ModelServer {
  const passed: number[] = [];
  return (now) => {
    while (passed[0] !== undefined && passed[0] <= now - 1000) passed.shift();
    if (passed.length >= perSecond) return { ms: 5, result: "refused", ...(tells ? { granted: perSecond } : {}) };
    passed.push(now);
    return { ms, result: "ok" };
  };
}

/** One link for all: what is open shares it. */
export function slowLink(requestsPerSecond: number, ms: number): ModelServer {
  let freeAt = 0;
  return (now) => {
    freeAt = Math.max(freeAt, now) + 1000 / requestsPerSecond;
    return { ms: Math.max(ms, freeAt - now + ms / 2), result: "ok" };
  };
}

/** Another server between two moments. */
export function between(from: number, to: number, during: ModelServer, otherwise: ModelServer): ModelServer {
  return (now, open) => (now >= from && now < to ? during : otherwise)(now, open);
}

export const refusing: ModelServer = () => ({ ms: 5, result: "refused" });
export const dead: ModelServer = () => ({ ms: 50, result: "failed" });

/** Fails a share of what it gets. */
export function failing(share: number, ms: number, seed = 1): ModelServer {
  const random = seededRandom(seed);
  return () => ({ ms, result: random() < share ? "failed" : "ok" });
}

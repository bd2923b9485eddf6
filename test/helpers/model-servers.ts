/** Models of servers: the time and the result of an answer, from the open requests and the earlier ones. */

import { seededRandom } from "../../src/emulator/server/faults.js";

/** The result of an attempt. */
export type Verdict = {
  ms: number;
  result: "ok" | "refused" | "failed";
  granted?: number;
  /** Headers with the wait that the server asks for. */
  headers?: { "retry-after": string; date?: string };
  /** How long the server expects no request, from the moment of the answer. */
  waitMs?: number;
};

/** Answers an attempt. `open` is the number of open requests, this one included. */
export type ModelServer = (now: number, open: number) => Verdict;

export function constantLatency(ms: number): ModelServer {
  return () => ({ ms, result: "ok" });
}

/** Beyond `knee` open requests, requests wait for each other. With `thrash`, they also slow each other down far beyond it. */
export function withKnee(ms: number, knee: number, thrash = 0): ModelServer {
  return (_now, open) => {
    const over = Math.max(0, open - knee) / knee;
    return { ms: ms * (1 + over) * (1 + over * thrash), result: "ok" };
  };
}

/** Latencies from half to twice `ms`; two in a hundred are ten times as long. */
export function withJitter(ms: number, seed = 1): ModelServer {
  const random = seededRandom(seed);
  return () => ({ ms: random() < 0.02 ? ms * 10 : ms * (0.5 + 1.5 * random()), result: "ok" });
}

/** Refuses more than `perSecond` requests in any second. `namesRate` puts the limit into the refusal. */
export function withRate(perSecond: number, ms: number, namesRate = false): ModelServer {
  const passed: number[] = [];
  return (now) => {
    while (passed[0] !== undefined && passed[0] <= now - 1000) passed.shift();
    if (passed.length >= perSecond) return { ms: 5, result: "refused", ...(namesRate ? { granted: perSecond } : {}) };
    passed.push(now);
    return { ms, result: "ok" };
  };
}

/** A link of limited capacity that all open requests share. */
export function slowLink(requestsPerSecond: number, ms: number): ModelServer {
  let freeAt = 0;
  return (now) => {
    freeAt = Math.max(freeAt, now) + 1000 / requestsPerSecond;
    return { ms: Math.max(ms, freeAt - now + ms / 2), result: "ok" };
  };
}

/** Uses another model between two times. */
export function between(from: number, to: number, during: ModelServer, otherwise: ModelServer): ModelServer {
  return (now, open) => (now >= from && now < to ? during : otherwise)(now, open);
}

export const refusing: ModelServer = () => ({ ms: 5, result: "refused" });
export const dead: ModelServer = () => ({ ms: 50, result: "failed" });

/** Fails a share of the requests. */
export function failing(share: number, ms: number, seed = 1): ModelServer {
  const random = seededRandom(seed);
  return () => ({ ms, result: random() < share ? "failed" : "ok" });
}

/** Refuses a share of the requests at random, and adds what `wait` returns. */
export function refusingAtRandom(
  share: number,
  ms: number,
  wait: (at: number) => Partial<Verdict> = () => ({}),
  seed = 1,
): ModelServer {
  const random = seededRandom(seed);
  return (now) => (random() < share ? { ms, result: "refused", ...wait(now + ms) } : { ms, result: "ok" });
}

/** Asks for a wait in seconds. */
export function inSeconds(seconds: number): () => Partial<Verdict> {
  return () => ({ headers: { "retry-after": String(seconds) }, waitMs: seconds * 1000 });
}

/** Asks for a wait until a date, by a clock of the server that differs from the one of the client. */
export function untilDate(seconds: number): (at: number) => Partial<Verdict> {
  return (at) => {
    const serverNow = Date.UTC(2001, 0, 1) + at;
    const until = Math.ceil(serverNow / 1000 + seconds) * 1000;
    const headers = { date: new Date(serverNow).toUTCString(), "retry-after": new Date(until).toUTCString() };
    return { headers, waitMs: until - serverNow };
  };
}

/** Fails every request, and asks for a wait until the failures end. */
export function downUntil(end: number, ms = 50): ModelServer {
  return (now) => {
    const seconds = Math.max(1, Math.ceil((end - now - ms) / 1000));
    return { ms, result: "failed", ...inSeconds(seconds)() };
  };
}

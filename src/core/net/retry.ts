/** Retry: one loop for everything that is tried again. An attempt returns a verdict, and the loop acts on it. */

import { type BackoffRange, backoffMs } from "./backoff.js";
import { type Clock, systemClock } from "./clock.js";

/** The result of one attempt. `Why` names the rules of the loop that a retry can fall under. */
export type Verdict<T, Why extends string> =
  | { verdict: "ok"; value: T }
  | { verdict: "retry"; why: Why; error: Error; afterMs: number | undefined }
  | { verdict: "unknown"; error: Error }
  | { verdict: "fail"; error: Error };

/** Ends the loop with a value. */
export function ok<T>(value: T): Verdict<T, never> {
  return { verdict: "ok", value };
}

/** Asks for another attempt under the rule `why`; `afterMs` is the wait that the server asked for. */
export function again<Why extends string>(why: Why, error: Error, afterMs?: number): Verdict<never, Why> {
  return { verdict: "retry", why, error, afterMs };
}

/** Says that the attempt may have been carried out. The loop reconciles, or ends with the error if it cannot. */
export function unknown(error: Error): Verdict<never, never> {
  return { verdict: "unknown", error };
}

/** Ends the loop with an error. */
export function fail(error: Error): Verdict<never, never> {
  return { verdict: "fail", error };
}

/** What a pause can depend on. */
export interface Pause {
  /** Attempts so far. */
  attempts: number;
  /** Attempts so far that fell under the same rule. */
  failures: number;
  /** The wait that the server asked for, in milliseconds. */
  afterMs: number | undefined;
}

/** Bounds the attempts that fail in one way, and says how the loop waits between them. */
export interface RetryRule {
  /** Most attempts that may fail in this way. Default: no limit. */
  maxAttempts?: number | undefined;
  /**
   * Longest time of retries in milliseconds, from the first failure of this kind. A wait that would outlast it ends the loop at once. Default: no
   * limit.
   */
  retryForMs?: number | undefined;
  /** Range of the default pause. */
  backoff?: BackoffRange;
  /** Waits before the next attempt. Default: the wait that the server asked for, and at least a backoff with jitter. */
  pause?: (pause: Pause) => Promise<void>;
}

export interface RetryOptions<T, Why extends string> {
  rules: Readonly<Record<Why, RetryRule>>;
  signal?: AbortSignal | undefined;
  clock?: Clock;
  /** Judges what an attempt threw. Default: the loop throws it. */
  verdictOf?: (error: unknown, attempts: number) => Verdict<T, Why> | Promise<Verdict<T, Why>>;
  /** Finds out what became of an attempt whose outcome is unknown. Default: the loop throws the error. */
  reconcile?: (error: Error, attempts: number) => Promise<Verdict<T, Why>>;
}

/**
 * Makes attempts until one has a final verdict or a rule ends the retries, and throws the last error then.
 *
 * An abort wins over every verdict but "ok": the loop throws the reason of the signal. A request that was split into parts is "ok" with the
 * results of its parts.
 *
 * Such as `retry(() => send().then(ok), { rules: { failed: { maxAttempts: 4 } }, verdictOf: (error) => again("failed", asError(error)) })`.
 */
export async function retry<T, Why extends string>(
  attempt: (attempts: number) => Promise<Verdict<T, Why>>,
  options: RetryOptions<T, Why>,
): Promise<T> {
  const { rules, signal, clock = systemClock, reconcile } = options;
  const tallies = new Map<Why, { failures: number; since: number }>();
  for (let attempts = 1; ; attempts += 1) {
    signal?.throwIfAborted();
    let verdict = await judged(attempt, attempts, options);
    if (verdict.verdict === "unknown") {
      signal?.throwIfAborted();
      verdict = reconcile ? await reconcile(verdict.error, attempts) : fail(verdict.error);
    }
    if (verdict.verdict === "ok") return verdict.value;
    signal?.throwIfAborted();
    if (verdict.verdict !== "retry") throw verdict.error;

    const { why, error, afterMs } = verdict;
    const tally = tallies.get(why) ?? { failures: 0, since: clock.now() };
    tallies.set(why, tally);
    tally.failures += 1;
    const { maxAttempts = Number.POSITIVE_INFINITY, retryForMs = Number.POSITIVE_INFINITY, ...rule } = rules[why];
    const neededMs = clock.now() - tally.since + (afterMs ?? 0);
    if (tally.failures >= maxAttempts || neededMs >= retryForMs) throw error;
    if (rule.pause) await rule.pause({ attempts, failures: tally.failures, afterMs });
    else await clock.sleep(Math.max(afterMs ?? 0, backoffMs(tally.failures, rule.backoff)), signal);
  }
}

async function judged<T, Why extends string>(
  attempt: (attempts: number) => Promise<Verdict<T, Why>>,
  attempts: number,
  { signal, verdictOf }: RetryOptions<T, Why>,
): Promise<Verdict<T, Why>> {
  try {
    return await attempt(attempts);
  } catch (error) {
    signal?.throwIfAborted();
    if (!verdictOf) throw error;
    return await verdictOf(error, attempts);
  }
}

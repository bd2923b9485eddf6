/** The retry loop, in virtual time. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { again, fail, ok, type RetryOptions, retry, unknown, type Verdict } from "../../../src/core/net/retry.js";
import { VirtualClock } from "../../helpers/virtual-clock.js";

type Outcome = Verdict<string, "refused" | "failed">;

const lost = new Error("lost");
const rules = { refused: {}, failed: {} };

/** Runs the loop over these verdicts, and repeats the last one. Returns the result and the times of the attempts. */
async function run(verdicts: (Outcome | Error)[], options: Partial<RetryOptions<string, "refused" | "failed">> = {}) {
  const clock = new VirtualClock();
  const at: number[] = [];
  const loop = retry(
    async (attempts) => {
      at.push(clock.now());
      const verdict = verdicts[Math.min(attempts, verdicts.length) - 1] as Outcome | Error;
      if (verdict instanceof Error) throw verdict;
      return verdict;
    },
    { rules, clock, ...options },
  );
  const settled: Promise<{ value?: string; error?: unknown; endedAt: number }> = loop.then(
    (value) => ({ value, endedAt: clock.now() }),
    (error: unknown) => ({ error, endedAt: clock.now() }),
  );
  await clock.run(1e9);
  return { ...(await settled), at };
}

describe("the retry loop", () => {
  beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(1));
  afterEach(() => void vi.restoreAllMocks());

  it("returns the value of the first attempt that is ok", async () => {
    expect(await run([ok("done")])).toEqual({ value: "done", at: [0], endedAt: 0 });
  });

  it("doubles the backoff up to its longest wait", async () => {
    const { at } = await run([again("failed", lost)], { rules: { ...rules, failed: { maxAttempts: 9 } } });
    expect(at).toEqual([0, 250, 750, 1750, 3750, 7750, 15_750, 30_750, 45_750]);
  });

  it("draws the backoff from a quarter of its range to all of it", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const failed = { maxAttempts: 3, backoff: { baseMs: 400, maxMs: 600 } };
    const { at } = await run([again("failed", lost)], { rules: { ...rules, failed } });
    expect(at).toEqual([0, 100, 250]);
  });

  it("throws the last error when the attempts are used up", async () => {
    const last = new Error("last");
    const { error, at } = await run([again("failed", lost), again("failed", last)], {
      rules: { ...rules, failed: { maxAttempts: 2 } },
    });
    expect(error).toBe(last);
    expect(at).toHaveLength(2);
  });

  it("counts attempts for each rule by itself", async () => {
    const refusal = again("refused", lost);
    const { value, at } = await run([refusal, again("failed", lost), refusal, ok("done")], {
      rules: { refused: { maxAttempts: 3 }, failed: { maxAttempts: 2 } },
    });
    expect(value).toBe("done");
    expect(at).toEqual([0, 250, 500, 1000]);
  });

  it("waits as long as the server asks for, and at least for the backoff", async () => {
    const { at } = await run([again("failed", lost, 7000), again("failed", lost, 10), ok("done")]);
    expect(at).toEqual([0, 7000, 7500]);
  });

  it("ends at once when the wait would outlast the time for retries", async () => {
    const { error, endedAt } = await run([again("failed", lost, 5000)], {
      rules: { ...rules, failed: { retryForMs: 5000 } },
    });
    expect([error, endedAt]).toEqual([lost, 0]);
  });

  it("counts the time for retries from the first failure", async () => {
    const failed = { retryForMs: 1000, pause: () => clock.sleep(400) };
    const clock = new VirtualClock();
    const ends: number[] = [];
    const loop = retry(
      async () => {
        await clock.sleep(100);
        ends.push(clock.now());
        return again("failed", lost);
      },
      { rules: { failed }, clock },
    ).catch((error: unknown) => error);
    await clock.run(1e6);
    expect(await loop).toBe(lost);
    expect(ends).toEqual([100, 600, 1100]);
  });

  it("does not retry when there is no time for retries", async () => {
    const { at } = await run([again("failed", lost)], { rules: { ...rules, failed: { retryForMs: 0 } } });
    expect(at).toEqual([0]);
  });

  it("pauses as the rule says, instead of the backoff", async () => {
    const pauses: unknown[] = [];
    const pause = async (wait: unknown) => void pauses.push(wait);
    const { at } = await run([again("failed", lost), again("refused", lost, 9), again("failed", lost), ok("done")], {
      rules: { refused: { pause }, failed: { pause } },
    });
    expect(at).toEqual([0, 0, 0, 0]);
    expect(pauses).toEqual([
      { attempts: 1, failures: 1, afterMs: undefined },
      { attempts: 2, failures: 1, afterMs: 9 },
      { attempts: 3, failures: 2, afterMs: undefined },
    ]);
  });

  it("ends with the error of a failure, and of an unknown outcome that nothing reconciles", async () => {
    expect(await run([fail(lost)])).toMatchObject({ error: lost, at: [0] });
    expect(await run([unknown(lost)])).toMatchObject({ error: lost, at: [0] });
  });

  it("reconciles an unknown outcome, and acts on that verdict", async () => {
    const reconcile = vi.fn(async (error: Error, attempts: number): Promise<Outcome> => {
      return attempts === 1 ? again("failed", error) : ok("it arrived");
    });
    expect(await run([unknown(lost)], { reconcile })).toEqual({ value: "it arrived", at: [0, 250], endedAt: 250 });
    expect(reconcile.mock.calls).toEqual([
      [lost, 1],
      [lost, 2],
    ]);
  });

  it("judges what an attempt threw, or throws it", async () => {
    expect(await run([lost])).toMatchObject({ error: lost });
    expect(await run([lost, ok("done")], { verdictOf: () => again("failed", lost) })).toMatchObject({ value: "done" });
  });

  it("ends with the reason of the signal, during a wait and after an attempt", async () => {
    const abort = new AbortController();
    const enough = new Error("enough");
    const clock = new VirtualClock();
    const waiting = retry(async () => again("failed", lost), { rules, clock, signal: abort.signal });
    const cut = retry(
      async () => {
        abort.abort(enough);
        throw lost;
      },
      { rules, clock, signal: abort.signal, verdictOf: () => fail(lost) },
    );
    await expect(waiting).rejects.toBe(enough);
    await expect(cut).rejects.toBe(enough);
    await expect(retry(async () => ok(1), { rules, signal: abort.signal })).rejects.toBe(enough);
  });

  it("keeps a value that an attempt returned while the signal was aborted", async () => {
    const abort = new AbortController();
    const loop = retry(
      async () => {
        abort.abort();
        return ok("done");
      },
      { rules, signal: abort.signal },
    );
    expect(await loop).toBe("done");
  });
});

/** The steady clock: what it shows while another clock jumps, or the machine is suspended. */

import { describe, expect, it } from "vitest";
import { SteadyClock } from "../../../src/core/net/clock.js";
import { VirtualClock } from "../../helpers/virtual-clock.js";

describe("the steady clock", () => {
  it.each([3_600_000, -3_600_000])("does not follow a jump of %i ms", async (ms) => {
    const base = new VirtualClock();
    const clock = new SteadyClock(base);
    const woken: number[] = [];
    for (const delay of [1000, 5000, 20_000]) void clock.sleep(delay).then(() => woken.push(base.passed));
    void base.sleep(3000).then(() => base.jump(ms));
    await base.run(4000);
    expect(clock.now()).toBeLessThanOrEqual(4000);
    await base.run(60_000);
    expect(woken).toHaveLength(3);
    expect(woken[1]).toBeGreaterThanOrEqual(5000);
    expect(woken[2]).toBeGreaterThanOrEqual(20_000);
    expect(woken[2]).toBeLessThanOrEqual(40_000);
  });

  it("ends only the sleep that is due after a suspension", async () => {
    const base = new VirtualClock();
    const clock = new SteadyClock(base);
    const woken: number[] = [];
    for (const delay of [100, 200, 300]) void clock.sleep(delay).then(() => woken.push(clock.now()));
    base.jump(3_600_000);
    await base.run(1000);
    expect(woken[0]).toBe(100);
    expect(woken[1]).toBeGreaterThanOrEqual(200);
    expect(woken[2]).toBeGreaterThanOrEqual(300);
    expect(woken[2]).toBeLessThan(2000);
  });

  it("sleeps longer than the longest timer of Node.js", async () => {
    const base = new VirtualClock();
    const clock = new SteadyClock(base);
    let woken = false;
    const days = 30 * 86_400_000;
    void clock.sleep(days).then(() => (woken = true));
    await base.run(days - 1);
    expect(woken).toBe(false);
    await base.run(days + 1);
    expect(woken).toBe(true);
  });

  it("ends a sleep with the reason of its signal", async () => {
    const clock = new SteadyClock(new VirtualClock());
    const abort = new AbortController();
    const sleep = clock.sleep(1000, abort.signal);
    abort.abort(new Error("enough"));
    await expect(sleep).rejects.toThrow("enough");
  });
});

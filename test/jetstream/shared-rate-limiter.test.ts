/** The rate limiter that workers share: together they keep the rate of an account. */

import { expect, it } from "vitest";
import { Engine } from "../../src/jetstream/nats-server.js";
import { StreamRateLimiter } from "../../src/jetstream/shared-rate-limiter.js";
import { describeWithEngine } from "../helpers/engine.js";

describeWithEngine("turns of one account", (engine) => {
  const open = async () => {
    const opened = await Engine.open("test", { servers: engine.servers });
    return { opened, turns: new StreamRateLimiter(opened) };
  };

  it("come one after the other, whoever takes them", async () => {
    const workers = await Promise.all([open(), open(), open()]);
    const moments: number[] = [];
    const startedAt = performance.now();
    await Promise.all(
      workers.flatMap(({ turns }) =>
        Array.from({ length: 20 }, async () => {
          await turns.acquire("account", 100);
          moments.push(performance.now() - startedAt);
        }),
      ),
    );
    expect(moments).toHaveLength(60);
    // A turn may come late on a busy machine, and never early: the sixtieth is 59 spaces of 10 ms after the first.
    expect(Math.max(...moments)).toBeGreaterThan(580);
    for (const { opened } of workers) await opened.close();
  });

  it("are left by who stops waiting, and end with the connection", async () => {
    const { opened, turns } = await open();
    const abort = new AbortController();
    await turns.acquire("slow", 0.5);
    const left = turns.acquire("slow", 0.5, abort.signal);
    const waiting = turns.acquire("slow", 0.5);
    abort.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    await expect(turns.acquire("slow", 0.5, abort.signal)).rejects.toThrow("enough");
    await waiting;
    await opened.close();
    await expect(turns.acquire("other", 1)).rejects.toThrow();
  });
});

/** The shared rate limiter: workers together keep the rate of an account. */

import { expect, it } from "vitest";
import { NatsServer } from "../../src/jetstream/nats-server.js";
import { StreamRateLimiter } from "../../src/jetstream/shared-rate-limiter.js";
import { describeWithNats } from "../helpers/nats-server.js";

describeWithNats("the shared rate limiter of an account", (nats) => {
  const open = async () => {
    const server = await NatsServer.connect("test", { servers: nats.servers });
    return { server, limiter: new StreamRateLimiter(server) };
  };

  it("spaces the slots of all workers by the rate", async () => {
    const workers = await Promise.all([open(), open(), open()]);
    const moments: number[] = [];
    const startedAt = performance.now();
    await Promise.all(
      workers.flatMap(({ limiter }) =>
        Array.from({ length: 20 }, async () => {
          await limiter.acquire("account", 100);
          moments.push(performance.now() - startedAt);
        }),
      ),
    );
    expect(moments).toHaveLength(60);
    // On a busy machine a slot may be late, but never early: the sixtieth is 59 intervals of 10 ms after the first.
    expect(Math.max(...moments)).toBeGreaterThan(580);
    for (const { server } of workers) await server.close();
  });

  it("rejects a request whose signal aborts, and all requests after the connection is closed", async () => {
    const { server, limiter } = await open();
    const abort = new AbortController();
    await limiter.acquire("slow", 0.5);
    const aborted = limiter.acquire("slow", 0.5, abort.signal);
    const waiting = limiter.acquire("slow", 0.5);
    abort.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    await expect(limiter.acquire("slow", 0.5, abort.signal)).rejects.toThrow("enough");
    await waiting;
    await server.close();
    await expect(limiter.acquire("other", 1)).rejects.toThrow();
  });
});

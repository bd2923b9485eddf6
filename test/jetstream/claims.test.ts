/** Claims: of several workers with one input, one decides its outcome. */

import { expect, it, onTestFinished } from "vitest";
import { NatsServer } from "../../src/jetstream/nats-server.js";
import { ensureStreams } from "../../src/jetstream/streams.js";
import { type Claim, Claims } from "../../src/jetstream/worker/claims.js";
import { describeWithNats } from "../helpers/nats-server.js";

const claim = (delivery: number, state: Claim["state"]): Claim => ({ delivery, state, tries: 0, losses: 0 });
const unknown = { claim: undefined, revision: 0 };

describeWithNats("claims of inputs", (nats) => {
  let streams = 0;
  const open = async () => {
    streams += 1;
    const stream = `claims${streams}`;
    const server = await NatsServer.connect("test", nats);
    onTestFinished(() => server.close());
    const created = await ensureStreams(server, "test", stream);
    return { worker: (name: string) => new Claims(server, stream, created, name), server, stream };
  };

  it("are decided by one of several workers", async () => {
    const { worker } = await open();
    const names = Array.from({ length: 8 }, (_, n) => `w${n}`);
    const taken = await Promise.all(names.map((name) => worker(name).take(1, 1, () => claim(1, "done"), unknown)));
    expect(taken.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
  });

  it("are refused to an earlier delivery, and to everyone after the outcome", async () => {
    const { worker } = await open();
    const [late, next] = [worker("late"), worker("next")];
    const started = await next.take(1, 2, () => claim(2, "started"));
    expect(started.isCurrent).toBe(true);
    expect(await late.take(1, 1, () => claim(1, "done"), unknown)).toMatchObject({
      isCurrent: false,
      claim: { delivery: 2 },
    });
    expect((await next.take(1, 2, () => claim(2, "done"), unknown)).isCurrent).toBe(true);
    expect((await worker("third").take(1, 3, () => claim(3, "started"))).isCurrent).toBe(false);
  });

  it("of another stream of the same name, and messages that are no claims, are ignored", async () => {
    const { worker, server, stream } = await open();
    await server.client.publish(`${stream}.claims.1`, "not JSON");
    await server.client.publish(`${stream}.claims.2`, JSON.stringify({ ...claim(9, "done"), stream: "earlier" }));
    for (const sequence of [1, 2]) {
      expect((await worker("w").take(sequence, 1, () => claim(1, "done"))).isCurrent).toBe(true);
    }
  });

  it("that are sent without waiting change nothing if they are outdated", async () => {
    const { worker, server } = await open();
    const [one, other] = [worker("one"), worker("other")];
    const first = await one.take(1, 2, () => claim(2, "started"));
    const second = await other.take(1, 3, () => claim(3, "started"));
    one.send(1, claim(2, "returned"), first.isCurrent ? first.revision : 0);
    await server.connection.flush();
    expect((await other.take(1, 3, () => claim(3, "done"), second.isCurrent ? second : undefined)).isCurrent).toBe(
      true,
    );
  });
});

/** Inputs on a stream: published, processed, acknowledged, reported. */

import { filter } from "rxjs";
import { expect, it, vi } from "vitest";
import { filterInputs, flow, fromIterable, InputError, through, transform } from "../../src/index.js";
import { failedInputs, jetstream, publishTo, streamReport } from "../../src/jetstream/index.js";
import { NatsServer } from "../../src/jetstream/nats-server.js";
import { ensureConsumer, partsOf } from "../../src/jetstream/streams.js";
import { Deliveries } from "../../src/jetstream/worker/deliveries.js";
import { describeWithNats } from "../helpers/nats-server.js";

const texts = (count: number) =>
  fromIterable(Array.from({ length: count }, (_, n) => ({ id: `t${n}`, text: `text ${n}` })));
const closed = { pending: 0, inFlight: 0 };

describeWithNats("inputs on a stream", (nats) => {
  let streams = 0;
  const fresh = () => {
    streams += 1;
    return { stream: `work${streams}`, servers: nats.servers };
  };
  const publish = async (count: number) => {
    const at = fresh();
    await flow(texts(count))
      .pipe(publishTo(at.stream, { servers: at.servers }))
      .run();
    return at;
  };
  const countsOf = async (at: { stream: string; servers: string }) => (await streamReport(at)).counts;

  it("are all processed once, and reported by outcome", async () => {
    const at = fresh();
    const published = await flow(texts(300))
      .pipe(publishTo(at.stream, { servers: at.servers }))
      .run();
    expect(published.counts).toMatchObject({ read: 300, ok: 300 });
    const none = { ok: 0, failed: 0, skipped: 0 };
    expect(await countsOf(at)).toEqual({ read: 300, ...none, pending: 300, inFlight: 0 });

    const seen: string[] = [];
    const report = await flow(jetstream({ ...at, endWhenEmpty: true }))
      .pipe(
        filterInputs((input) => input.id !== "t7"),
        transform((input) => {
          if (input.id === "t11") throw new InputError("ERR_TEST", "eleven is no good");
          seen.push(input.id);
          return input;
        }),
      )
      .run();
    expect(report.counts).toMatchObject({ read: 300, ok: 298, failed: 1, skipped: 1 });
    expect(new Set(seen).size).toBe(298);
    const after = await streamReport(at);
    expect(after.counts).toEqual({ read: 300, ok: 298, failed: 1, skipped: 1, ...closed });
    expect(after.isDone).toBe(true);
    expect(after.failures).toMatchObject([{ id: "t11", code: "ERR_TEST", stage: "transform", sequence: 12 }]);
    expect(after.summary()).toContain("eleven is no good");
  });

  it("are skipped if their ids were published shortly before", async () => {
    const at = await publish(20);
    const again = await flow(texts(30))
      .pipe(publishTo(at.stream, { servers: at.servers }))
      .run();
    expect(again.counts).toMatchObject({ ok: 10, skipped: 20 });
    expect(again.skipped).toMatchObject([{ reason: "already on the stream", count: 20 }]);
    expect(await countsOf(at)).toMatchObject({ read: 30, pending: 30 });
  });

  it("that an RxJS operator drops count as skipped, and are acknowledged", async () => {
    const at = await publish(100);
    const report = await flow(jetstream({ ...at, endWhenEmpty: true, maxAckPending: 60 }))
      .pipe(through(filter((message) => message.value.id === "t3")))
      .run();
    expect(report.counts).toMatchObject({ read: 100, ok: 1, skipped: 99 });
    expect(await countsOf(at)).toEqual({ read: 100, ok: 1, failed: 0, skipped: 99, ...closed });
  });

  it("that failed can be published again with failedInputs", async () => {
    const at = await publish(5);
    const failing = (isFixed: boolean) =>
      transform((input) => {
        if (!isFixed && input.id === "t2") throw new InputError("ERR_TEST", "no");
        return input;
      });
    const work = () => jetstream({ ...at, endWhenEmpty: true });
    await flow(work()).pipe(failing(false)).run();
    expect(await countsOf(at)).toMatchObject({ read: 5, ok: 4, failed: 1 });
    expect(await flow(failedInputs(at)).toArray()).toMatchObject([{ id: "t2", text: "text 2" }]);
    const back = publishTo(at.stream, { servers: at.servers, deduplicate: false });
    await flow(failedInputs(at)).pipe(back).run();
    await flow(work()).pipe(failing(true)).run();
    const { counts, skipped } = await streamReport(at);
    expect(counts).toEqual({ read: 6, ok: 5, failed: 0, skipped: 1, ...closed });
    expect(skipped).toMatchObject([{ reason: "retried", count: 1 }]);
  });

  it("that failed and are too large for a dead letter are recorded without their content", async () => {
    const at = fresh();
    const text = "x".repeat(1_047_500);
    await flow(fromIterable([{ id: "large", text }]))
      .pipe(publishTo(at.stream, { servers: at.servers }))
      .run();
    const failing = transform(() => {
      throw new InputError("ERR_TEST", "y".repeat(3000));
    });
    await flow(jetstream({ ...at, endWhenEmpty: true }))
      .pipe(failing)
      .run();
    const { counts, failures } = await streamReport(at);
    expect(counts).toEqual({ read: 1, ok: 0, failed: 1, skipped: 0, ...closed });
    expect(failures).toMatchObject([{ id: "large", code: "ERR_TEST" }]);
    expect(failures[0]?.input).toBeUndefined();
    const again = await flow(failedInputs(at)).run();
    expect(again.failures).toMatchObject([{ code: "ERR_DEAD_LETTER_EMPTY" }]);
  });

  it("that may succeed later are delivered again, and fail after maxDeliveries", async () => {
    const at = await publish(2);
    const attempts: string[] = [];
    const report = await flow(jetstream({ ...at, endWhenEmpty: true, maxDeliveries: 2 }))
      .pipe(
        transform((input) => {
          attempts.push(input.id);
          if (input.id === "t0" && attempts.length > 2) return input;
          throw new InputError("ERR_BUSY", "not now", { retryable: true });
        }),
      )
      .run();
    expect(attempts).toEqual(["t0", "t1", "t0", "t1"]);
    expect(report.counts).toMatchObject({ read: 4, ok: 1, failed: 1, skipped: 2 });
    expect(report.skipped).toMatchObject([{ reason: "returned for redelivery: not now", count: 2 }]);
    const { counts, failures } = await streamReport(at);
    expect(counts).toEqual({ read: 2, ok: 1, failed: 1, skipped: 0, ...closed });
    expect(failures).toMatchObject([{ id: "t1", code: "ERR_BUSY", attempts: 2, retryable: true }]);
  });

  it("of a stopped worker are returned at once, and a failure that it recorded is deleted when the input succeeds", async () => {
    const at = await publish(3);
    const abort = new AbortController();
    const stopping = transform(async (input, { signal }) => {
      abort.abort();
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return input;
    });
    const stopped = await flow(jetstream(at)).pipe(stopping).run({ signal: abort.signal });
    expect(stopped.counts).toMatchObject({ ok: 0 });
    // Simulates a worker that recorded a failure and died before it acknowledged.
    const server = await NatsServer.connect("test", at);
    const { subject } = partsOf(at.stream).failed;
    await server.client.publish(subject(1), JSON.stringify({ sequence: 1, origin: "t0", reason: "early" }));
    await server.close();
    expect(await countsOf(at)).toMatchObject({ failed: 1 });
    const report = await flow(jetstream({ ...at, endWhenEmpty: true })).run();
    expect(report.counts).toMatchObject({ read: 3, ok: 3 });
    expect(await countsOf(at)).toEqual({ read: 3, ok: 3, failed: 0, skipped: 0, ...closed });
  });

  it("are refused to a preview, and messages that are not inputs fail alone", async () => {
    const at = await publish(1);
    const server = await NatsServer.connect("test", at);
    for (const body of ["not JSON", "{}", '{"sluice":2,"origin":"x","input":{}}']) {
      await server.client.publish(partsOf(at.stream).work.subject, body);
    }
    await server.close();
    await expect(flow(jetstream(at)).preview()).rejects.toThrow(/would take inputs from the workers/);
    const report = await flow(jetstream({ ...at, endWhenEmpty: true })).run();
    expect(report.counts).toMatchObject({ read: 4, ok: 1, failed: 3 });
    expect(report.failures[2]).toMatchObject({
      origin: `${at.stream}:4`,
      code: "ERR_REFERENCE",
      reason: "the message is an input of version 2; this release reads inputs of version 1",
    });
    expect(await countsOf(at)).toMatchObject({ read: 4, ok: 1, failed: 3, inFlight: 0 });
  });

  it("survive a NATS server that is killed and started again", async () => {
    const at = await publish(400);
    const seen = new Set<string>();
    const running = flow(jetstream({ ...at, endWhenEmpty: true, ackWaitMs: 2000 }))
      .pipe(
        transform(
          async (input) => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            seen.add(input.id);
            return input;
          },
          { concurrency: 4 },
        ),
      )
      .run();
    await expect.poll(() => seen.size, { timeout: 20_000 }).toBeGreaterThan(50);
    await nats.kill();
    await nats.start();
    const report = await running;
    expect(seen.size).toBe(400);
    expect(report.counts.failed).toBe(0);
    expect(await countsOf(at)).toEqual({ read: 400, ok: 400, failed: 0, skipped: 0, ...closed });
  });

  it("that are not on the stream any more are acknowledged for a server that lost the acknowledgement", async () => {
    const at = await publish(1);
    const server = await NatsServer.connect("test", at);
    await ensureConsumer(server, at.stream, { consumer: "workers" });
    const consumer = await server.client.consumers.get(at.stream, "workers");
    await consumer.next();
    const about = { stream: at.stream, created: "", worker: "w", ackWaitMs: 30_000, maxDeliveries: 4, root: undefined };
    const options = { ...about, signal: new AbortController().signal, lookUp: undefined };
    const deliveries = new Deliveries(server, options);
    await deliveries.acknowledgeMissing(await consumer.info());
    expect((await consumer.info()).num_ack_pending).toBe(1);
    // Only a server that was killed at the right moment has deleted the message and lost its acknowledgement.
    vi.spyOn(server.manager.streams, "getMessage").mockResolvedValueOnce(null);
    await deliveries.acknowledgeMissing(await consumer.info());
    await expect.poll(async () => (await consumer.info()).num_ack_pending).toBe(0);
    deliveries.close();
    await server.close();
  });

  it("end with an error if their stream is deleted", async () => {
    const at = await publish(3);
    const seen: string[] = [];
    const server = await NatsServer.connect("test", at);
    const running = flow(jetstream(at))
      .pipe(
        transform((input) => {
          seen.push(input.id);
          return input;
        }),
      )
      .run();
    await expect.poll(() => seen.length).toBe(3);
    await server.manager.streams.delete(at.stream);
    await server.close();
    await expect(running).rejects.toMatchObject({ code: "ERR_STREAM_LOST" });
  });

  it("need a NATS server that answers", async () => {
    const nowhere = { stream: "photos", servers: "nats://someone:secret@127.0.0.1:1" };
    for (const trying of [
      () => streamReport(nowhere),
      () => flow(jetstream(nowhere)).run(),
      () =>
        flow(texts(1))
          .pipe(publishTo("photos", { servers: nowhere.servers }))
          .run(),
    ]) {
      const error = await trying().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "ERR_ENGINE_UNREACHABLE", retryable: true });
      expect(String(error)).toMatch(/no NATS server answers at nats:\/\/127.0.0.1:1 /);
    }
    expect(() => publishTo("a stream")).toThrow(/letters, digits, - and _, got "a stream"/);
  });
});

/** Workers that crash, stop and continue, or compete: what the stream reports is right all the same. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsMsg } from "@nats-io/jetstream";
import { expect, it, onTestFinished } from "vitest";
import { flow, folder, fromIterable, InputError, transform, upload } from "../../src/index.js";
import { jetstream, publishTo, streamReport } from "../../src/jetstream/index.js";
import { NatsServer } from "../../src/jetstream/nats-server.js";
import { partsOf } from "../../src/jetstream/streams.js";
import { Deliveries } from "../../src/jetstream/worker/deliveries.js";
import { bundle } from "../helpers/children.js";
import { jpeg } from "../helpers/files.js";
import { describeWithNats } from "../helpers/nats-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";
import type { WorkerChildOptions } from "../helpers/worker-child.js";

const closed = { pending: 0, inFlight: 0 };

function startWorker(options: WorkerChildOptions): { child: ChildProcess; ended: Promise<number | NodeJS.Signals> } {
  const child = spawn(process.execPath, [bundle("worker-child"), JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ended: once(child, "close").then(([code, signal]) => code ?? signal) };
}

describeWithNats("workers of a stream", (nats) => {
  let streams = 0;
  const fresh = () => {
    streams += 1;
    return { stream: `odd${streams}`, servers: nats.servers };
  };
  const publishFolder = (at: { stream: string; servers: string }, path: string, root?: string) =>
    flow(folder(path))
      .pipe(publishTo(at.stream, { servers: at.servers, root }))
      .run();
  const texts = (at: { stream: string; servers: string }, count: number) =>
    flow(fromIterable(Array.from({ length: count }, (_, n) => ({ id: `t${n}`, text: `text ${n}` }))))
      .pipe(publishTo(at.stream, { servers: at.servers }))
      .run();

  it("get equal names of two folders as two inputs, and a changed file again", async () => {
    const at = fresh();
    const parent = temporaryFolder();
    const [one, other] = ["one/photos", "other/photos"].map((name) => join(parent, name)) as [string, string];
    for (const [path, color] of [[one, "#111111"] as const, [other, "#222222"] as const]) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "a.jpg"), await jpeg(8, 8, color));
    }
    const { app, store } = await openStore();
    const work = (conflict: "skip" | "replace") =>
      flow(jetstream({ ...at, endWhenEmpty: true }))
        .pipe(upload(app, { conflict }))
        .run();

    for (const path of [one, other])
      expect((await publishFolder(at, path)).counts).toMatchObject({ ok: 1, skipped: 0 });
    expect((await publishFolder(at, one)).counts).toMatchObject({ ok: 0, skipped: 1 });
    const both = await work("skip");
    expect(both.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(both.failures[0]?.code).toMatch(/^ERR_ID_(IN_RUN|TAKEN)$/);

    const [before] = store.stored();
    writeFileSync(join(one, "a.jpg"), await jpeg(9, 9, "#333333"));
    expect((await publishFolder(at, one)).counts).toMatchObject({ ok: 1, skipped: 0 });
    expect((await work("replace")).counts).toMatchObject({ read: 1, ok: 1 });
    const [after] = store.stored();
    expect(after?.id).toBe(before?.id);
    expect(after?.sha256).not.toBe(before?.sha256);
  });

  it("fail one input that crashes them, and no other", async () => {
    const at = fresh();
    await texts(at, 120);
    const options = { ...at, ackWaitMs: 1000, maxDeliveries: 4, poison: "t70" };
    let killed = 0;
    while ((await startWorker(options).ended) !== 0) killed += 1;
    const { counts, failures, isDone } = await streamReport(at);
    expect(killed).toBe(4);
    expect(counts).toEqual({ read: 120, ok: 119, failed: 1, skipped: 0, ...closed });
    expect(failures).toMatchObject([{ id: "t70", code: "ERR_MAX_DELIVERIES" }]);
    expect(isDone).toBe(true);
  });

  it("look an input up that crashes them after its upload, and report it as ok", async () => {
    const at = fresh();
    const { app, store } = await openStore();
    await texts(at, 3);
    await flow(fromIterable([{ id: "t1", text: "text 1" }]))
      .pipe(upload(app))
      .run();
    const options = { ...at, ackWaitMs: 1000, maxDeliveries: 2, poison: "t1", baseUrl: store.url };
    while ((await startWorker(options).ended) !== 0);
    expect((await streamReport(at)).counts).toEqual({ read: 3, ok: 3, failed: 0, skipped: 0, ...closed });
    expect(store.stored().every(({ timesStored }) => timesStored === 1)).toBe(true);
  });

  it("report nothing about inputs that others finished while they were stopped", async () => {
    const at = fresh();
    const path = join(temporaryFolder(), "photos");
    mkdirSync(path);
    for (let n = 0; n < 40; n += 1) writeFileSync(join(path, `${n}.jpg`), await jpeg(8, 8));
    await publishFolder(at, path);
    const stopFile = join(temporaryFolder(), "stopped");
    const sleeper = startWorker({ ...at, ackWaitMs: 1000, stopFile });
    await expect.poll(() => existsSync(stopFile)).toBe(true);
    expect((await streamReport(at)).counts.inFlight).toBeGreaterThan(3);
    expect(await startWorker(at).ended).toBe(0);
    const finished = await streamReport(at);
    expect(finished.counts).toEqual({ read: 40, ok: 40, failed: 0, skipped: 0, ...closed });
    rmSync(path, { recursive: true });
    sleeper.child.kill("SIGCONT");
    expect(await sleeper.ended).toBe(0);
    expect((await streamReport(at)).counts).toEqual(finished.counts);
  });

  it("complete the outcome that another worker had decided when it died", async () => {
    const at = fresh();
    await texts(at, 2);
    const server = await NatsServer.connect("test", at);
    onTestFinished(() => server.close());
    const { created } = await server.manager.streams.info(at.stream);
    const record = { sequence: 1, source: "jetstream", origin: "t0", code: "ERR_TEST", stage: "x", attempts: 1 };
    const outcome = { state: "failed", record: { ...record, retryable: false, reason: "decided" } };
    const decided = { delivery: 1, state: "done", tries: 0, losses: 0, outcome, stream: created, worker: "other" };
    const late = { ...decided, stream: "an earlier stream of this name" };
    await flow(jetstream({ ...at, ackWaitMs: 1000 }))
      .pipe(
        transform(async () => {
          throw new InputError("ERR_BUSY", "not now", { retryable: true });
        }),
      )
      .run({ signal: AbortSignal.timeout(500) })
      .catch(() => undefined);
    await server.client.publish(partsOf(at.stream).workers.claim(1), JSON.stringify(decided));
    await server.client.publish(partsOf(at.stream).workers.claim(2), JSON.stringify(late));
    const report = await flow(jetstream({ ...at, endWhenEmpty: true })).run();
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
    const { counts, failures } = await streamReport(at);
    expect(counts).toEqual({ read: 2, ok: 1, failed: 1, skipped: 0, ...closed });
    expect(failures).toMatchObject([{ sequence: 1, reason: "decided" }]);
  });

  it("keep an input that is delivered again while its delivery before is being claimed", async () => {
    const at = fresh();
    await texts(at, 1);
    const server = await NatsServer.connect("test", at);
    onTestFinished(() => server.close());
    const { created } = await server.manager.streams.info(at.stream);
    const stored = await server.manager.streams.getMessage(at.stream, { seq: 1 });
    const common = { stream: at.stream, created, worker: "own", ackWaitMs: 60_000, maxDeliveries: 4 };
    const { signal } = new AbortController();
    const deliveries = new Deliveries(server, { ...common, root: undefined, signal, lookUp: undefined });
    onTestFinished(() => deliveries.close());
    const message = (deliveryCount: number) =>
      ({ seq: 1, data: stored?.data, info: { deliveryCount }, nak: () => undefined }) as unknown as JsMsg;
    const items = await Promise.all([2, 3].map((delivery) => deliveries.add(message(delivery))));
    expect(items.filter((item) => item !== undefined)).toMatchObject([{ input: { id: "t0" } }]);
    expect(deliveries).toMatchObject({ open: 1, waiting: 0 });
  });

  it("are reported as alive, stuck or gone", async () => {
    const at = fresh();
    await texts(at, 1);
    const server = await NatsServer.connect("test", at);
    onTestFinished(() => server.close());
    let finish = () => {};
    const holding = transform(async (input) => {
      await new Promise<void>((resolve) => (finish = resolve));
      return input;
    });
    const running = flow(jetstream({ ...at, endWhenEmpty: true }))
      .pipe(holding)
      .run();
    await expect.poll(async () => (await streamReport(at)).workers.length).toBe(1);
    const [own] = (await streamReport(at)).workers;
    expect(own).toMatchObject({ state: "alive", finished: 0 });
    expect(own?.worker).toMatch(new RegExp(`-${process.pid}$`));
    const beat = {
      worker: "host-1",
      startedAt: new Date(),
      everyMs: 60_000,
      inProgress: 5,
      finished: 7,
      quietMs: 400_000,
    };
    const { workers: part } = partsOf(at.stream);
    await server.client.publish(part.beat("host-1"), JSON.stringify(beat));
    await server.client.publish(part.beat("host-2"), JSON.stringify({ ...beat, worker: "host-2", everyMs: -1 }));
    const report = await streamReport(at);
    const states = Object.fromEntries(report.workers.map(({ worker, state }) => [worker, state]));
    expect(states).toMatchObject({ "host-1": "stuck", "host-2": "gone" });
    expect(report.summary()).toContain("workers: 1 alive, 1 stuck, 1 gone");
    expect(report.summary()).toContain("host-1: stuck, 5 in progress, 7 finished, no outcome for 400 s");
    finish();
    await running;
    expect((await streamReport(at)).workers.map(({ worker }) => worker).sort()).toEqual(["host-1", "host-2"]);
  });

  it("have a consumer that never gives an input up, also if another program created it", async () => {
    const at = fresh();
    await texts(at, 1);
    const server = await NatsServer.connect("test", at);
    onTestFinished(() => server.close());
    const { AckPolicy } = server.packages;
    // With max_deliver, the server would stop to deliver the input after one attempt. It would stay on the stream, and no report would name it.
    await server.manager.consumers.add(at.stream, {
      durable_name: "workers",
      ack_policy: AckPolicy.Explicit,
      max_deliver: 1,
    });
    const failing = transform(() => {
      throw new InputError("ERR_BUSY", "not now", { retryable: true });
    });
    await flow(jetstream({ ...at, endWhenEmpty: true, maxDeliveries: 2 }))
      .pipe(failing)
      .run();
    expect((await server.manager.consumers.info(at.stream, "workers")).config.max_deliver).toBe(-1);
    const { counts, failures } = await streamReport(at);
    expect(counts).toEqual({ read: 1, ok: 0, failed: 1, skipped: 0, ...closed });
    expect(failures).toMatchObject([{ code: "ERR_BUSY", attempts: 2 }]);
  });
});

/** A NATS server that loses a stream, is full, or is of an older release: each fault ends in one clear sentence. */

import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { flow, fromIterable, InputError, transform } from "../../src/index.js";
import { jetstream, publishTo, streamReport } from "../../src/jetstream/index.js";
import { isOlder, NatsServer } from "../../src/jetstream/nats-server.js";
import { partsOf } from "../../src/jetstream/streams.js";
import { describeWithNats } from "../helpers/nats-server.js";

const texts = (count: number) =>
  fromIterable(Array.from({ length: count }, (_, n) => ({ id: `t${n}`, text: `text ${n}` })));

it("compares the versions of servers", () => {
  expect(isOlder("2.9.9", "2.9.10")).toBe(true);
  expect(isOlder("2.10.0", "2.9.10")).toBe(false);
  expect(isOlder("2.9.10-beta.1", "2.9.10")).toBe(false);
  expect(isOlder("1.99.0", "2.9.10")).toBe(true);
});

describeWithNats("a NATS server", (nats) => {
  let streams = 0;
  const fresh = () => {
    streams += 1;
    return { stream: `faulty${streams}`, servers: nats.servers };
  };
  const open = async () => {
    const server = await NatsServer.connect("test", nats);
    onTestFinished(() => server.close());
    return server;
  };
  const publish = (at: { stream: string; servers: string }, source = texts(3), retryForMs = 300_000) =>
    flow(source)
      .pipe(publishTo(at.stream, { servers: at.servers, retryForMs }))
      .run();

  it("that lost the stream ends the publishing", async () => {
    const at = fresh();
    const server = await open();
    const deleting = async function* () {
      yield { id: "a", text: "a" };
      await expect.poll(async () => (await server.manager.streams.info(at.stream)).state.messages).toBe(1);
      await server.manager.streams.delete(at.stream);
      yield { id: "b", text: "b" };
    };
    const text = `publishTo: the stream ${at.stream} was deleted from the NATS server`;
    const error: Error = await publish(at, fromIterable(deleting())).then(
      () => new Error("it ended well"),
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: "ERR_STREAM_LOST" });
    expect(error.message).toContain(text);
  });

  it("that lost the stream of failed inputs ends the worker, and its report", async () => {
    const at = fresh();
    await publish(at);
    const server = await open();
    const failing = transform(async () => {
      await server.manager.streams.delete(partsOf(at.stream).failed.stream).catch(() => undefined);
      throw new InputError("ERR_TEST", "no");
    });
    const running = flow(jetstream({ ...at, endWhenEmpty: true }))
      .pipe(failing)
      .run();
    const expected = { code: "ERR_STREAM_LOST", message: expect.stringContaining(`the stream ${at.stream}-failed`) };
    await expect(running).rejects.toMatchObject(expected);
    await expect(streamReport(at)).rejects.toMatchObject(expected);
  });

  it("that has no space for more messages ends the publishing", async () => {
    const at = fresh();
    await publish(at);
    const server = await open();
    await server.manager.streams.update(at.stream, { max_bytes: 600 });
    const more = fromIterable(Array.from({ length: 5 }, (_, n) => ({ id: `more${n}`, text: "x".repeat(200) })));
    const error: Error = await publish(at, more, 0).then(
      () => new Error("it ended well"),
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: "ERR_ENGINE_FULL" });
    expect(error.message).toMatch(/has no space for messages of the stream faulty\d+ \(maximum bytes exceeded\); free/);
  });

  it("that is older than the tested releases, or replaced by an older one, gives a warning", async () => {
    const proxy = await startProxy(nats.servers, "2.9.10");
    const notices: string[] = [];
    const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      notices.push(String(text));
      return true;
    });
    onTestFinished(() => stderr.mockRestore());
    const server = await NatsServer.connect("jetstream", { servers: proxy.address });
    onTestFinished(() => server.close());
    expect(notices).toEqual([]);
    proxy.version = "2.8.4";
    proxy.cut();
    await expect.poll(() => notices.length).toBe(1);
    expect(notices[0]).toMatch(/^jetstream: the NATS server at .* now has the version 2\.8\.4 instead of 2\.9\.10/);
    const second = await NatsServer.connect("publishTo", { servers: proxy.address });
    onTestFinished(() => second.close());
    expect(notices[1]).toMatch(/^publishTo: .* has the version 2\.8\.4, and Sluice is tested with 2\.9\.10 and later/);
  });

  it("with the streams of 0.1 is used as it is", async () => {
    const at = fresh();
    const server = await open();
    const { skipped } = partsOf(at.stream);
    await server.manager.streams.add({ name: skipped.stream, subjects: [skipped.shared] });
    await publish(at);
    await flow(jetstream({ ...at, endWhenEmpty: true }))
      .pipe(transform((input) => (input.id === "t1" ? undefined : input)))
      .run();
    await server.client.publish(skipped.shared, JSON.stringify({ sequence: 9, origin: "x", reason: "by 0.1" }));
    const { counts, skipped: groups } = await streamReport(at);
    expect(counts).toMatchObject({ read: 3, ok: 1, skipped: 2 });
    expect(groups.map(({ reason }) => reason)).toContain("by 0.1");
  });
});

/** Passes connections to a NATS server, which announces itself with another version. */
async function startProxy(servers: string, version: string) {
  const sockets = new Set<Socket>();
  const proxy = { version, address: "", cut: () => sockets.forEach((socket) => void socket.destroy()) };
  const server: Server = createServer((client) => {
    const upstream = connectSocket(Number(new URL(servers).port), "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    upstream.once("data", (first: Buffer) => {
      client.write(first.toString("latin1").replace(/"version":"[^"]*"/, `"version":"${proxy.version}"`), "latin1");
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.once("close", () => client.destroy());
    client.once("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  proxy.address = `nats://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  onTestFinished(() => {
    proxy.cut();
    server.close();
  });
  return proxy;
}

/** gRPC on HTTP/2: resets, refusals, windows, and the statuses that have a counterpart on REST. */

import { createServer, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ReplayableBody } from "../../../src/clarifai/client/call.js";
import { GrpcConnection, type RpcBody } from "../../../src/clarifai/client/grpc/grpc-connection.js";
import { fateOf } from "../../../src/clarifai/client/reply.js";
import { statusCodeMessage } from "../../../src/clarifai/wire/protobuf/grpc-wire.js";
import { statusCodeAnswer } from "../../helpers/proto-messages.js";

const head = { ":status": 200, "content-type": "application/grpc" };
const ok = statusCodeAnswer({ code: 10000, description: "Ok" });
const answer = Buffer.concat([Buffer.from([0, 0, 0, 0, ok.length]), ok]);

/** Starts a server, and connects to it. */
async function serve(
  handler: (stream: ServerHttp2Stream, count: number) => void,
  { settings = {}, timeoutMs = 10_000 }: { settings?: Settings; timeoutMs?: number } = {},
) {
  const server = createServer({ settings });
  const sessions: ServerHttp2Session[] = [];
  let count = 0;
  server.on("session", (session) => sessions.push(session.on("error", () => undefined)));
  server.on("stream", (stream) =>
    handler(
      stream.on("error", () => undefined),
      ++count,
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const counts = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = new GrpcConnection({ url, pat: "any", timeoutMs }, counts);
  onTestFinished(async () => {
    await connection.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { send: (body: RpcBody, signal?: AbortSignal) => connection.send(body, signal), counts, sessions };
}

function accept(stream: ServerHttp2Stream): void {
  stream.respond(head, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(answer);
}

const question = () => statusCodeMessage() as RpcBody;

/** Makes a body of many chunks, which counts those that were requested. */
function largeBody(chunks: number): { body: RpcBody; requested: () => number } {
  let requested = 0;
  const chunk = Buffer.alloc(64 * 1024);
  function* produce() {
    while (requested < chunks) {
      requested += 1;
      yield chunk;
    }
  }
  const body: ReplayableBody = { ...question(), length: chunks * chunk.length, chunks: produce };
  return { body: body as RpcBody, requested: () => requested };
}

describe("a gRPC request", () => {
  it.each([
    [1, "unknown", 98004],
    [2, "unknown", 98004],
    [3, "final", 11102],
    [4, "unknown", 40032],
    [5, "final", 11101],
    [6, "unknown", 98004],
    [7, "final", 11007],
    [8, "throttled", 11005],
    [9, "final", 11102],
    [10, "unknown", 98004],
    [11, "final", 11102],
    [12, "final", 10040],
    [13, "unknown", 98004],
    [14, "unknown", 40031],
    [15, "unknown", 98004],
    [16, "final", 11002],
    [99, "unknown", 98004],
  ])("that ends with status %i is %s", async (code, fate, status) => {
    const { send } = await serve((stream) => {
      stream.respond({ ...head, "grpc-status": String(code), "grpc-message": "gr%C3%BC%C3%9Fe" }, { endStream: true });
    });
    const reply = await send(question());
    expect([fateOf(reply), reply.status]).toMatchObject([fate, { code: status, details: "grüße" }]);
  });

  it.each([
    "Received message larger than max (5242880 vs. 4194304)",
    "grpc: received message larger than max (5242880 vs. 4194304)",
    "gRPC message exceeds maximum size 4194304: 5242880",
  ])("that is too large is not throttled: %s", async (message) => {
    const { send } = await serve((stream) =>
      stream.respond({ ...head, "grpc-status": "8", "grpc-message": message }, { endStream: true }),
    );
    const reply = await send(question());
    expect([fateOf(reply), reply.status?.code]).toEqual(["final", 40033]);
  });

  it.each([
    ["Retry-After in the trailers", { "retry-after": "7" }, 7000],
    ["a pushback", { "grpc-retry-pushback-ms": "1500" }, 1500],
  ])("waits for %s", async (_, trailers, ms) => {
    const { send } = await serve((stream) => {
      stream.respond(head, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers, "grpc-status": "8" }));
      stream.end();
    });
    expect(await send(question())).toMatchObject({ status: { code: 11005 }, retryAfterMs: ms });
  });

  it("was not done if its stream was refused, or came after a GOAWAY", async () => {
    const { send, sessions } = await serve((stream, count) => {
      if (count === 1) stream.close(7);
      else if (count === 2) stream.session?.goaway(0, Math.max(0, Number(stream.id) - 2));
      else accept(stream);
    });
    for (let n = 0; n < 2; n += 1) expect(fateOf(await send(question()))).toBe("not-done");
    expect(fateOf(await send(question()))).toBe("final");
    expect(sessions).toHaveLength(2);
  });

  it.each([0, 2, 8, 11])("has an unknown outcome if its stream is reset with code %i", async (code) => {
    const { send } = await serve((stream) => stream.close(code));
    expect(fateOf(await send(question()))).toBe("unknown");
  });

  it("has an unknown outcome if the trailers are lost, although its message came", async () => {
    const { send } = await serve((stream) => {
      stream.respond(head);
      stream.end(answer);
    });
    const reply = await send(question());
    expect(fateOf(reply)).toBe("unknown");
    expect(String(reply.lost)).toContain("ended without its status");
  });

  it("was not done if the server does not speak HTTP/2", async () => {
    const { createServer: createPlain } = await import("node:http");
    const plain = createPlain((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
    const counts = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
    const connection = new GrpcConnection({ url, pat: "any" }, counts);
    onTestFinished(async () => {
      await connection.close();
      plain.closeAllConnections();
      plain.close();
    });
    expect(await connection.send(question(), undefined)).toMatchObject({ notDone: true, isGrpc: false });
  });

  it("reads no more of its body than the windows of the server allow", async () => {
    let streams: ServerHttp2Stream[] = [];
    const { send } = await serve((stream) => (streams = [...streams, stream]));
    const { body, requested } = largeBody(1000);
    const sending = send(body);
    await expect.poll(() => streams.length).toBe(1);
    // The window has 64 KB, and one more chunk waits for it.
    await expect.poll(requested).toBeGreaterThanOrEqual(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(requested()).toBeLessThanOrEqual(3);
    const [stream] = streams;
    stream?.resume().on("end", () => accept(stream));
    expect(fateOf(await sending)).toBe("final");
    expect(requested()).toBe(1000);
  });

  it("ends if the window never opens, and the next one gets another connection", async () => {
    const { send, sessions } = await serve(
      (stream, count) => {
        if (count > 1) stream.resume().on("end", () => accept(stream));
      },
      { timeoutMs: 100 },
    );
    const reply = await send(largeBody(10).body);
    expect([fateOf(reply), String(reply.lost)]).toEqual(["unknown", "Error: no progress within 100 ms"]);
    expect(fateOf(await send(question()))).toBe("final");
    expect(sessions).toHaveLength(2);
  });

  it("stops sending when the server answers early", async () => {
    const { send } = await serve((stream) => stream.respond({ ...head, "grpc-status": "8" }, { endStream: true }));
    const { body, requested } = largeBody(10_000);
    expect(fateOf(await send(body))).toBe("throttled");
    expect(requested()).toBeLessThan(10_000);
  });

  it("resets its stream when it is aborted, and rejects with the reason", async () => {
    const resets: number[] = [];
    const abort = new AbortController();
    const { send } = await serve((stream) => {
      stream.on("close", () => resets.push(stream.rstCode));
      setTimeout(() => abort.abort(new Error("enough")), 20); // an earlier abort would open no stream
    });
    const sending = send(largeBody(10).body, abort.signal);
    await expect(sending).rejects.toThrow("enough");
    await expect.poll(() => resets).toEqual([8]);
  });

  it("resets its stream when its body throws, and rejects with that error", async () => {
    let complete = 0;
    const resets: number[] = [];
    const { send } = await serve((stream) => {
      stream.resume().on("end", () => (complete += stream.rstCode === 0 ? 1 : 0));
      stream.on("close", () => resets.push(stream.rstCode));
    });
    function* produce() {
      yield Buffer.alloc(70_000);
      throw new Error("the file changed");
    }
    await expect(send({ ...question(), length: 100_000, chunks: produce })).rejects.toThrow("the file changed");
    await expect.poll(() => resets).toEqual([8]);
    expect(complete).toBe(0);
  });
});

/** Uploads over gRPC: the same inputs as over REST, larger batches, limits that a server names, and the choice of the wire. */

import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import {
  type App,
  batch,
  type ConnectOptions,
  connect,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  upload,
} from "../../src/index.js";
import { exampleBytes } from "../helpers/files.js";
import { type GrpcFrontOptions, serveGrpc } from "../helpers/grpc-front.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const put = (app: App, inputs: readonly InputDraft[]) => flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
const notes = (count: number): InputDraft[] => Array.from({ length: count }, (_, n) => ({ id: `n${n}`, text: `${n}` }));
/** Makes an image of a size: zeros after its end change nothing. */
const image = (id: string, bytes: number): InputDraft => {
  const picture = exampleBytes("harbour/quay.jpg");
  return { id, image: { bytes: Buffer.concat([picture, Buffer.alloc(bytes - picture.length)]) } };
};

async function connected(options: ConnectOptions): Promise<App> {
  const app = await connect({ pat: "any", ...options });
  onTestFinished(() => app.close());
  return app;
}

/** Starts an emulator with a gRPC server before it. */
async function openFront(options: Partial<GrpcFrontOptions> = {}) {
  const { store } = await openStore();
  const front = await serveGrpc({ target: store.url, ...options });
  onTestFinished(() => front.close());
  return { store, front };
}

describe("an upload over gRPC", () => {
  it("stores what an upload over REST stores, in the emulator's own gRPC server", async () => {
    const inputs: InputDraft[] = [
      { id: "image", image: { bytes: exampleBytes("harbour/quay.jpg") }, text: "grüße 😀", datasets: ["train"] },
      { id: "audio", audio: { bytes: exampleBytes("media/foghorn.wav") } },
      { id: "video", video: { bytes: exampleBytes("media/ferry.mp4") }, concepts: [{ id: "boat", value: 0 }] },
      {
        id: "text",
        text: "calm sea",
        metadata: { list: [1, "two", null, { deep: true }], ключ: -1.5e300 },
        geo: { longitude: 4.48, latitude: 51.92 },
        annotations: [{ id: "x", concepts: [{ id: "calm" }] }],
      },
    ];
    const stored = [];
    for (const wire of ["rest", "grpc"] as const) {
      const store = await startEmulator({ data: temporaryFolder(), grpcPort: 0 });
      onTestFinished(() => store.close());
      const options = wire === "rest" ? {} : { grpcUrl: String(store.grpcUrl) };
      const app = await connected({ baseUrl: store.url, wire, ...options });
      expect((await put(app, inputs)).counts).toMatchObject({ ok: 4 });
      const listed = await Promise.all(inputs.map(({ id }) => app.getInput(String(id))));
      const strip = (text: string) =>
        text.replaceAll(store.url, "").replaceAll(/"(hosted|created_at|modified_at)":("[^"]*"|\{[^}]*\})/g, "");
      stored.push({
        rows: store
          .stored()
          .sort((one, other) => one.id.localeCompare(other.id))
          .map(({ id, kind, sha256, metadata, statusCode }) => ({ id, kind, sha256, metadata, statusCode })),
        listed: listed.map(({ id, data }) =>
          strip(JSON.stringify({ id, data: { ...data, image: undefined, video: undefined, audio: undefined } })),
        ),
      });
    }
    expect(stored[1]).toEqual(stored[0]);
  });

  it("reports its wire", async () => {
    const { store, front } = await openFront();
    for (const wire of ["grpc", "rest"] as const) {
      const grpcUrl = wire === "grpc" ? front.url : undefined;
      const report = await put(await connected({ baseUrl: store.url, wire, grpcUrl }), notes(1));
      expect(report.targets).toMatchObject([{ wire }]);
      expect(report.summary().includes("over gRPC")).toBe(wire === "grpc");
    }
    expect(front.requests).toHaveLength(1);
  });

  it("measures its batches as gRPC carries them: 12 files of 10 MB instead of 9", async () => {
    const { store, front } = await openFront();
    const inputs = Array.from({ length: 12 }, (_, n) => image(`i${n}`, 10_000_000));
    const app = await connected({ baseUrl: store.url, wire: "grpc", grpcUrl: front.url });
    for (const before of [[batch()], []]) {
      const plan = await flow(fromIterable(inputs))
        .pipe(...(before as []), upload(app))
        .plan();
      expect(plan.requests).toBe(1);
    }
    const rest = await connected({ baseUrl: store.url, wire: "rest" });
    for (const before of [[batch()], []]) {
      const plan = await flow(fromIterable(inputs))
        .pipe(...(before as []), upload(rest))
        .plan();
      expect(plan.requests).toBe(2);
    }
  });

  it("makes its requests smaller after the server refused one that was too large", async () => {
    const { store, front } = await openFront({ maxMessageBytes: 250_000 });
    const app = await connected({ baseUrl: store.url, wire: "grpc", grpcUrl: front.url });
    const report = await put(
      app,
      Array.from({ length: 20 }, (_, n) => image(`i${n}`, 60_000)),
    );
    expect(report.counts).toMatchObject({ read: 20, ok: 20 });
    expect(store.stored()).toHaveLength(20);
    expect(Math.max(...front.messageBytes)).toBeLessThanOrEqual(250_000);
    const small = front.messageBytes.length;
    expect(small).toBeLessThanOrEqual(8);
    expect(front.requests.length - small).toBe(1);
  });

  it("fails an input alone that no message of the server can have", async () => {
    const { store, front } = await openFront({ maxMessageBytes: 250_000 });
    const app = await connected({ baseUrl: store.url, wire: "grpc", grpcUrl: front.url });
    const report = await put(app, [...notes(3), { id: "large", text: "x".repeat(300_000) }]);
    expect(report.counts).toMatchObject({ ok: 3, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "large", code: "40033" }]);
  });

  it("repeats a batch after a changed file, without it", async () => {
    const { store, front } = await openFront();
    const app = await connected({ baseUrl: store.url, wire: "grpc", grpcUrl: front.url });
    const path = join(temporaryFolder(), "gone.jpg");
    const gone: InputDraft = { id: "gone", image: { path, sizeBytes: 100, mimeType: "image/jpeg" } };
    const report = await put(app, [{ id: "image", image: { bytes: exampleBytes("harbour/quay.jpg") } }, gone]);
    expect(report.failures).toMatchObject([{ id: "gone", code: "ERR_FILE_UNREADABLE" }]);
    expect(store.stored()).toMatchObject([{ id: "image", timesStored: 1 }]);
  });

  it("sends nothing in a dry run", async () => {
    const { store, front } = await openFront();
    const app = await connected({ baseUrl: store.url, wire: "auto", grpcUrl: front.url });
    const plan = await flow(fromIterable(notes(300)))
      .pipe(upload(app))
      .plan();
    expect([plan.requests, front.sessions, store.stored()]).toEqual([3, 0, []]);
  });
});

describe('an upload with the wire "auto"', () => {
  it("uses gRPC if the server answers, and asks only once", async () => {
    const { store, front } = await openFront();
    const app = await connected({ baseUrl: store.url, grpcUrl: front.url });
    for (let n = 0; n < 2; n += 1) {
      const report = await put(app, [image(`a${n}`, 6000)]);
      expect(report.targets).toMatchObject([{ wire: "grpc" }]);
      expect(report.targets[0]?.note).toBeUndefined();
    }
    expect(front.requests).toHaveLength(2);
  });

  it("sends texts over REST, and images of the same run over gRPC", async () => {
    const { store, front } = await openFront();
    const app = await connected({ baseUrl: store.url, grpcUrl: front.url });
    const texts = await put(app, notes(3));
    expect(texts.targets).toMatchObject([{ wire: "rest" }]);
    expect([texts.targets[0]?.note, front.requests]).toEqual([undefined, []]);
    const both = await put(app, [{ id: "t", text: "calm" }, image("i", 6000)]);
    expect(both.targets).toMatchObject([{ wire: "grpc" }]);
    expect([both.counts.ok, front.requests.length, store.stored().length]).toEqual([2, 1, 5]);
    expect((await put(app, [{ id: "later", text: "calm" }])).targets).toMatchObject([{ wire: "rest" }]);
  });

  it("uses REST if nothing listens for gRPC, and says so in the report", async () => {
    const { store } = await openStore();
    const app = await connected({ baseUrl: store.url, grpcUrl: "http://127.0.0.1:9" });
    const report = await put(app, notes(200));
    expect(report.counts).toMatchObject({ ok: 200 });
    expect(report.targets).toMatchObject([
      { wire: "rest", note: expect.stringMatching(/REST, not gRPC: .*127\.0\.0\.1:9/) },
    ]);
    expect(report.summary()).toContain("uploads use REST, not gRPC");
  });

  it("uses REST if the server speaks HTTP/1 only", async () => {
    const { store } = await openStore();
    const app = await connected({ baseUrl: store.url, wire: "auto" });
    expect((await put(app, notes(3))).targets).toMatchObject([{ wire: "rest", note: expect.any(String) }]);
  });

  it("uses REST if the server speaks gRPC and does not have the service", async () => {
    const { store } = await openStore();
    const { Server, ServerCredentials } = await import("@grpc/grpc-js");
    const other = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      other.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    onTestFinished(() => other.forceShutdown());
    const app = await connected({ baseUrl: store.url, grpcUrl: `http://127.0.0.1:${port}` });
    const report = await put(app, notes(3));
    expect(report.targets).toMatchObject([{ wire: "rest", note: expect.stringContaining("UNIMPLEMENTED") }]);
  });

  it("uses REST if a server accepts connections and stays silent", async () => {
    const { store } = await openStore();
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const grpcUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const app = await connected({ baseUrl: store.url, grpcUrl, timeoutMs: 300 });
    const report = await put(app, notes(3));
    expect(report.targets).toMatchObject([{ wire: "rest", note: expect.stringContaining("no answer within 300 ms") }]);
  });

  it("splits batches that it measured for gRPC when it falls back to REST", async () => {
    const { store } = await openStore();
    const app = await connected({ baseUrl: store.url, grpcUrl: "http://127.0.0.1:9" });
    const inputs = Array.from({ length: 12 }, (_, n) => image(`i${n}`, 10_000_000));
    const report = await flow(fromIterable(inputs))
      .pipe(upload(app, { wait: false }))
      .run();
    expect(report.counts).toMatchObject({ ok: 12 });
    expect(store.stored()).toHaveLength(12);
  });
});

describe("connect", () => {
  it("uses REST for a server without an address for gRPC", async () => {
    const { store } = await openStore();
    const app = await connected({ baseUrl: store.url });
    expect(app.wire.current.name).toBe("rest");
  });

  it("counts on gRPC for the platform until it has asked", async () => {
    const app = await connected({ userId: "me", appId: "photos" });
    expect(app.wire.current.name).toBe("grpc");
  });

  it.each([
    [{ data: "./none", wire: "grpc" }, "needs a server"],
    [{ data: "./none", grpcUrl: "http://127.0.0.1:1" }, "needs a server"],
    [{ baseUrl: "http://127.0.0.1:1", wire: "rest", grpcUrl: "http://127.0.0.1:1" }, "pass one of them"],
    [{ baseUrl: "https://127.0.0.1:1", wire: "grpc", grpcUrl: "http://example.com:1" }, "unencrypted"],
    [{ baseUrl: "https://127.0.0.1:1", wire: "grpc", grpcUrl: "nowhere" }, "grpcUrl"],
  ] as [ConnectOptions, string][])("refuses %j", async (options, text) => {
    await expect(connect({ ...options, ...(options.data === undefined ? { pat: "any" } : {}) })).rejects.toThrow(text);
  });
});

it("uploads a folder over gRPC", async () => {
  const { store, front } = await openFront();
  const app = await connected({ baseUrl: store.url, wire: "grpc", grpcUrl: front.url });
  const report = await flow(folder("examples/data/harbour")).pipe(upload(app)).run();
  expect(report.counts.ok).toBeGreaterThan(2);
  expect(report.counts).toMatchObject({ ok: report.counts.read });
});

/** Uploads to a server that refuses requests and inputs for a while: exact, and never too early. */

import { describe, expect, it, onTestFinished } from "vitest";
import { App } from "../../src/clarifai/client/app.js";
import { Transport } from "../../src/clarifai/client/transport.js";
import type { Clock } from "../../src/core/net/clock.js";
import { connect, flow, fromIterable, upload } from "../../src/index.js";
import { loadGrpc } from "../helpers/load-grpc.js";
import { RefusingServer, type RefusingServerOptions, refusesAtRandom } from "../helpers/refusing-server.js";
import { type Wire, wireOptions, wires } from "../helpers/store.js";

async function serve(options: Partial<RefusingServerOptions>) {
  const server = new RefusingServer({ refuse: () => undefined, ...options });
  const baseUrl = await server.listen();
  onTestFinished(() => server.close());
  return { server, baseUrl };
}

/** Connects with a client whose waits pass at once. */
async function impatient(wire: Wire, baseUrl: string): Promise<App> {
  const { grpcUrl } = await wireOptions(wire, baseUrl);
  const { grpc, choice } = grpcUrl === undefined ? { grpc: undefined, choice: undefined } : loadGrpc(grpcUrl);
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
  const app = new App(new Transport({ baseUrl, pat: "any", grpc }, clock), {
    wire: choice,
    userId: "me",
    appId: "main",
    baseUrl,
    pat: "any",
  });
  onTestFinished(() => app.close());
  return app;
}

const notes = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `note-${n}`, text: `note ${n}` }));

describe.each(wires)("an upload over %s", (wire) => {
  it.each([
    ["a number of seconds", false],
    ["a date", true],
  ])(
    "is exact and never early while one request in five is refused for %s",
    { timeout: 120_000 },
    async (_, asDate) => {
      const { server, baseUrl } = await serve({ refuse: refusesAtRandom(0.2, 1, asDate) });
      const app = await connect({ baseUrl, pat: "any", ...(await wireOptions(wire, baseUrl)) });
      onTestFinished(() => app.close());
      const report = await flow(fromIterable(notes(3000)))
        .pipe(upload(app))
        .run();
      expect(report.counts).toMatchObject({ read: 3000, ok: 3000 });
      expect(server.inputs.size).toBe(3000);
      expect(server).toMatchObject({ duplicates: 0, early: 0 });
      expect(server.refused).toBeGreaterThan(0);
      expect(server.requests).toBeLessThan(70);
    },
  );

  it("sends an input again that fails more than five times in a row", async () => {
    const later = { code: 98006, description: "Try again later" };
    const statusOf = (id: string, posts: number) => (id === "note-1" && posts < 9 ? later : { code: 30000 });
    const { server, baseUrl } = await serve({ statusOf });
    const report = await flow(fromIterable(notes(3)))
      .pipe(upload(await impatient(wire, baseUrl)))
      .run();
    expect(report.counts).toMatchObject({ ok: 3 });
    expect(server.requests).toBeGreaterThanOrEqual(10);
  });

  it("gives an input up that fails for retryForMs, with its reason", async () => {
    const statusOf = (id: string) => (id === "note-1" ? { code: 98006, description: "Later" } : { code: 30000 });
    const { baseUrl } = await serve({ statusOf });
    const sink = upload(await impatient(wire, baseUrl), { retryForMs: 50 });
    const report = await flow(fromIterable(notes(3)))
      .pipe(sink)
      .run();
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "note-1", code: "98006", retryable: true }]);
  });

  it.each([
    ["ERR_WAIT_TOO_LONG", { http: 429, headers: { "retry-after": "3600" } }],
    [
      "ERR_RATE_TOO_LOW",
      { http: 429, json: { status: { code: 11005, details: "exceeded limit of 0.001 requests per second" } } },
    ],
    ["ERR_WAIT_TOO_LONG", { http: 503, json: { status: { code: 99009 } }, headers: { "retry-after": "3600" } }],
  ])("fails its inputs at once with %s", async (code, refusal) => {
    const { server, baseUrl } = await serve({ refuse: () => refusal });
    const app = await connect({ baseUrl, pat: "any", ...(await wireOptions(wire, baseUrl)) });
    onTestFinished(() => app.close());
    const report = await flow(fromIterable(notes(300)))
      .pipe(upload(app))
      .run();
    expect(report.counts).toMatchObject({ failed: 300 });
    expect(new Set(report.failures.map((failure) => `${failure.code} ${failure.retryable}`))).toEqual(
      new Set([`${code} true`]),
    );
    expect(server.requests).toBeLessThan(8);
  });
});

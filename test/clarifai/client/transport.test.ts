/** The transport: what it retries, when it reports an unknown outcome, and what its errors say. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Transport } from "../../../src/clarifai/client/transport.js";
import { statusCodeMessage } from "../../../src/clarifai/wire/protobuf/grpc-wire.js";
import { ApiError } from "../../../src/index.js";
import { loadGrpc } from "../../helpers/load-grpc.js";
import { quickClock, serve } from "../../helpers/serve-wire.js";
import { wires } from "../../helpers/store.js";

const ok = { status: { code: 10000, description: "Ok", req_id: "r1" } };

async function errorOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe.each(wires)("transport over %s", (wire) => {
  it("sends the key, and reads the status of the envelope", async () => {
    const { call } = await serve(wire, ({ answer, headers }) => {
      expect(headers.authorization).toBe("Key secret-key");
      answer(200, ok);
    });
    const { status, attempts } = await call("GET", "/v2/x", { query: { ids: ["a b", "c"], page: 2 } });
    expect(status).toMatchObject({ code: 10000, reqId: "r1" });
    expect(attempts).toBe(1);
  });

  it.each([
    ["429 with 11005", 429, { status: { code: 11005, details: "exceeded limit of 15 requests per second" } }],
    ["11005 as a name", 200, { status: { code: "CONN_THROTTLED" } }],
  ])("retries a POST that was throttled: %s", async (_, http, json) => {
    const { call, transport, requests } = await serve(wire, ({ answer, count }) =>
      count < 3 ? answer(http, json) : answer(200, ok),
    );
    const { attempts } = await call("POST", "/v2/x");
    expect(attempts).toBe(3);
    expect(requests()).toBe(3);
    expect(transport.counts).toMatchObject({ requests: 3, retries: 2, throttled: 2 });
  });

  it("waits as long as Retry-After says", async () => {
    const { call, clock } = await serve(wire, ({ answer, count }) =>
      count === 1 ? answer(429, { status: { code: 11005 } }, { "retry-after": "7" }) : answer(200, ok),
    );
    await call("GET", "/v2/x");
    expect(Math.max(...clock.waited)).toBeGreaterThanOrEqual(7000);
  });

  it("waits until the date of Retry-After, by the clock of the server", async () => {
    const { call, clock } = await serve(wire, ({ answer, count }) => {
      const date = new Date(Date.UTC(2001, 0, 1)).toUTCString();
      const later = new Date(Date.UTC(2001, 0, 1, 0, 3)).toUTCString();
      if (count === 1) answer(429, { status: { code: 11005 } }, { date, "retry-after": later });
      else answer(200, ok);
    });
    await call("GET", "/v2/x");
    expect(clock.now()).toBeGreaterThanOrEqual(180_000);
    expect(clock.now()).toBeLessThan(182_000);
  });

  it("sends nothing during the wait, and no probe while the server is down", async () => {
    const sentAt: number[] = [];
    const { call, clock } = await serve(wire, ({ answer, count }) => {
      sentAt.push(clock.now());
      if (count <= 5) answer(503, { status: { code: 99009 } }, count === 5 ? { "retry-after": "10" } : {});
      else answer(200, ok);
    });
    await call("GET", "/v2/x");
    expect(sentAt).toHaveLength(6);
    expect(Number(sentAt[5]) - Number(sentAt[4])).toBeGreaterThanOrEqual(10_000);
  });

  it.each([
    [
      "Retry-After: 3600",
      { "retry-after": "3600" },
      undefined,
      "ERR_WAIT_TOO_LONG",
      /60 min|1 h.*retryForMs allows \(5 min\)/,
    ],
    [
      "a rate of 0.003 a second",
      {},
      "limit of 0.003 requests per second",
      "ERR_WAIT_TOO_LONG",
      /5 min 33 s|5 min 34 s/,
    ],
    [
      "a rate of 5 an hour",
      {},
      "limit of 5 requests per hour",
      "ERR_RATE_TOO_LOW",
      /less than one request in 10 minutes/,
    ],
    ["a rate of 0 a second", {}, "limit of 0 requests per second", "ERR_RATE_TOO_LOW", /allows 0 requests/],
  ] as [string, Record<string, string>, string | undefined, string, RegExp][])(
    "fails all calls at once for %s, and sends none of them",
    async (_, sent, details, code, text) => {
      const { call, clock, requests } = await serve(wire, ({ answer }) =>
        answer(429, { status: { code: 11005, details } }, sent),
      );
      const calls = Array.from({ length: 40 }, () => errorOf(call("POST", "/v2/x")));
      for (const error of await Promise.all(calls)) {
        expect(error).toMatchObject({ code, retryable: true, outcomeUnknown: false });
        expect(error.message).toMatch(text);
      }
      expect(requests()).toBeLessThanOrEqual(4);
      expect(clock.now()).toBeLessThan(5000);
    },
  );

  it("fails a POST of unknown outcome with the reason of a wait that is too long", async () => {
    const busy = { status: { code: 99009, description: "Internal error" } };
    const { call } = await serve(wire, ({ answer }) => answer(503, busy, { "retry-after": "3600" }));
    const error = await errorOf(call("POST", "/v2/x"));
    expect(error).toMatchObject({
      code: "ERR_WAIT_TOO_LONG",
      retryable: true,
      outcomeUnknown: true,
      httpStatus: wire === "rest" ? 503 : 200,
    });
  });

  it("sends again when a wait that was too long is over", async () => {
    const { call, clock } = await serve(wire, ({ answer, count }) =>
      count === 1 ? answer(429, { status: { code: 11005 } }, { "retry-after": "400" }) : answer(200, ok),
    );
    await errorOf(call("GET", "/v2/x"));
    await errorOf(call("GET", "/v2/x"));
    await clock.sleep(402_000);
    expect((await call("GET", "/v2/x")).status.code).toBe(10000);
  });

  it("gives a call up that fails for retryForMs, although others succeed", async () => {
    const { call } = await serve(wire, ({ answer, path }) =>
      path === "/v2/bad" ? answer(500, { status: { code: 98004 } }) : answer(200, ok),
    );
    let over = false;
    const bad = errorOf(call("GET", "/v2/bad")).finally(() => (over = true));
    while (!over) await call("GET", "/v2/good");
    expect(await bad).toMatchObject({ code: "98004" });
  });

  it.each([500, 502, 503, 504])("retries what can be sent twice after %s, and not a POST", async (http) => {
    const { call, requests } = await serve(wire, ({ answer, count }) =>
      count % 2 === 1 ? answer(http, { status: { code: 98004 } }) : answer(200, ok),
    );
    expect((await call("PATCH", "/v2/x")).attempts).toBe(2);
    const error = await errorOf(call("POST", "/v2/x"));
    expect(error).toMatchObject({ code: "98004", outcomeUnknown: true, httpStatus: wire === "rest" ? http : 200 });
    expect(requests()).toBe(3);
  });

  it("reports the outcome of a POST as unknown if its answer is cut, unreadable or breaks off", async () => {
    const { call } = await serve(wire, ({ count, cut, garbage, breakOff }) => {
      if (count === 1) cut();
      else if (count === 2) garbage();
      else breakOff();
    });
    const codes: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const error = await errorOf(call("POST", "/v2/x"));
      expect(error.outcomeUnknown).toBe(true);
      codes.push(error.code);
    }
    expect(codes).toEqual(["ERR_ANSWER_LOST", "ERR_NOT_THE_API", "ERR_ANSWER_LOST"]);
  });

  it("does not retry what is final, and names code, details and request id", async () => {
    const { call, requests } = await serve(wire, ({ answer }) =>
      answer(400, { status: { code: 11102, description: "Invalid request", details: "no", req_id: "r9" } }),
    );
    const result = await call("GET", "/v2/x");
    expect(result.status).toEqual({ code: 11102, description: "Invalid request", details: "no", reqId: "r9" });
    expect(requests()).toBe(1);
  });

  it("gives up a server that cannot be reached, and says which", async () => {
    const clock = quickClock();
    const baseUrl = "http://127.0.0.1:9";
    const transport = new Transport({ baseUrl, pat: "secret-key", grpc: loadGrpc(baseUrl).grpc }, clock);
    onTestFinished(() => transport.close());
    const body = wire === "rest" ? {} : { body: statusCodeMessage() };
    const error = await errorOf(transport.call("POST", "/v2/x", body));
    expect(error).toMatchObject({ code: "ERR_SERVER_UNREACHABLE", outcomeUnknown: false, retryable: true });
    expect(error.message).toContain("http://127.0.0.1:9");
    expect(error.attempts).toBeGreaterThan(2);
    expect(clock.now()).toBeLessThan(60_000);
  });

  it("continues after the first minute of a server that answers with errors", async () => {
    const busy = { status: { code: 99009, description: "Internal error" } };
    const { call, clock } = await serve(wire, ({ answer }) =>
      clock.now() < 60_000 ? answer(503, busy) : answer(200, ok),
    );
    expect((await call("GET", "/v2/x")).status.code).toBe(10000);
    expect(clock.now()).toBeGreaterThan(60_000);
  });

  it("continues after a minute of errors of a server that had answered before", async () => {
    const { call, clock } = await serve(wire, ({ answer, count }) =>
      count > 1 && clock.now() < 60_000 ? answer(503, {}) : answer(200, ok),
    );
    await call("GET", "/v2/x");
    const { attempts } = await call("GET", "/v2/x");
    expect(attempts).toBeGreaterThan(3);
  });

  it("stops waiting when it is aborted", async () => {
    const { call, transport } = await serve(wire, ({ answer }) => answer(503, {}));
    const abort = new AbortController();
    const waiting = call("GET", "/v2/x", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(transport.pacer.open).toBe(0);
  });

  it("refuses an answer without end", async () => {
    const { call } = await serve(wire, ({ endless }) => endless(), { retryForMs: 0 });
    const error = await errorOf(call("POST", "/v2/x"));
    expect(String(error.message)).toMatch(/more than \d+ bytes/);
  });

  it("keeps the key out of its errors", async () => {
    const { call } = await serve(wire, ({ cut }) => cut(), { retryForMs: 0 });
    const error = await errorOf(call("POST", "/v2/x"));
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain("secret-key");
  });
});

describe("transport", () => {
  it("fails all other calls when it gives a server up, and sends again once the server answers", async () => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.end(JSON.stringify(ok)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const clock = quickClock();
    const transport = new Transport({ baseUrl: `http://127.0.0.1:${port}`, pat: "any" }, clock);
    onTestFinished(() => transport.close());
    await errorOf(transport.call("GET", "/v2/x"));
    const before = clock.now();
    const calls = Array.from({ length: 200 }, () => errorOf(transport.call("POST", "/v2/x", { json: {} })));
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: "ERR_SERVER_UNREACHABLE", outcomeUnknown: false, retryable: true });
    }
    expect(clock.now() - before).toBeLessThan(10_000);
    expect(transport.counts.requests).toBeLessThan(40);

    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    await clock.sleep(1000);
    expect((await transport.call("GET", "/v2/x")).status.code).toBe(10000);
    server.closeAllConnections();
  });

  it("asks a server again at the start of the next run, although the run before gave it up", async () => {
    let isDown = true;
    const { transport } = await serve("rest", ({ answer, cut }) => {
      if (isDown) cut();
      else answer(200, ok, { "x-sluice-store": "s1" });
    });
    await errorOf(transport.storeOfServer());
    isDown = false;
    expect(await transport.storeOfServer()).toBe("s1");
  });
});

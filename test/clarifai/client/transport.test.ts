/** The transport: what it retries, when it reports an unknown outcome, and what its errors say. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Transport, type TransportOptions } from "../../../src/clarifai/client/transport.js";
import type { Clock } from "../../../src/core/net/clock.js";
import { ApiError } from "../../../src/index.js";

const ok = { status: { code: 10000, description: "Ok", req_id: "r1" } };

/** A clock whose waits pass at once; it adds them up. */
function quickClock(): Clock & { waited: number[] } {
  let now = 0;
  const waited: number[] = [];
  return {
    waited,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waited.push(ms);
      now += ms;
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function serve(handler: Handler, options: Partial<TransportOptions> = {}) {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => handler(request, response, ++count));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const clock = quickClock();
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = new Transport({ baseUrl, pat: "secret-key", ...options }, clock);
  onTestFinished(async () => {
    await transport.close();
    server.closeAllConnections();
    server.close();
  });
  return { transport, clock, requests: () => count };
}

function answer(response: ServerResponse, http: number, json: unknown, headers: Record<string, string> = {}) {
  response.writeHead(http, { "content-type": "application/json", ...headers }).end(JSON.stringify(json));
}

async function errorOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe("transport", () => {
  it("sends the key, and reads the status of the envelope", async () => {
    const { transport } = await serve((request, response) => {
      expect(request.headers.authorization).toBe("Key secret-key");
      answer(response, 200, ok);
    });
    const { status, attempts } = await transport.call("GET", "/v2/x", { query: { ids: ["a b", "c"], page: 2 } });
    expect(status).toMatchObject({ code: 10000, reqId: "r1" });
    expect(attempts).toBe(1);
  });

  it.each([
    ["429 with 11005", 429, { status: { code: 11005, details: "exceeded limit of 15 requests per second" } }],
    ["11005 as a name", 200, { status: { code: "CONN_THROTTLED" } }],
  ])("retries a POST that was throttled: %s", async (_, http, json) => {
    const { transport, requests } = await serve((_request, response, count) =>
      count < 3 ? answer(response, http, json) : answer(response, 200, ok),
    );
    const { attempts } = await transport.call("POST", "/v2/x", { json: {} });
    expect(attempts).toBe(3);
    expect(requests()).toBe(3);
    expect(transport.counts).toMatchObject({ requests: 3, retries: 2, throttled: 2 });
  });

  it("waits as long as Retry-After says", async () => {
    const { transport, clock } = await serve((_request, response, count) =>
      count === 1
        ? answer(response, 429, { status: { code: 11005 } }, { "retry-after": "7" })
        : answer(response, 200, ok),
    );
    await transport.call("GET", "/v2/x");
    expect(Math.max(...clock.waited)).toBeGreaterThanOrEqual(7000);
  });

  it("waits until the date of Retry-After, by the clock of the server", async () => {
    const { transport, clock } = await serve((_request, response, count) => {
      const date = new Date(Date.UTC(2001, 0, 1)).toUTCString();
      const later = new Date(Date.UTC(2001, 0, 1, 0, 3)).toUTCString();
      if (count === 1) answer(response, 429, { status: { code: 11005 } }, { date, "retry-after": later });
      else answer(response, 200, ok);
    });
    await transport.call("GET", "/v2/x");
    expect(clock.now()).toBeGreaterThanOrEqual(180_000);
    expect(clock.now()).toBeLessThan(182_000);
  });

  it("sends nothing during the wait, and no probe while the server is down", async () => {
    const sentAt: number[] = [];
    const { transport, clock } = await serve((_request, response, count) => {
      sentAt.push(clock.now());
      if (count <= 5) answer(response, 503, { status: { code: 99009 } }, count === 5 ? { "retry-after": "10" } : {});
      else answer(response, 200, ok);
    });
    await transport.call("GET", "/v2/x");
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
    async (_, headers, details, code, text) => {
      const { transport, clock, requests } = await serve((_request, response) =>
        answer(response, 429, { status: { code: 11005, details } }, headers),
      );
      const calls = Array.from({ length: 40 }, () => errorOf(transport.call("POST", "/v2/x", { json: {} })));
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
    const { transport } = await serve((_request, response) => answer(response, 503, busy, { "retry-after": "3600" }));
    const error = await errorOf(transport.call("POST", "/v2/x", { json: {} }));
    expect(error).toMatchObject({ code: "ERR_WAIT_TOO_LONG", retryable: true, outcomeUnknown: true, httpStatus: 503 });
  });

  it("sends again when a wait that was too long is over", async () => {
    const { transport, clock } = await serve((_request, response, count) =>
      count === 1
        ? answer(response, 429, { status: { code: 11005 } }, { "retry-after": "400" })
        : answer(response, 200, ok),
    );
    await errorOf(transport.call("GET", "/v2/x"));
    await errorOf(transport.call("GET", "/v2/x"));
    await clock.sleep(402_000);
    expect((await transport.call("GET", "/v2/x")).status.code).toBe(10000);
  });

  it("gives a call up that fails for retryForMs, although others succeed", async () => {
    const { transport } = await serve((request, response) =>
      request.url === "/v2/bad" ? answer(response, 500, { status: { code: 98004 } }) : answer(response, 200, ok),
    );
    let over = false;
    const bad = errorOf(transport.call("GET", "/v2/bad")).finally(() => (over = true));
    while (!over) await transport.call("GET", "/v2/good");
    expect(await bad).toMatchObject({ code: "98004" });
  });

  it.each([500, 502, 503, 504])("retries what can be sent twice after %s, and not a POST", async (http) => {
    const { transport, requests } = await serve((_request, response, count) =>
      count % 2 === 1 ? answer(response, http, { status: { code: 98004 } }) : answer(response, 200, ok),
    );
    expect((await transport.call("PATCH", "/v2/x", { json: {} })).attempts).toBe(2);
    const error = await errorOf(transport.call("POST", "/v2/x", { json: {} }));
    expect(error).toMatchObject({ code: "98004", outcomeUnknown: true, httpStatus: http });
    expect(requests()).toBe(3);
  });

  it("reports the outcome of a POST as unknown if its answer is cut, unreadable or breaks off", async () => {
    const { transport } = await serve((_request, response, count) => {
      if (count === 1) response.destroy();
      else if (count === 2) response.end("<html>gateway</html>");
      else {
        response.writeHead(200, { "content-length": "5000" }).write('{"status":');
        setImmediate(() => response.destroy());
      }
    });
    const codes: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const error = await errorOf(transport.call("POST", "/v2/x", { json: {} }));
      expect(error.outcomeUnknown).toBe(true);
      codes.push(error.code);
    }
    expect(codes).toEqual(["ERR_ANSWER_LOST", "ERR_NOT_THE_API", "ERR_ANSWER_LOST"]);
  });

  it("does not retry what is final, and names code, details and request id", async () => {
    const { transport, requests } = await serve((_request, response) =>
      answer(response, 400, { status: { code: 11102, description: "Invalid request", details: "no", req_id: "r9" } }),
    );
    const result = await transport.call("GET", "/v2/x");
    expect(result.status).toEqual({ code: 11102, description: "Invalid request", details: "no", reqId: "r9" });
    expect(requests()).toBe(1);
  });

  it("gives up a server that cannot be reached, and says which", async () => {
    const clock = quickClock();
    const transport = new Transport({ baseUrl: "http://127.0.0.1:9", pat: "secret-key" }, clock);
    onTestFinished(() => transport.close());
    const error = await errorOf(transport.call("POST", "/v2/x", { json: {} }));
    expect(error).toMatchObject({ code: "ERR_SERVER_UNREACHABLE", outcomeUnknown: false, retryable: true });
    expect(error.message).toContain("http://127.0.0.1:9");
    expect(error.attempts).toBeGreaterThan(2);
    expect(clock.now()).toBeLessThan(60_000);
  });

  it("fails all other calls when it gives a server up, and sends again once the server answers", async () => {
    const server = createServer((request, response) => request.resume().on("end", () => answer(response, 200, ok)));
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
    const { transport } = await serve((request, response) => {
      if (isDown) request.socket.destroy();
      else answer(response, 200, ok, { "x-sluice-store": "s1" });
    });
    await errorOf(transport.storeOfServer());
    isDown = false;
    expect(await transport.storeOfServer()).toBe("s1");
  });

  it("continues after the first minute of a server that answers with errors", async () => {
    const busy = { status: { code: 99009, description: "Internal error" } };
    const { transport, clock } = await serve((_request, response) =>
      clock.now() < 60_000 ? answer(response, 503, busy) : answer(response, 200, ok),
    );
    expect((await transport.call("GET", "/v2/x")).status.code).toBe(10000);
    expect(clock.now()).toBeGreaterThan(60_000);
  });

  it("continues after a minute of errors of a server that had answered before", async () => {
    const { transport, clock } = await serve((_request, response, count) =>
      count > 1 && clock.now() < 60_000 ? answer(response, 503, {}) : answer(response, 200, ok),
    );
    await transport.call("GET", "/v2/x");
    const { attempts } = await transport.call("GET", "/v2/x");
    expect(attempts).toBeGreaterThan(3);
  });

  it("stops waiting when it is aborted", async () => {
    const { transport } = await serve((_request, response) => answer(response, 503, {}));
    const abort = new AbortController();
    const call = transport.call("GET", "/v2/x", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(transport.pacer.open).toBe(0);
  });

  it("refuses an answer without end", async () => {
    const { transport } = await serve(
      (_request, response) => {
        response.writeHead(200);
        const chunk = Buffer.alloc(1 << 20, 0x20);
        const more = () => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on("drain", more);
        more();
      },
      { retryForMs: 0 },
    );
    const error = await errorOf(transport.call("POST", "/v2/x", { json: {} }));
    expect(String(error.message)).toMatch(/more than \d+ bytes/);
  });

  it("keeps the key out of its errors", async () => {
    const { transport } = await serve((_request, response) => response.destroy(), { retryForMs: 0 });
    const error = await errorOf(transport.call("POST", "/v2/x", { json: {} }));
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain("secret-key");
  });
});

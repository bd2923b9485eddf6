/** The server: checks who asks, finds the route, and answers in the envelope of the API. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Fault } from "./faults.js";
import { ItemRefusal } from "./incoming.js";
import { serveMedia } from "./media-route.js";
import type { AppRow } from "./model.js";
import { accessOf, namedApp, partsOf, readBody, urlOf } from "./requests.js";
import type { Reply, Services } from "./routes/context.js";
import { appRoutes, findRoute, statusCodes, userRoutes } from "./routes/table.js";
import { httpStatusOf, Refusal, type Status, status } from "./status.js";
import { newId } from "./store.js";

export interface ServerOptions {
  services: Services;
  /** The one good key; undefined: any key that is not empty. */
  pat: string | undefined;
  /** Requests per second that are granted. */
  requestsPerSecond: number | undefined;
}

/** Makes the HTTP server; it does not listen yet. */
export function makeServer(options: ServerOptions): Server {
  const limiter = options.requestsPerSecond === undefined ? undefined : new Limiter(options.requestsPerSecond);
  const server = createServer((request, response) => {
    handle(request, response, options, limiter).catch((error: unknown) => {
      if (!response.headersSent) answer(response, fail(error));
      else response.destroy();
    });
  });
  server.headersTimeout = 30_000;
  server.requestTimeout = 600_000;
  server.keepAliveTimeout = 30_000;
  return server;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
  limiter: Limiter | undefined,
): Promise<void> {
  const { services } = options;
  const url = urlOf(request);
  const parts = partsOf(url.pathname);
  const method = request.method ?? "GET";
  const access = accessOf(request, options.pat);
  if (parts === undefined) return answer(response, fail(new Refusal(11102, "the path is not valid")));
  if (parts[0] === "media") {
    return serveMedia(request, response, parts.slice(1), {
      store: services.store,
      files: services.files,
      access: access.kind,
    });
  }
  const faults = services.faults.of(method, url.pathname);
  if (await refuseByFault(request, response, faults)) return;
  try {
    if (parts[0] === "v2" && parts[1] === "status_codes") {
      request.resume();
      return answer(response, statusCodes(method, parts.slice(2)));
    }
    if (access.refusal) throw access.refusal;
    if (limiter && !limiter.take()) {
      throw new Refusal(11005, `exceeded limit of ${options.requestsPerSecond} requests per second`);
    }
    const reply = await dispatch(request, method, url, parts, services, faults);
    await answerWithFaults(response, reply, faults);
  } catch (error) {
    request.resume();
    answer(response, fail(error));
  }
}

async function dispatch(
  request: IncomingMessage,
  method: string,
  url: URL,
  parts: readonly string[],
  services: Services,
  faults: readonly Fault[],
): Promise<Reply> {
  if (parts[0] !== "v2") throw new Refusal(11101, `${url.pathname} does not exist`);
  const long = parts[1] === "users" && parts[2] !== undefined;
  const user = long ? (parts[2] as string) : undefined;
  const isAppPath = long && parts[3] === "apps" && parts[4] !== undefined;

  if (long && !isAppPath) {
    const found = findRoute(userRoutes, method, parts.slice(3));
    if (typeof found === "string") throw notRouted(found, method, url);
    const body = await readBody(request, services);
    body.release();
    return found.route({ store: services.store, user: user as string, parts: found.parts, body: body.json });
  }
  const inApp = parts.slice(isAppPath ? 5 : 1);
  const found = inApp.length === 0 && !isAppPath ? "path" : findRoute(appRoutes, method, inApp);
  if (typeof found === "string") throw notRouted(found, method, url);
  const body = await readBody(request, services);
  try {
    if (faults.some((fault) => fault.type === "storage-full") && method === "POST") {
      throw new Refusal(98013, "the storage is full");
    }
    const app = isAppPath
      ? appOf(services, user as string, parts[4] as string)
      : appOf(services, ...namedApp(body.json, url.searchParams));
    const mixed = faults.find((fault) => fault.type === "mixed");
    return found.route({
      services,
      app,
      parts: found.parts,
      query: url.searchParams,
      body: body.json,
      media: body.media,
      bodyBytes: body.bytes,
      mixed,
    });
  } finally {
    body.release();
  }
}

function appOf(services: Services, user: string, id: string): AppRow {
  const row = services.store.app(user, id);
  if (row) return row;
  if (!services.autoCreate) throw new Refusal(11101, `the app "${id}" of the user "${user}" does not exist`);
  return services.store.addApp(user, id);
}

function notRouted(found: "path" | "method", method: string, url: URL): Refusal {
  return found === "method"
    ? new Refusal(11103, `${method} is not allowed for ${url.pathname}`)
    : new Refusal(11101, `${url.pathname} does not exist`);
}

/** Faults that happen instead of the request. */
async function refuseByFault(
  request: IncomingMessage,
  response: ServerResponse,
  faults: readonly Fault[],
): Promise<boolean> {
  for (const fault of faults) {
    if (fault.type === "throttle") {
      request.resume();
      const seconds = fault.retryAfterSeconds;
      if (seconds !== undefined) response.setHeader("retry-after", String(seconds));
      answer(response, fail(new Refusal(11005, "too many requests")));
      return true;
    }
    if (fault.type === "status") {
      request.resume();
      answer(response, fail(new Refusal(fault.code, "injected", fault.http)));
      return true;
    }
    if (fault.type === "cut" && fault.when !== "after") {
      if (fault.when === "during")
        await new Promise<void>((resolve) => request.once("data", () => resolve()).once("end", () => resolve()));
      request.socket.destroy();
      return true;
    }
  }
  return false;
}

/** Faults that happen after the request was carried out. */
async function answerWithFaults(response: ServerResponse, reply: Reply, faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) {
    if (fault.type === "cut" && fault.when === "after") {
      response.socket?.destroy();
      return;
    }
    if (fault.type === "slow") await new Promise<void>((resolve) => setTimeout(resolve, fault.ms));
    if (fault.type === "garbage") {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html>Bad gateway</html>");
      return;
    }
    if (fault.type === "truncated") {
      const text = JSON.stringify(envelope(reply));
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
      response.write(text.slice(0, text.length / 2));
      setImmediate(() => response.socket?.destroy());
      return;
    }
  }
  answer(response, reply);
}

function fail(error: unknown): Reply {
  if (error instanceof ItemRefusal) return { status: error.status };
  if (error instanceof Refusal) return { status: status(error.code, error.details), httpStatus: error.httpStatus };
  const text = error instanceof Error ? error.message : String(error);
  return { status: status(99009, text) };
}

function answer(response: ServerResponse, reply: Reply): void {
  if (response.destroyed || response.headersSent) return;
  const body = envelope(reply);
  const text = JSON.stringify(body);
  response.writeHead(reply.httpStatus ?? httpStatusOf(body.status.code), {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function envelope({ status: given, json }: Reply): { status: Status & { req_id: string } } {
  return { status: { ...(given ?? status(10000)), req_id: newId() }, ...json };
}

/** A token bucket. */
class Limiter {
  readonly #rate: number;
  #tokens: number;
  #at = performance.now();

  constructor(rate: number) {
    this.#rate = rate;
    this.#tokens = rate;
  }

  take(): boolean {
    const now = performance.now();
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** The server: takes requests apart, checks who asks, finds the route, and answers in the envelope of the API. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { limits } from "../core/limits.js";
import { BodyScanner } from "./body-scanner.js";
import type { Fault } from "./faults.js";
import { isObject, withSnakeKeys } from "./incoming.js";
import type { MediaWriter, StoredMedia } from "./media-files.js";
import { serveMedia } from "./media-route.js";
import type { AppRow, JsonObject } from "./model.js";
import type { Reply, Services } from "./routes/context.js";
import { appRoutes, findRoute, listStatusCodes, userRoutes } from "./routes/table.js";
import { httpStatusOf, Refusal, type Status, status } from "./status.js";
import { newId } from "./store.js";

export interface ServerOptions {
  services: Services;
  /** The one good key; undefined: any key that is not empty. */
  pat: string | undefined;
  /** Requests per second that are granted. */
  requestsPerSecond: number | undefined;
}

/** A lone video at the limit of 128 MB is this long as base64, with room for its fields. */
const maxBodyBytes = Math.ceil(limits.maxItemBytes.video / 3) * 4 + 1_000_000;
/** A body without media is JSON in memory. */
const maxJsonBytes = limits.maxRequestBytes;

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
  const url = new URL(request.url ?? "/", "http://localhost");
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
    if (parts[0] === "v2" && parts[1] === "status_codes") return answer(response, listStatusCodes());
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
    const { json } = await readBody(request, services);
    return found.route({ store: services.store, user: user as string, parts: found.parts, body: json });
  }
  const found = findRoute(appRoutes, method, parts.slice(isAppPath ? 5 : 1));
  if (typeof found === "string") throw notRouted(found, method, url);
  const body = await readBody(request, services);
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
}

function appOf(services: Services, user: string, id: string): AppRow {
  const row = services.store.app(user, id);
  if (row) return row;
  if (!services.autoCreate) throw new Refusal(11101, `the app "${id}" of the user "${user}" does not exist`);
  return services.store.addApp(user, id);
}

/** The app of a short path: from the body, the query, or the default one. */
function namedApp(body: JsonObject, query: URLSearchParams): [string, string] {
  const given = isObject(body.user_app_id) ? body.user_app_id : {};
  const user = given.user_id ?? query.get("user_app_id.user_id") ?? "me";
  const app = given.app_id ?? query.get("user_app_id.app_id") ?? "main";
  return [String(user), String(app)];
}

/** Reads a body as it arrives: media go to files, the rest is parsed. */
async function readBody(
  request: IncomingMessage,
  { files }: Services,
): Promise<{ json: JsonObject; bytes: number; media: (placeholder: string) => StoredMedia | undefined }> {
  const stored: StoredMedia[] = [];
  let writer: MediaWriter | undefined;
  const scanner = new BodyScanner(() => {
    writer = files.create();
    const current = writer;
    return {
      write: (bytes) => current.write(bytes),
      end: (valid) => {
        stored.push(current.finish(valid));
        writer = undefined;
        return `media:${stored.length - 1}`;
      },
    };
  });
  let bytes = 0;
  let mediaBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      mediaBytes = stored.reduce((sum, media) => sum + media.sizeBytes, writer?.sizeBytes ?? 0);
      if (bytes > maxBodyBytes || bytes - mediaBytes * 1.5 > maxJsonBytes) {
        throw new Refusal(40033, `the request has more than ${limits.maxRequestBytes} bytes`);
      }
      scanner.write(chunk);
    }
  } catch (error) {
    writer?.discard();
    throw error;
  }
  const media = (placeholder: string) => stored[Number(/^media:(\d+)$/.exec(placeholder)?.[1] ?? -1)];
  if (bytes === 0) return { json: {}, bytes, media };
  let json: unknown;
  try {
    json = scanner.end();
  } catch {
    throw new Refusal(11100, "the body is not valid JSON");
  }
  if (!isObject(json)) throw new Refusal(11100, "the body must be a JSON object");
  return { json: withSnakeKeys(json) as JsonObject, bytes, media };
}

interface Access {
  kind: "none" | "wrong" | "right";
  refusal?: Refusal;
}

function accessOf(request: IncomingMessage, pat: string | undefined): Access {
  const { authorization } = request.headers;
  const session = request.headers["x-clarifai-session-token"];
  const key =
    /^(?:Key|Bearer)\s+(\S+)$/.exec(authorization ?? "")?.[1] ?? (typeof session === "string" ? session : undefined);
  if (key === undefined || key === "") {
    const details =
      authorization === undefined ? "the Authorization header is missing" : "the Authorization header is malformed";
    return { kind: "none", refusal: new Refusal(11102, details, 401) };
  }
  if (pat !== undefined && key !== pat) return { kind: "wrong", refusal: new Refusal(11009, "invalid key") };
  return { kind: "right" };
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

interface FailedReply extends Reply {
  httpStatus?: number | undefined;
}

function fail(error: unknown): FailedReply {
  if (error instanceof Refusal) return { status: status(error.code, error.details), httpStatus: error.httpStatus };
  const text = error instanceof Error ? error.message : String(error);
  return { status: status(99009, text) };
}

function answer(response: ServerResponse, reply: FailedReply): void {
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

function partsOf(pathname: string): string[] | undefined {
  try {
    return pathname
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
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

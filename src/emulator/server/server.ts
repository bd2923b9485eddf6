/** The server: checks who asks, finds the route, and answers in the envelope of the API. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Gallery } from "../gallery/gallery.js";
import { serveMedia } from "../media/media-route.js";
import { deleteApp } from "../routes/apps.js";
import type { Reply, Route, Services } from "../routes/context.js";
import { appRoutes, findRoute, type Match, statusCodes, userRoutes } from "../routes/table.js";
import type { AppRow } from "../store/model.js";
import { answer, fail } from "./answers.js";
import type { Fault } from "./faults.js";
import { answerWithFaults, refuseByFault } from "./faulty-answers.js";
import { readMessage, readParameters } from "./reading.js";
import {
  type Access,
  type Address,
  type AppName,
  accessOf,
  addressOf,
  baseOf,
  type Credentials,
  drain,
  idPrefixOf,
  namedApp,
  partsOf,
  readBody,
  strangerOf,
} from "./requests.js";
import { Refusal } from "./status.js";

export interface ServerOptions {
  services: Services;
  credentials: Credentials;
  /** Requests per second that are granted. */
  requestsPerSecond: number | undefined;
  /** Address that the server listens on. */
  host: string;
  /** Loads the gallery with the first request for it. */
  gallery: () => Promise<Gallery>;
}

/** Longest time for the head of a request, for all of it, without a byte, and between two requests, in milliseconds. */
const timeouts = { headersTimeout: 30_000, requestTimeout: 600_000, timeout: 120_000, keepAliveTimeout: 30_000 };

/** Makes the HTTP server; it does not listen yet. */
export function makeServer(options: ServerOptions): Server {
  const limiter = options.requestsPerSecond === undefined ? undefined : new Limiter(options.requestsPerSecond);
  const server = createServer((request, response) => {
    handle(request, response, options, limiter).catch((error: unknown) => {
      if (!response.headersSent) answer(response, fail(error));
      else response.destroy();
    });
  });
  return Object.assign(server, timeouts);
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
  limiter: Limiter | undefined,
): Promise<void> {
  const { services, credentials } = options;
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-sluice-store", services.store.id);
  const stranger = strangerOf(request, options.host);
  if (stranger !== undefined) {
    drain(request);
    return answer(response, fail(new Refusal(11102, stranger, 403)));
  }
  const url = addressOf(request);
  const parts = partsOf(url.pathname);
  const method = request.method ?? "GET";
  if (parts === undefined) return answer(response, fail(new Refusal(11102, "the path is not valid")));
  if (parts[0] === "gallery" || (parts.length === 0 && (method === "GET" || method === "HEAD"))) {
    return (await options.gallery()).serve(request, response, parts, url);
  }
  if (parts[0] === "media") {
    const faults = services.faults.of(method, url.pathname);
    if (faults.length > 0 && (await refuseByFault(request, response, faults, undefined))) return;
    for (const fault of faults) if (fault.type === "slow") await wait(fault.ms);
    const { store, files } = services;
    const access = accessOf(request, credentials, true);
    return serveMedia(request, response, parts.slice(1), { store, files, access, faults });
  }
  const idPrefix = idPrefixOf(request);
  const target = targetOf(method, parts);
  const list = typeof target.found === "string" ? undefined : target.found.list;
  const faults = services.faults.of(method, url.pathname);
  if (await refuseByFault(request, response, faults, list)) return;
  try {
    if (parts[0] === "v2" && parts[1] === "status_codes") {
      drain(request);
      return answer(response, statusCodes(method, parts.slice(2)), { idPrefix });
    }
    const access = accessOf(request, credentials);
    if (access.refusal) throw access.refusal;
    if (limiter && !limiter.take()) {
      throw new Refusal(11005, `exceeded limit of ${options.requestsPerSecond} requests per second`);
    }
    const reply = await dispatch(request, method, url, target, access, services, faults);
    await answerWithFaults(response, reply, faults, idPrefix);
  } catch (error) {
    drain(request);
    answer(response, fail(error, list), { idPrefix });
  }
}

/** What a path leads to: a route of a user, or of an app that the path may name. */
type Target =
  | { of: "user"; user: string; found: ReturnType<typeof findRoute<(typeof userRoutes)[number][2]>> }
  | { of: "app"; app: AppName | undefined; found: ReturnType<typeof findRoute<Route>> };

function targetOf(method: string, parts: readonly string[]): Target {
  const [version, users, user, apps, app] = parts;
  if (version !== "v2") return { of: "app", app: undefined, found: "path" };
  const isLong = users === "users" && user !== undefined;
  if (!isLong) {
    const found = parts.length === 1 ? "path" : findRoute(appRoutes, method, parts.slice(1));
    return { of: "app", app: undefined, found };
  }
  if (apps !== "apps" || app === undefined) {
    return { of: "user", user, found: findRoute(userRoutes, method, parts.slice(3)) };
  }
  return { of: "app", app: { userId: user, appId: app }, found: findRoute(appRoutes, method, parts.slice(5)) };
}

async function dispatch(
  request: IncomingMessage,
  method: string,
  url: Address,
  target: Target,
  access: Access,
  services: Services,
  faults: readonly Fault[],
): Promise<Reply> {
  const { found } = target;
  if (found === "method") throw new Refusal(11103, `${method} is not allowed for ${url.pathname}`);
  if (found === "path") throw new Refusal(11101, `${url.pathname} does not exist`);
  const needsUser = target.of === "user" || found.route === deleteApp;
  if (needsUser && access.app) throw new Refusal(11007, "the key of an app is not enough");
  const strict = !services.lenient;
  const parameters = readParameters(url.searchParams, method === "GET" ? found.message : "Nothing", strict);
  const body = await readBody(request, services);
  try {
    const json = method === "GET" ? {} : readMessage(body.json, found.message, { strict });
    if (target.of === "user") {
      const { route, parts } = found as Match<(typeof userRoutes)[number][2]>;
      return route({ store: services.store, user: target.user, parts, parameters, body: json });
    }
    if (faults.some((fault) => fault.type === "storage-full") && method === "POST") {
      throw new Refusal(98013, "the storage is full");
    }
    const { route, parts } = found as Match<Route>;
    const call = {
      services,
      base: baseOf(request),
      app: appOf(services, target.app ?? namedApp(json, parameters, access), access),
      parts,
      parameters,
      body: json,
      media: body.media,
      bodyBytes: body.bytes,
      mixed: faults.find((fault) => fault.type === "mixed"),
    };
    if (faults.some((fault) => fault.type === "twice")) await route(call);
    return await route(call);
  } finally {
    body.release();
  }
}

function appOf(services: Services, { userId, appId }: AppName, access: Access): AppRow {
  if (access.app && (access.app.userId !== userId || access.app.appId !== appId)) {
    throw new Refusal(11008, `the key is not one of the app "${appId}" of the user "${userId}"`);
  }
  const row = services.store.app(userId, appId);
  if (row) return row;
  if (!services.autoCreate) throw new Refusal(11101, `the app "${appId}" of the user "${userId}" does not exist`);
  return services.store.addApp(userId, appId);
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

/** The HTTP server: checks the origin and the key, finds the route, and answers in the envelope of the API. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { serveExport } from "../export/export-route.js";
import type { Gallery } from "../gallery/gallery.js";
import { serveMedia } from "../media/media-route.js";
import { getStatusCodes } from "../routes/apps.js";
import type { Reply, Services } from "../routes/context.js";
import { readMessage, readParameters } from "../wire/read-message.js";
import { doesNotExist, invalidRequest, Refusal } from "../wire/refusals.js";
import { answer, fail } from "./answers.js";
import { drain, readBody } from "./body.js";
import type { Fault } from "./faults.js";
import { answerWithFaults, refuseByFault } from "./faulty-answers.js";
import type { RateLimiter } from "./rate-limiter.js";
import {
  type Access,
  type Address,
  accessOf,
  addressOf,
  baseOf,
  type Credentials,
  idPrefixOf,
  partsOf,
  untrustedOrigin,
} from "./requests.js";
import { type FoundTarget, type Target, targetOf } from "./routing.js";
import { checkScope, runRoute } from "./run-route.js";

export interface ServerOptions {
  services: Services;
  credentials: Credentials;
  /** Refuses requests above its rate with 11005. Undefined: no limit. */
  limiter: RateLimiter | undefined;
  /** Address that the server listens on. */
  host: string;
  /** Loads the gallery on its first request. */
  gallery: () => Promise<Gallery>;
}

/** One request and its answer. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  method: string;
  address: Address;
  /** Decoded parts of the path. */
  path: string[];
}

/** In milliseconds: for the head of a request, for the whole request, for a silent connection, and between two requests. */
const timeouts = { headersTimeout: 30_000, requestTimeout: 600_000, timeout: 120_000, keepAliveTimeout: 30_000 };

/** Makes the HTTP server. It does not listen yet. */
export function makeServer(options: ServerOptions): Server {
  const server = createServer((request, response) => {
    handle(request, response, options).catch((error: unknown) => {
      if (!response.headersSent) answer(response, fail(error));
      else response.destroy();
    });
  });
  return Object.assign(server, timeouts);
}

async function handle(request: IncomingMessage, response: ServerResponse, options: ServerOptions): Promise<void> {
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-sluice-store", options.services.store.id);
  const untrusted = untrustedOrigin(request, options.host);
  if (untrusted !== undefined) {
    drain(request);
    return answer(response, fail(invalidRequest(untrusted, 403)));
  }
  const address = addressOf(request);
  const path = partsOf(address.pathname);
  const method = request.method ?? "GET";
  if (path === undefined) {
    return answer(
      response,
      fail(invalidRequest('the path has a part "." or "..", a control character or an invalid percent-encoding')),
    );
  }
  const isPage = path.length === 0 && (method === "GET" || method === "HEAD");
  if (path[0] === "gallery" || isPage) return (await options.gallery()).serve(request, response, path, address);
  const exchange: Exchange = { request, response, method, address, path };
  if (path[0] === "media" || path[0] === "exports") return serveFile(exchange, options);
  return serveApi(exchange, options);
}

async function serveFile(exchange: Exchange, { services, credentials }: ServerOptions): Promise<void> {
  const { request, response, method, address, path } = exchange;
  const { store, files } = services;
  const faults = services.faults.ofRequest(method, address.pathname);
  if (faults.length > 0 && (await refuseByFault(request, response, faults, undefined))) return;
  for (const fault of faults) if (fault.type === "slow") await wait(fault.ms);
  if (path[0] === "exports") return serveExport(request, response, path.slice(1), services.exports, faults);
  const access = accessOf(request, credentials, true);
  return serveMedia(request, response, path.slice(1), { store, files, access, faults });
}

async function serveApi(exchange: Exchange, { services, credentials, limiter }: ServerOptions): Promise<void> {
  const { request, response, method, address, path } = exchange;
  const idPrefix = idPrefixOf(request);
  const target = targetOf(method, path);
  const list = typeof target.found === "string" ? undefined : target.found.list;
  const faults = services.faults.ofRequest(method, address.pathname);
  if (await refuseByFault(request, response, faults, list)) return;
  try {
    if (path[0] === "v2" && path[1] === "status_codes") {
      drain(request);
      return answer(response, getStatusCodes(method, path.slice(2)), { idPrefix });
    }
    const access = accessOf(request, credentials);
    if (access.refusal) throw access.refusal;
    limiter?.acquire();
    const reply = await dispatch(exchange, target, access, services, faults);
    await answerWithFaults(response, reply, faults, idPrefix);
  } catch (error) {
    drain(request);
    answer(response, fail(error, list), { idPrefix });
  }
}

/** Reads the request and runs its route. */
async function dispatch(
  { request, method, address }: Exchange,
  target: Target,
  access: Access,
  services: Services,
  faults: readonly Fault[],
): Promise<Reply> {
  const { found } = target;
  if (found === "wrong method") {
    throw new Refusal(statusCodes.CONN_METHOD_NOT_ALLOWED, `${method} is not allowed for ${address.pathname}`);
  }
  if (found === "unknown path") throw doesNotExist(`${address.pathname} does not exist`);
  const foundTarget = { ...target, found } as FoundTarget; // The two kinds of target have their own kind of route.
  checkScope(foundTarget, access);
  const { message } = found;
  const strict = !services.lenient;
  const isGet = method === "GET";
  const parameters = readParameters(address.searchParams, isGet ? message : "Nothing", strict);
  const body = await readBody(request, services);
  try {
    const json = isGet ? {} : readMessage(body.json, message, { strict });
    const { media, bytes: bodyBytes } = body;
    return await runRoute(
      foundTarget,
      { method, base: baseOf(request), parameters, body: json, media, bodyBytes },
      access,
      {
        services,
        faults,
      },
    );
  } finally {
    body.release();
  }
}

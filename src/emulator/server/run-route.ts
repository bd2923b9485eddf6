/** Runs the route of a request, on either wire: checks the key's scope, finds the app, and applies the faults of routes. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { deleteApp } from "../routes/apps.js";
import type { Call, Reply, Route, Services } from "../routes/context.js";
import type { AppRow } from "../store/model.js";
import { doesNotExist, Refusal } from "../wire/refusals.js";
import type { Fault } from "./faults.js";
import { type Access, type AppName, namedApp } from "./requests.js";
import type { FoundTarget, Match } from "./routing.js";

/** A request after it was read. */
export interface RouteRequest extends Omit<Call, "services" | "app" | "parts" | "mixed"> {
  method: string;
}

export interface RouteOptions {
  services: Services;
  faults: readonly Fault[];
}

/** Refuses a request that needs the key of a user, if the key is limited to one app. @throws {Refusal} 11007 */
export function checkScope(target: FoundTarget, access: Access): void {
  const needsUserKey = target.of === "user" || target.found.route === deleteApp;
  if (!needsUserKey || !access.app) return;
  throw new Refusal(
    statusCodes.CONN_INSUFFICIENT_SCOPES,
    "the key of an app is not enough for this request; use the key of a user",
  );
}

/** Runs a route. @throws {Refusal} 11008, 11101, and those of the route */
export async function runRoute(
  target: FoundTarget,
  { method, ...request }: RouteRequest,
  access: Access,
  { services, faults }: RouteOptions,
): Promise<Reply> {
  const { parameters, body } = request;
  if (target.of === "user") {
    const { route, parts } = target.found;
    return route({ store: services.store, user: target.user, parts, parameters, body });
  }
  refuseIfStorageFull(method, faults);
  const app = appFor(services, target.app ?? namedApp(body, parameters, access), access);
  return await callAppRoute(target.found, { ...request, services, app }, faults);
}

function refuseIfStorageFull(method: string, faults: readonly Fault[]): void {
  if (method !== "POST" || !faults.some((fault) => fault.type === "storage-full")) return;
  throw new Refusal(statusCodes.INTERNAL_REDIS_UNAVAILABLE, "the storage is full");
}

async function callAppRoute(
  { route, parts }: Match<Route>,
  request: Omit<Call, "parts" | "mixed">,
  faults: readonly Fault[],
): Promise<Reply> {
  const call: Call = { ...request, parts, mixed: faults.find((fault) => fault.type === "mixed") };
  if (faults.some((fault) => fault.type === "twice")) await route(call);
  return await route(call);
}

/** Returns the app of a request. It is created on first use, unless `autoCreate` is false. */
function appFor({ store, autoCreate }: Services, { userId, appId }: AppName, access: Access): AppRow {
  const name = `the app "${appId}" of the user "${userId}"`;
  if (access.app && (access.app.userId !== userId || access.app.appId !== appId)) {
    throw new Refusal(statusCodes.CONN_KEY_INVALID, `the key is not one of ${name}`);
  }
  const row = store.app(userId, appId);
  if (row) return row;
  if (!autoCreate) throw doesNotExist(`${name} does not exist`);
  return store.addApp(userId, appId);
}

/** Finds the REST route that a request of gRPC stands for. */

import type { JsonObject } from "../../core/util/json/json-values.js";
import type { FoundTarget } from "../server/routing.js";
import { checkId } from "../wire/ids.js";
import { objectIn } from "../wire/lenient-json.js";
import { invalidRequest } from "../wire/refusals.js";
import type { Binding } from "./definitions/bindings.js";

export interface BoundRequest {
  target: FoundTarget;
  /** Method of HTTP. */
  verb: string;
  /** The fields that are not in the path. */
  rest: JsonObject;
}

/** Chooses the route that the request has the fields for. @throws {Refusal} 11102 if an id is missing */
export function targetOf(bindings: readonly Binding[], json: JsonObject): BoundRequest {
  const { user_id: user, app_id: app } = objectIn(json.user_app_id);
  const ofUser = bindings.find((binding) => binding.of === "user");
  const ofApp = bindings.find((binding) => binding.of === "app");
  if (ofUser && (!ofApp || (user !== undefined && app === undefined))) {
    const { user_app_id: _, ...rest } = json;
    const [, , route, message, list] = ofUser.entry;
    const found = { route, message, list, parts: [] };
    const target: FoundTarget = { of: "user", user: checkId("user_id", String(user ?? "me")), found };
    return { target, verb: ofUser.method, rest };
  }
  if (!ofApp) throw new Error("a method of the service has no route");
  const { variables, entry, method: verb } = ofApp;
  const [, , route, message, list] = entry;
  const parts = variables.map((name) => partOf(json, name));
  const rest = Object.fromEntries(Object.entries(json).filter(([name]) => !variables.includes(name)));
  // The app stays in the body, from which the routes without an app in their path read it.
  return { target: { of: "app", app: undefined, found: { route, message, list, parts } }, verb, rest };
}

function partOf(json: JsonObject, name: string): string {
  const value = json[name];
  if (typeof value === "string" && value !== "") return value;
  throw invalidRequest(`${name} is empty`);
}

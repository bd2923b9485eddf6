/** Binds gRPC methods to REST routes by the HTTP annotations of the service's definition. */

import { type DescMethod, getExtension, type Registry, toJson } from "@bufbuild/protobuf";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import type { UserRoute } from "../../routes/apps.js";
import type { Route } from "../../routes/context.js";
import { appRoutes, type RouteEntry, userRoutes } from "../../routes/route-table.js";

/** The platform's service. */
export const serviceName = "clarifai.api.V2";

/** A path of REST that a method stands for, and its route. */
export type Binding = {
  /** Method of HTTP. */
  method: string;
  /** The path, with `*` for each id: the paths of fault rules are compared with it. */
  path: string;
  /** Fields of the request that stand in the path after the name of the app or user. */
  variables: string[];
} & ({ of: "user"; entry: RouteEntry<UserRoute> } | { of: "app"; entry: RouteEntry<Route> } | { of: "status codes" });

const userPrefix = "/v2/users/{user_app_id.user_id}";
const appPrefix = `${userPrefix}/apps/{user_app_id.app_id}`;
const verbs = ["get", "post", "put", "patch", "delete"];

/** Returns the bindings of a method that have a route, in the order of its annotation. A method with streams has none. */
export function bindingsOf(method: DescMethod, registry: Registry): Binding[] {
  const extension = registry.getExtension("google.api.http");
  const { options } = method.proto;
  if (method.methodKind !== "unary" || !extension?.message || !options) return [];
  const rule = toJson(extension.message, getExtension(options, extension) as never);
  if (!isObject(rule)) return [];
  const others = Array.isArray(rule.additionalBindings) ? rule.additionalBindings.filter(isObject) : [];
  return [rule, ...others].flatMap(bindingOf);
}

function bindingOf(rule: JsonObject): Binding[] {
  const verb = verbs.find((name) => typeof rule[name] === "string");
  if (verb === undefined) return [];
  const method = verb.toUpperCase();
  const template = String(rule[verb]);
  const isQualified = template.startsWith(userPrefix);
  const isOfApp = template.startsWith(appPrefix) || !isQualified;
  const prefix = isQualified ? (isOfApp ? appPrefix : userPrefix) : "/v2";
  const rest = template.slice(prefix.length + 1);
  const variables = [...rest.matchAll(/\{([\w.]+)\}/g)].map(([, name]) => name as string);
  const pattern = rest.replace(/\{[\w.]+\}/g, "*");
  const binding = { method, path: template.replace(/\{[\w.]+\}/g, "*"), variables };
  if (!isQualified && /^status_codes(?:\/\*)?$/.test(pattern)) return [{ ...binding, of: "status codes" }];
  if (isOfApp) {
    const entry = appRoutes.find(([verbOfRoute, path]) => verbOfRoute === method && path === pattern);
    return entry ? [{ ...binding, of: "app", entry }] : [];
  }
  const entry = userRoutes.find(([verbOfRoute, path]) => verbOfRoute === method && path === pattern);
  return entry ? [{ ...binding, of: "user", entry }] : [];
}

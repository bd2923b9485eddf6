/** Finds the route of a path, and the user or app that the path names. */

import type { UserRoute } from "../routes/apps.js";
import type { Route } from "../routes/context.js";
import { appRoutes, type RouteEntry, userRoutes } from "../routes/route-table.js";
import type { AppName } from "./requests.js";

export interface Match<R> {
  route: R;
  /** Message of the request. */
  message: string;
  /** The list that every answer has. */
  list: string | undefined;
  /** The decoded parts of the path that `*` stands for. */
  parts: string[];
}

/** A path or a method without a route. */
type NoMatch = "unknown path" | "wrong method";

/** The route of a user, or of an app. The path of an app may omit its name. */
export type Target =
  | { of: "user"; user: string; found: Match<UserRoute> | NoMatch }
  | { of: "app"; app: AppName | undefined; found: Match<Route> | NoMatch };

/** A target that has a route. */
export type FoundTarget =
  | { of: "user"; user: string; found: Match<UserRoute> }
  | { of: "app"; app: AppName | undefined; found: Match<Route> };

/** Finds the target of a path such as `/v2/inputs` or `/v2/users/me/apps/main/inputs`. */
export function targetOf(method: string, path: readonly string[]): Target {
  const [version, users, user, apps, app] = path;
  if (version !== "v2") return { of: "app", app: undefined, found: "unknown path" };
  if (users !== "users" || user === undefined) {
    const found = path.length === 1 ? "unknown path" : findRoute(appRoutes, method, path.slice(1));
    return { of: "app", app: undefined, found };
  }
  if (apps !== "apps" || app === undefined) {
    return { of: "user", user, found: findRoute(userRoutes, method, path.slice(3)) };
  }
  return { of: "app", app: { userId: user, appId: app }, found: findRoute(appRoutes, method, path.slice(5)) };
}

function findRoute<R>(table: readonly RouteEntry<R>[], method: string, path: readonly string[]): Match<R> | NoMatch {
  const withPath = table.filter(([, pattern]) => fits(partsOfPattern(pattern), path));
  const entry = withPath.find(([entryMethod]) => entryMethod === method);
  if (!entry) return withPath.length > 0 ? "wrong method" : "unknown path";
  const [, pattern, route, message, list] = entry;
  const patternParts = partsOfPattern(pattern);
  return { route, message, list, parts: path.filter((_, index) => patternParts[index] === "*") };
}

function partsOfPattern(pattern: string): string[] {
  return pattern === "" ? [] : pattern.split("/");
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((part, index) => part === "*" || part === path[index]);
}

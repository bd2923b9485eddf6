/** Routes of apps and of the user. */

import type { AppRow, JsonObject } from "../model.js";
import { allStatuses, codeFrom, Refusal } from "../status.js";
import type { Store } from "../store.js";
import type { Call, Reply } from "./context.js";

/** A request to a user, not to one of the apps. */
export interface UserCall {
  store: Store;
  user: string;
  parts: readonly string[];
  body: JsonObject;
}

export type UserRoute = (call: UserCall) => Reply;

/** GET …/apps/{id} */
export function getApp({ app }: Call): Reply {
  return { json: { app: shown(app) } };
}

/** DELETE …/apps/{id} */
export function deleteApp({ services, app }: Call): Reply {
  const { store, files } = services;
  const unused = store.transaction(() => {
    const rows = store.all<Parameters<Store["deleteInputs"]>[0][number]>("SELECT * FROM inputs WHERE app = ?", app.seq);
    const media = store.deleteInputs(rows);
    for (const table of ["annotations", "concepts", "datasets", "dataset_inputs", "jobs", "operations", "deleted"]) {
      store.run(`DELETE FROM ${table} WHERE app = ?`, app.seq);
    }
    store.run("DELETE FROM apps WHERE seq = ?", app.seq);
    return media;
  });
  store.forget(app.seq);
  for (const sha256 of unused) files.remove(sha256);
  return {};
}

/** GET …/myscopes */
export function myScopes(): Reply {
  return { json: { scopes: ["All"], user_scopes: ["All"] } };
}

/** GET /v2/users/{user}/apps */
export function listApps({ store, user }: UserCall): Reply {
  return { json: { apps: store.all<AppRow>("SELECT * FROM apps WHERE user = ? ORDER BY seq", user).map(shown) } };
}

/** POST /v2/users/{user}/apps */
export function postApps({ store, user, body }: UserCall): Reply {
  const values = (Array.isArray(body.apps) ? body.apps : []) as JsonObject[];
  if (values.length === 0) throw new Refusal(11102, "apps is empty");
  const apps = values.map((value) => {
    const id = String(value.id ?? value.name ?? "");
    if (id === "") throw new Refusal(11102, "an app has no id");
    if (store.app(user, id)) throw new Refusal(11102, `duplicate app: "${id}" exists already`);
    return store.addApp(user, id);
  });
  return { json: { apps: apps.map(shown) } };
}

/** GET /v2/users/{user} */
export function getUser({ user }: UserCall): Reply {
  return { json: { user: { id: user } } };
}

/** GET /v2/status_codes and /v2/status_codes/{code}; the status of the answer is then the one that was asked for */
export function statusCodes(method: string, parts: readonly string[]): Reply {
  if (parts.length > 1) throw new Refusal(11101, "this path does not exist");
  if (method !== "GET") throw new Refusal(11103, `${method} is not allowed for status codes`);
  if (parts[0] === undefined) return { json: { statuses: allStatuses() as unknown as JsonObject[] } };
  const found = allStatuses().find(({ code }) => code === codeFrom(parts[0]));
  if (!found) throw new Refusal(11101, `the status code "${parts[0]}" does not exist`);
  return { status: found, httpStatus: 200 };
}

function shown(app: AppRow): JsonObject {
  return { id: app.id, name: app.id, user_id: app.user, created_at: app.created_at, default_language: "en" };
}

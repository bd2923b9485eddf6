/** Routes of apps and of the user. */

import { statusCodeFrom } from "../../clarifai/wire/status-codes.js";
import { checkId } from "../server/incoming.js";
import { allStatuses, Refusal } from "../server/status.js";
import type { AppRow, JsonObject } from "../store/model.js";
import type { Store } from "../store/store.js";
import { type Call, containing, objectsOf, pageOf, type Reply } from "./context.js";

/** A request to a user, not to one of the apps. */
export interface UserCall {
  store: Store;
  user: string;
  parts: readonly string[];
  /** Parameters of the address. */
  parameters: JsonObject;
  body: JsonObject;
}

export type UserRoute = (call: UserCall) => Reply;

/** GET …/apps/{id} */
export function getApp({ services, app }: Call): Reply {
  return { json: { app: shown(services.store, app) } };
}

/** DELETE …/apps/{id} */
export function deleteApp({ services, app }: Call): Reply {
  const { store, files } = services;
  const unused = store.transaction(() => {
    const rows = store.all<Parameters<Store["deleteInputs"]>[0][number]>("SELECT * FROM inputs WHERE app = ?", app.seq);
    const media = store.deleteInputs(rows);
    for (const table of [
      "annotations",
      "concepts",
      "datasets",
      "dataset_inputs",
      "jobs",
      "operations",
      "searches",
      "dataset_versions",
      "deleted",
      "app_fields",
    ]) {
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
  return { json: { scopes: ["All"] } };
}

/** GET /v2/users/{user}/apps */
export function listApps({ store, user, parameters }: UserCall): Reply {
  const { offset, size } = pageOf(parameters);
  const { search, query, name, id, sort_ascending: ascending } = parameters;
  const wanted = [search, query, name, id].filter((text) => text !== undefined).map(containing);
  const where = wanted.map(() => "AND id LIKE ? ESCAPE '\\'").join(" ");
  const sorted = [parameters.sort_by_id, parameters.sort_by_name].includes(true) ? "id" : "seq";
  const isSorted = sorted === "id" || parameters.sort_by_created_at === true;
  const order = `${sorted} ${isSorted && ascending !== true ? "DESC" : "ASC"}`;
  const sql = `SELECT * FROM apps WHERE user = ? ${where} ORDER BY ${order} LIMIT ? OFFSET ?`;
  return { json: { apps: store.all<AppRow>(sql, user, ...wanted, size, offset).map((app) => shown(store, app)) } };
}

/** POST /v2/users/{user}/apps: all or none */
export function postApps({ store, user, body }: UserCall): Reply {
  const values = objectsOf(body.apps, "apps");
  const apps = store.transaction(() =>
    values.map((value) => {
      const id = String(value.id ?? value.name ?? "");
      if (id === "") throw new Refusal(11102, "an app has no id");
      checkId("app id", id);
      if (store.app(user, id)) throw new Refusal(11102, `duplicate app: "${id}" exists already`);
      const app = store.addApp(user, id);
      setFields(store, app, kept(value));
      return app;
    }),
  );
  return { json: { apps: apps.map((app) => shown(store, app)) } };
}

/** PATCH /v2/users/{user}/apps: all or none; what is given takes the place of what was there */
export function patchApps({ store, user, body }: UserCall): Reply {
  const { action } = body;
  if (action !== "overwrite" && action !== "remove") throw new Refusal(11102, "the action for apps is overwrite");
  const apps = store.transaction(() =>
    objectsOf(body.apps, "apps").map((value) => {
      const app = store.app(user, String(value.id ?? ""));
      if (!app) throw new Refusal(11101, `the app "${value.id ?? ""}" does not exist`);
      if (action === "overwrite") setFields(store, app, { ...fieldsOf(store, app), ...kept(value) });
      return app;
    }),
  );
  return { json: { apps: apps.map((app) => shown(store, app)) } };
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
  const found = allStatuses().find(({ code }) => code === statusCodeFrom(parts[0]));
  if (!found) throw new Refusal(11101, `the status code "${parts[0]}" does not exist`);
  return { status: found, httpStatus: 200 };
}

/** The fields of an app that can be set. */
function kept({ name, description, metadata, notes, default_language, visibility }: JsonObject): JsonObject {
  const fields = { name, description, metadata, notes, default_language, visibility };
  return Object.fromEntries(Object.entries(fields).filter(([, entry]) => entry !== undefined)) as JsonObject;
}

function fieldsOf(store: Store, { seq }: AppRow): JsonObject {
  const row = store.get<{ data: string }>("SELECT data FROM app_fields WHERE app = ?", seq);
  return row ? (JSON.parse(row.data) as JsonObject) : {};
}

function setFields(store: Store, { seq }: AppRow, fields: JsonObject): void {
  store.run("INSERT OR REPLACE INTO app_fields (app, data) VALUES (?, ?)", seq, JSON.stringify(fields));
}

function shown(store: Store, app: AppRow): JsonObject {
  const { id, user, created_at } = app;
  return { id, name: id, user_id: user, created_at, default_language: "en", ...fieldsOf(store, app) };
}

/** Routes of apps and of the user. */

import { statusCodeFrom, statusCodes } from "../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../core/util/json/json-values.js";
import { containing } from "../store/like-pattern.js";
import type { AppRow, InputRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import { checkId } from "../wire/ids.js";
import { doesNotExist, invalidRequest, Refusal } from "../wire/refusals.js";
import { allStatuses } from "../wire/status.js";
import { type Call, objectsOf, pageOf, type Reply } from "./context.js";

/** A request for a user, not for one of the user's apps. */
export interface UserCall {
  store: Store;
  user: string;
  parts: readonly string[];
  /** Parameters of the address. */
  parameters: JsonObject;
  body: JsonObject;
}

export type UserRoute = (call: UserCall) => Reply;

/** Tables with rows of an app, besides its inputs. */
const appTables = [
  ...[
    "annotations",
    "concepts",
    "datasets",
    "dataset_inputs",
    "jobs",
    "bulk_operations",
    "searches",
    "dataset_versions",
  ],
  ...[
    "dataset_version_inputs",
    "deleted",
    "app_fields",
    "uploads",
    "extraction_jobs",
    "gallery_actions",
    "gallery_action_inputs",
  ],
];

/** GET …/apps/{id} */
export function getApp({ services, app }: Call): Reply {
  return { json: { app: outgoingApp(services.store, app) } };
}

/** DELETE …/apps/{id} */
export function deleteApp({ services, app }: Call): Reply {
  const { store, files } = services;
  const versions = store.all<{ seq: number }>("SELECT seq FROM dataset_versions WHERE app = ?", app.seq);
  services.exports.remove(versions.map(({ seq }) => seq));
  const unused = store.transaction(() => {
    const sql = "SELECT DISTINCT sha256 FROM gallery_action_inputs WHERE app = ? AND sha256 IS NOT NULL";
    const held = store.all<{ sha256: string }>(sql, app.seq).map(({ sha256 }) => sha256);
    const media = store.deleteInputs(store.all<InputRow>("SELECT * FROM inputs WHERE app = ?", app.seq));
    const uploads = store.all<{ seq: number }>("SELECT seq FROM uploads WHERE app = ?", app.seq);
    for (const { seq } of uploads) store.run("DELETE FROM upload_parts WHERE upload = ?", seq);
    for (const table of appTables) store.run(`DELETE FROM ${table} WHERE app = ?`, app.seq);
    store.run("DELETE FROM apps WHERE seq = ?", app.seq);
    return [...media, ...held.filter((sha256) => !store.usesMedia(sha256))];
  });
  store.forgetNames(app.seq);
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
  const patterns = [search, query, name, id].filter((text) => text !== undefined).map(containing);
  const where = patterns.map(() => "AND id LIKE ? ESCAPE '\\'").join(" ");
  const column = [parameters.sort_by_id, parameters.sort_by_name].includes(true) ? "id" : "seq";
  const isSorted = column === "id" || parameters.sort_by_created_at === true;
  const order = `${column} ${isSorted && ascending !== true ? "DESC" : "ASC"}`;
  const sql = `SELECT * FROM apps WHERE user = ? ${where} ORDER BY ${order} LIMIT ? OFFSET ?`;
  return {
    json: { apps: store.all<AppRow>(sql, user, ...patterns, size, offset).map((app) => outgoingApp(store, app)) },
  };
}

/** POST /v2/users/{user}/apps: adds all apps, or none if one is invalid. */
export function postApps({ store, user, body }: UserCall): Reply {
  const values = objectsOf(body.apps, "apps");
  const apps = store.transaction(() =>
    values.map((value) => {
      const id = String(value.id ?? value.name ?? "");
      if (id === "") throw invalidRequest("an app has no id");
      checkId("app id", id);
      if (store.app(user, id)) throw invalidRequest(`duplicate app: "${id}" already exists`);
      const app = store.addApp(user, id);
      setFields(store, app, settableFields(value));
      return app;
    }),
  );
  return { json: { apps: apps.map((app) => outgoingApp(store, app)) } };
}

/** PATCH /v2/users/{user}/apps: patches all apps, or none if one is invalid. The fields in the request replace the existing ones. */
export function patchApps({ store, user, body }: UserCall): Reply {
  const { action } = body;
  if (action !== "overwrite" && action !== "remove") throw invalidRequest("the only action for apps is overwrite");
  const apps = store.transaction(() =>
    objectsOf(body.apps, "apps").map((value) => {
      const app = store.app(user, String(value.id ?? ""));
      if (!app) throw doesNotExist(`the app "${value.id ?? ""}" does not exist`);
      if (action === "overwrite") setFields(store, app, { ...fieldsOf(store, app), ...settableFields(value) });
      return app;
    }),
  );
  return { json: { apps: apps.map((app) => outgoingApp(store, app)) } };
}

/** GET /v2/users/{user} */
export function getUser({ user }: UserCall): Reply {
  return { json: { user: { id: user } } };
}

/** GET /v2/status_codes and /v2/status_codes/{code}. With a code, it is the status of the answer. */
export function getStatusCodes(method: string, parts: readonly string[]): Reply {
  if (parts.length > 1) throw doesNotExist("this path does not exist");
  if (method !== "GET")
    throw new Refusal(statusCodes.CONN_METHOD_NOT_ALLOWED, `${method} is not allowed for status codes`);
  if (parts[0] === undefined) return { json: { statuses: allStatuses() } };
  const found = allStatuses().find(({ code }) => code === statusCodeFrom(parts[0]));
  if (!found) throw doesNotExist(`the status code "${parts[0]}" does not exist`);
  return { status: found, httpStatus: 200 };
}

/** Returns the fields of an app that a request can set. */
function settableFields({ name, description, metadata, notes, default_language, visibility }: JsonObject): JsonObject {
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

function outgoingApp(store: Store, app: AppRow): JsonObject {
  const { id, user, created_at } = app;
  return { id, name: id, user_id: user, created_at, default_language: "en", ...fieldsOf(store, app) };
}

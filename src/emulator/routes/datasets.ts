/** Routes of datasets. */

import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { containing } from "../store/like-pattern.js";
import type { AppRow } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { checkId } from "../wire/ids.js";
import { textsIn } from "../wire/lenient-json.js";
import { doesNotExist, invalidRequest } from "../wire/refusals.js";
import type { UserCall } from "./apps.js";
import { type Call, objectsOf, pageOf, type Reply } from "./context.js";
import { removeVersions } from "./dataset-versions/rows.js";
import { type Action, actionOf, patchObject } from "./patching.js";

interface DatasetRow {
  seq: number;
  id: string;
  data: string;
  created_at: string;
  modified_at: string;
}

const maxNotesBytes = 64_000;

/** GET …/datasets */
export function listDatasets(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const pattern = containing(parameters.search ?? parameters.id);
  const sql = `SELECT * FROM datasets WHERE app = ? AND id LIKE ? ESCAPE '\\' ORDER BY ${orderOf(parameters)} LIMIT ? OFFSET ?`;
  const rows = services.store.all<DatasetRow>(sql, app.seq, pattern, size, offset);
  return { json: { datasets: rows.map((row) => outgoingDataset(app, row)) } };
}

/** GET /v2/users/{user}/datasets: the datasets of all apps. */
export function listDatasetsOfUser({ store, user, parameters }: UserCall): Reply {
  const { offset, size } = pageOf(parameters);
  const pattern = containing(parameters.search ?? parameters.id);
  const sql = `SELECT datasets.*, apps.id AS app_id FROM datasets JOIN apps ON apps.seq = datasets.app
    WHERE apps.user = ? AND datasets.id LIKE ? ESCAPE '\\' ORDER BY ${orderOf(parameters, "datasets.")} LIMIT ? OFFSET ?`;
  const rows = store.all<DatasetRow & { app_id: string }>(sql, user, pattern, size, offset);
  return { json: { datasets: rows.map((row) => outgoingDataset({ user, id: row.app_id }, row)) } };
}

/** Returns the order of a listing. Default: the order of creation. */
function orderOf(parameters: JsonObject, table = ""): string {
  const direction = parameters.sort_ascending === true ? "ASC" : "DESC";
  for (const column of ["created_at", "modified_at", "id"]) {
    if (parameters[`sort_by_${column}`] === true) return `${table}${column} ${direction}`;
  }
  return `${table}seq`;
}

/** GET …/datasets/{id} */
export function getDataset(call: Call): Reply {
  return { json: { dataset: outgoingDataset(call.app, datasetOf(call)) } };
}

/** POST …/datasets: adds all datasets, or none if one is invalid. */
export function postDatasets(call: Call): Reply {
  const { services, app, body } = call;
  const values = objectsOf(body.datasets, "datasets");
  const ids = values.map((value) => (typeof value.id === "string" ? checkId("dataset id", value.id) : newId()));
  services.store.transaction(() => {
    values.forEach((value, index) => {
      const id = ids[index] as string;
      if (rowOf(call, id)) throw invalidRequest(`duplicate dataset: "${id}" already exists`);
      const now = timestamp();
      const sql = "INSERT INTO datasets (app, id, data, created_at, modified_at) VALUES (?, ?, ?, ?, ?)";
      services.store.run(sql, app.seq, id, JSON.stringify(settableFields(value)), now, now);
    });
  });
  return { json: { datasets: ids.map((id) => outgoingDataset(call.app, rowOf(call, id) as DatasetRow)) } };
}

/** PATCH …/datasets: patches all datasets, or none if one is invalid. */
export function patchDatasets(call: Call): Reply {
  const { services, body } = call;
  const action = actionOf(body);
  const values = objectsOf(body.datasets, "datasets");
  services.store.transaction(() => {
    for (const value of values) {
      const row = datasetOf(call, String(value.id ?? ""));
      const data = JSON.parse(row.data) as JsonObject;
      const patched = patchData(data, settableFields(value), action);
      const sql = "UPDATE datasets SET data = ?, modified_at = ? WHERE seq = ?";
      services.store.run(sql, JSON.stringify(patched), timestamp(), row.seq);
    }
  });
  return { json: { datasets: values.map((value) => outgoingDataset(call.app, datasetOf(call, String(value.id)))) } };
}

/** The action remove removes the image, and no other field. */
function patchData(data: JsonObject, patch: JsonObject, action: Action): JsonObject {
  if (action === "overwrite") return patch;
  if (action === "merge") return patchObject(data, patch, "merge");
  const { image: _, ...rest } = data;
  return patch.image === undefined ? data : rest;
}

/** DELETE …/datasets: the inputs of the datasets stay. */
export function deleteDatasets(call: Call): Reply {
  const { services, app, body } = call;
  const ids = textsIn(body.dataset_ids);
  if (ids.length === 0) throw invalidRequest("dataset_ids is empty");
  services.store.transaction(() => {
    for (const id of ids) {
      services.store.run("DELETE FROM dataset_inputs WHERE app = ? AND dataset = ?", app.seq, id);
      removeVersions(call, id);
      services.store.run("DELETE FROM datasets WHERE app = ? AND id = ?", app.seq, id);
    }
  });
  return {};
}

function rowOf({ services, app }: Call, id: string): DatasetRow | undefined {
  return services.store.get<DatasetRow>("SELECT * FROM datasets WHERE app = ? AND id = ?", app.seq, id);
}

/** Returns the row of a dataset. @throws {Refusal} 11101 */
export function datasetOf(call: Call, id = call.parts[0] ?? ""): DatasetRow {
  const row = rowOf(call, id);
  if (!row) throw doesNotExist(`the dataset "${id}" does not exist`);
  return row;
}

/** Returns the fields of a dataset that a request can set. */
function settableFields(value: JsonObject): JsonObject {
  const { description, metadata, notes, visibility, image } = value;
  if (typeof notes === "string" && Buffer.byteLength(notes) > maxNotesBytes) {
    throw invalidRequest(`notes has ${Buffer.byteLength(notes)} bytes; the limit is 64 KB`);
  }
  const url = isObject(image) ? { image: { ...(image.url === undefined ? {} : { url: image.url }) } } : {};
  return Object.fromEntries(
    Object.entries({ description, metadata, notes, visibility, ...url }).filter(([, entry]) => entry !== undefined),
  ) as JsonObject;
}

function outgoingDataset(app: Pick<AppRow, "user" | "id">, row: DatasetRow): JsonObject {
  const data = JSON.parse(row.data) as JsonObject;
  return {
    id: row.id,
    app_id: app.id,
    user_id: app.user,
    created_at: row.created_at,
    modified_at: row.modified_at,
    ...data,
  };
}

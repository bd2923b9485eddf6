/** Routes of datasets and of the inputs in them. */

import { isRanking } from "../search/ranks.js";
import { searchInputs } from "../search/search.js";
import { checkId, isObject } from "../server/incoming.js";
import { outgoingInput } from "../server/outgoing.js";
import { Refusal, status } from "../server/status.js";
import type { AppRow, InputRow, JsonObject } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import type { UserCall } from "./apps.js";
import { type Call, containing, objectsOf, outgoing, overall, pageOf, type Reply, textsOf } from "./context.js";
import { actionOf, addToDataset, inputOf } from "./inputs.js";
import { type Action, patchObject } from "./patching.js";

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
  const wanted = containing(parameters.search ?? parameters.id);
  const sql = `SELECT * FROM datasets WHERE app = ? AND id LIKE ? ESCAPE '\\' ORDER BY ${orderOf(parameters)} LIMIT ? OFFSET ?`;
  const rows = services.store.all<DatasetRow>(sql, app.seq, wanted, size, offset);
  return { json: { datasets: rows.map((row) => shown(app, row)) } };
}

/** GET /v2/users/{user}/datasets: those of all apps */
export function listDatasetsOfUser({ store, user, parameters }: UserCall): Reply {
  const { offset, size } = pageOf(parameters);
  const wanted = containing(parameters.search ?? parameters.id);
  const sql = `SELECT datasets.*, apps.id AS app_id FROM datasets JOIN apps ON apps.seq = datasets.app
    WHERE apps.user = ? AND datasets.id LIKE ? ESCAPE '\\' ORDER BY ${orderOf(parameters, "datasets.")} LIMIT ? OFFSET ?`;
  const rows = store.all<DatasetRow & { app_id: string }>(sql, user, wanted, size, offset);
  return { json: { datasets: rows.map((row) => shown({ user, id: row.app_id }, row)) } };
}

/** The order of a listing, by one of the columns that it can be sorted by. Default: as they were made. */
function orderOf(parameters: JsonObject, table = ""): string {
  const direction = parameters.sort_ascending === true ? "ASC" : "DESC";
  for (const column of ["created_at", "modified_at", "id"]) {
    if (parameters[`sort_by_${column}`] === true) return `${table}${column} ${direction}`;
  }
  return `${table}seq`;
}

/** GET …/datasets/{id} */
export function getDataset(call: Call): Reply {
  return { json: { dataset: shown(call.app, datasetOf(call)) } };
}

/** POST …/datasets: all or none */
export function postDatasets(call: Call): Reply {
  const { services, app, body } = call;
  const values = objectsOf(body.datasets, "datasets");
  const ids = values.map((value) => (typeof value.id === "string" ? checkId("dataset id", value.id) : newId()));
  services.store.transaction(() => {
    values.forEach((value, index) => {
      const id = ids[index] as string;
      if (rowOf(call, id)) throw new Refusal(11102, `duplicate dataset: "${id}" exists already`);
      const now = timestamp();
      const sql = "INSERT INTO datasets (app, id, data, created_at, modified_at) VALUES (?, ?, ?, ?, ?)";
      services.store.run(sql, app.seq, id, JSON.stringify(kept(value)), now, now);
    });
  });
  return { json: { datasets: ids.map((id) => shown(call.app, rowOf(call, id) as DatasetRow)) } };
}

/** PATCH …/datasets: all or none */
export function patchDatasets(call: Call): Reply {
  const { services, body } = call;
  const action = actionOf(body);
  const values = objectsOf(body.datasets, "datasets");
  services.store.transaction(() => {
    for (const value of values) {
      const row = datasetOf(call, String(value.id ?? ""));
      const data = JSON.parse(row.data) as JsonObject;
      const patched = patchData(data, kept(value), action);
      const sql = "UPDATE datasets SET data = ?, modified_at = ? WHERE seq = ?";
      services.store.run(sql, JSON.stringify(patched), timestamp(), row.seq);
    }
  });
  return { json: { datasets: values.map((value) => shown(call.app, datasetOf(call, String(value.id)))) } };
}

/** Remove takes away the image, and nothing else. */
function patchData(data: JsonObject, patch: JsonObject, action: Action): JsonObject {
  if (action === "overwrite") return patch;
  if (action === "merge") return patchObject(data, patch, "merge");
  const { image: _, ...rest } = data;
  return patch.image === undefined ? data : rest;
}

/** DELETE …/datasets; their inputs stay */
export function deleteDatasets({ services, app, body }: Call): Reply {
  const ids = textsOf(body.dataset_ids);
  if (ids.length === 0) throw new Refusal(11102, "dataset_ids is empty");
  services.store.transaction(() => {
    for (const id of ids) {
      services.store.run("DELETE FROM dataset_inputs WHERE app = ? AND dataset = ?", app.seq, id);
      services.store.run("DELETE FROM dataset_versions WHERE app = ? AND dataset = ?", app.seq, id);
      services.store.run("DELETE FROM datasets WHERE app = ? AND id = ?", app.seq, id);
    }
  });
  return {};
}

/** GET …/datasets/{id}/inputs */
export function listDatasetInputs(call: Call): Reply {
  const { services, app, parameters } = call;
  const { id } = datasetOf(call);
  const { offset, size } = pageOf(parameters);
  const sql = `SELECT inputs.*, dataset_inputs.created_at AS added_at FROM dataset_inputs JOIN inputs ON inputs.seq = dataset_inputs.input
    WHERE dataset_inputs.app = ? AND dataset = ? ORDER BY inputs.seq LIMIT ? OFFSET ?`;
  const rows = services.store.all<InputRow & { added_at: string }>(sql, app.seq, id, size, offset);
  return { json: { dataset_inputs: rows.map((row) => member(call, row, row.added_at)) } };
}

/** GET …/datasets/{id}/inputs/{id} */
export function getDatasetInput(call: Call): Reply {
  const { services, app, parts } = call;
  const { id } = datasetOf(call);
  const row = inputOf(call, parts[1] ?? "");
  const sql = "SELECT created_at FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
  const found = services.store.get<{ created_at: string }>(sql, app.seq, id, row.seq);
  if (!found) throw new Refusal(11101, `the input "${row.id}" is not in the dataset "${id}"`);
  return { json: { dataset_input: member(call, row, found.created_at) } };
}

/** POST …/datasets/{id}/inputs */
export function postDatasetInputs(call: Call): Reply {
  const { services, app, body } = call;
  const { id } = datasetOf(call);
  if (isObject(body.search)) {
    if (!isObject(body.search.query)) throw new Refusal(11102, "the search has no query");
    if (isRanking(body.search.query)) throw new Refusal(11102, "ranks find every input; a dataset needs filters");
    if (body.dataset_inputs !== undefined) throw new Refusal(11102, "search and dataset_inputs exclude each other");
    const rows = searchInputs(services.store, app, body.search);
    services.store.transaction(() => {
      for (const row of rows) addToDataset(call, id, row.seq);
    });
    return { json: { dataset_inputs: rows.map((row) => added(call, row)) } };
  }
  const values = objectsOf(body.dataset_inputs, "dataset_inputs");
  const done = services.store.transaction(() =>
    values.map((value) => {
      const inputId = isObject(value.input) ? String(value.input.id ?? "") : "";
      const row = services.store.input(app.seq, inputId);
      if (!row) {
        const missing = status(30102, `the input "${inputId}" does not exist`) as unknown as JsonObject;
        return { failed: true, json: { input: { ...(inputId === "" ? {} : { id: inputId }), status: missing } } };
      }
      addToDataset(call, id, row.seq);
      return { failed: false, json: added(call, row) };
    }),
  );
  return { status: overall(done, "dataset inputs"), json: { dataset_inputs: done.map((item) => item.json) } };
}

/** DELETE …/datasets/{id}/inputs; the inputs stay */
export function deleteDatasetInputs(call: Call): Reply {
  const { services, app, body } = call;
  const { id } = datasetOf(call);
  const inputIds = textsOf(body.input_ids);
  services.store.transaction(() => {
    for (const inputId of inputIds) {
      const row = services.store.input(app.seq, inputId);
      if (!row) continue;
      services.store.run(
        "DELETE FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?",
        app.seq,
        id,
        row.seq,
      );
    }
  });
  return {};
}

function rowOf({ services, app }: Call, id: string): DatasetRow | undefined {
  return services.store.get<DatasetRow>("SELECT * FROM datasets WHERE app = ? AND id = ?", app.seq, id);
}

export function datasetOf(call: Call, id = call.parts[0] ?? ""): DatasetRow {
  const row = rowOf(call, id);
  if (!row) throw new Refusal(11101, `the dataset "${id}" does not exist`);
  return row;
}

/** The fields of a dataset that can be set. */
function kept(value: JsonObject): JsonObject {
  const { description, metadata, notes, visibility, image } = value;
  if (typeof notes === "string" && Buffer.byteLength(notes) > maxNotesBytes) {
    throw new Refusal(11102, `notes has ${Buffer.byteLength(notes)} bytes; the limit is 64 KB`);
  }
  const url = isObject(image) ? { image: { ...(image.url === undefined ? {} : { url: image.url }) } } : {};
  return Object.fromEntries(
    Object.entries({ description, metadata, notes, visibility, ...url }).filter(([, entry]) => entry !== undefined),
  ) as JsonObject;
}

function shown(app: Pick<AppRow, "user" | "id">, row: DatasetRow): JsonObject {
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

function member(call: Call, row: InputRow, addedAt: string): JsonObject {
  return { created_at: addedAt, input: outgoingInput(row, outgoing(call)) };
}

/** An input that was just added: its status says how that went, since a member has no status of its own. */
function added(call: Call, row: InputRow): JsonObject {
  const { input, ...rest } = member(call, row, timestamp()) as { input: JsonObject };
  return { ...rest, input: { ...input, status: status(64100) as unknown as JsonObject } };
}

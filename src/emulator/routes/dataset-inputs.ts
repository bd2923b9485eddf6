/** Routes of the inputs in datasets. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { isRanking } from "../search/ranks.js";
import { searchInputs } from "../search/search.js";
import type { InputRow } from "../store/model.js";
import { timestamp } from "../store/store.js";
import { textsIn } from "../wire/lenient-json.js";
import { outgoingInput } from "../wire/outgoing.js";
import { doesNotExist, invalidRequest } from "../wire/refusals.js";
import { status } from "../wire/status.js";
import { type Call, type ItemResult, objectsOf, outgoing, overallStatus, pageOf, type Reply } from "./context.js";
import { addToDataset } from "./dataset-members.js";
import { datasetOf } from "./datasets.js";
import { inputOf } from "./inputs/input-rows.js";

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
  if (!found) throw doesNotExist(`the input "${row.id}" is not in the dataset "${id}"`);
  return { json: { dataset_input: member(call, row, found.created_at) } };
}

/** POST …/datasets/{id}/inputs: adds inputs by their ids, or the inputs that a search finds. */
export function postDatasetInputs(call: Call): Reply {
  const { services, app, body } = call;
  const { id } = datasetOf(call);
  if (isObject(body.search)) return addFound(call, id, body.search);
  const values = objectsOf(body.dataset_inputs, "dataset_inputs");
  const results = services.store.transaction(() =>
    values.map((value): ItemResult => {
      const inputId = isObject(value.input) ? String(value.input.id ?? "") : "";
      const row = services.store.input(app.seq, inputId);
      if (!row) return { failed: true, json: { input: missingInput(inputId) } };
      addToDataset(call, id, row.seq);
      return { failed: false, json: addedMember(call, row) };
    }),
  );
  return {
    status: overallStatus(results, "dataset inputs"),
    json: { dataset_inputs: results.map(({ json }) => json) },
  };
}

function addFound(call: Call, dataset: string, search: JsonObject): Reply {
  const { services, app, body } = call;
  if (!isObject(search.query)) throw invalidRequest("the search has no query");
  if (isRanking(search.query)) throw invalidRequest("ranks find every input; a dataset needs filters");
  if (body.dataset_inputs !== undefined) throw invalidRequest("search and dataset_inputs exclude each other");
  const rows = searchInputs(services.store, app, search);
  services.store.transaction(() => {
    for (const row of rows) addToDataset(call, dataset, row.seq);
  });
  return { json: { dataset_inputs: rows.map((row) => addedMember(call, row)) } };
}

function missingInput(id: string): JsonObject {
  const missing = status(statusCodes.INPUT_DOES_NOT_EXIST, `the input "${id}" does not exist`);
  return { ...(id === "" ? {} : { id }), status: missing };
}

/** DELETE …/datasets/{id}/inputs: the inputs stay in the app. */
export function deleteDatasetInputs(call: Call): Reply {
  const { services, app, body } = call;
  const { id } = datasetOf(call);
  const inputIds = textsIn(body.input_ids);
  services.store.transaction(() => {
    const sql = "DELETE FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
    for (const inputId of inputIds) {
      const row = services.store.input(app.seq, inputId);
      if (row) services.store.run(sql, app.seq, id, row.seq);
    }
  });
  return {};
}

function member(call: Call, row: InputRow, addedAt: string): JsonObject {
  return { created_at: addedAt, input: outgoingInput(row, outgoing(call)) };
}

/** Returns an input that was just added. Its status is that of the addition, because a member has no status of its own. */
function addedMember(call: Call, row: InputRow): JsonObject {
  const { input, ...rest } = member(call, row, timestamp()) as { input: JsonObject };
  return { ...rest, input: { ...input, status: status(statusCodes.DATASET_INPUT_SUCCESS) } };
}

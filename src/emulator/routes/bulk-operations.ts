/** Routes of bulk operations. */

import { isDeepStrictEqual } from "node:util";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../core/util/json-values.js";
import { isRanking } from "../search/ranks.js";
import { searchInputs } from "../search/search.js";
import type { AnnotationData, AnnotationRow, Fields, InputRow, StoredConcept } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { incomingConcepts, incomingFields } from "../wire/incoming-fields.js";
import { objectIn, textsIn } from "../wire/lenient-json.js";
import { doesNotExist, invalidRequest, Refusal } from "../wire/refusals.js";
import { status } from "../wire/status.js";
import { type Call, objectsOf, pageOf, type Reply } from "./context.js";
import { addToDataset, ensureDataset } from "./dataset-members.js";
import { datasetOf } from "./datasets.js";
import { setFields } from "./inputs/input-rows.js";
import { patchConcepts, patchObject } from "./patching.js";

/** POST …/bulk_operations: carries the operations out before it answers. */
export function postBulkOperations(call: Call): Reply {
  const { services, app, body } = call;
  const values = objectsOf(body.bulk_operations, "bulk_operations");
  for (const value of values) checkOperation(value);
  const records = values.map((value) => {
    const rows = sourceOf(call, value);
    services.store.transaction(() => {
      for (const row of rows) apply(call, row, value.operation as JsonObject);
    });
    const id = newId();
    const record: JsonObject = {
      id,
      app_id: app.id,
      status: status(statusCodes.BULK_OPERATION_SUCCESS),
      progress: rows.length > 0 ? { processed: rows.length, last_processed_id: (rows.at(-1) as InputRow).id } : {},
      created_at: timestamp(),
    };
    const sql = "INSERT INTO operations (app, id, data, created_at) VALUES (?, ?, ?, ?)";
    services.store.run(sql, app.seq, id, JSON.stringify(record), timestamp());
    return record;
  });
  return { json: { bulk_operation: records } };
}

/** Checks an operation before any operation of the request is carried out. @throws {Refusal} 25404 */
function checkOperation(value: JsonObject): void {
  const names = isObject(value.operation) ? Object.keys(value.operation) : [];
  const known = names.filter((name) => Object.hasOwn(operations, name));
  if (known.length === 0)
    throw new Refusal(
      statusCodes.BULK_OPERATION_INVALID_REQUEST,
      `the operation ${names.join(", ") || "(none)"} is not known`,
    );
  if (known.length > 1)
    throw new Refusal(
      statusCodes.BULK_OPERATION_INVALID_REQUEST,
      `one operation at a time, not ${known.join(" and ")}`,
    );
  const sources = ["input_ids", "search", "dataset"].filter((name) => isObject(value[name]));
  if (sources.length === 1) return;
  throw new Refusal(
    statusCodes.BULK_OPERATION_INVALID_REQUEST,
    "a bulk operation needs one of input_ids, search and dataset",
  );
}

/** GET …/bulk_operations */
export function listBulkOperations({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT data FROM operations WHERE app = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  const rows = services.store.all<{ data: string }>(sql, app.seq, size, offset);
  return operationsReply(rows.map((row) => JSON.parse(row.data) as JsonObject));
}

/** GET …/bulk_operations/{id} */
export function getBulkOperation(call: Call): Reply {
  return { json: { bulk_operation: recordOf(call, call.parts[0] ?? "") } };
}

/** PATCH …/bulk_operations: cancels nothing, because every operation is finished. */
export function cancelBulkOperations(call: Call): Reply {
  return operationsReply(idsOf(call).map((id) => recordOf(call, id)));
}

/** DELETE …/bulk_operations */
export function deleteBulkOperations(call: Call): Reply {
  const { services, app } = call;
  for (const id of idsOf(call)) services.store.run("DELETE FROM operations WHERE app = ? AND id = ?", app.seq, id);
  return {};
}

function recordOf({ services, app }: Call, id: string): JsonObject {
  const sql = "SELECT data FROM operations WHERE app = ? AND id = ?";
  const row = services.store.get<{ data: string }>(sql, app.seq, id);
  if (!row) throw doesNotExist(`the bulk operation "${id}" does not exist`);
  return JSON.parse(row.data) as JsonObject;
}

/** The API leaves an empty list out. */
function operationsReply(records: JsonObject[]): Reply {
  return { json: records.length > 0 ? { bulk_operation: records } : {} };
}

function idsOf({ body }: Call): string[] {
  const ids = textsIn(body.ids);
  if (ids.length === 0) throw invalidRequest("ids is empty");
  return ids;
}

/** Returns the inputs of an operation: by ids, by a search, or of a dataset. */
function sourceOf(call: Call, value: JsonObject): InputRow[] {
  const { services, app } = call;
  if (isObject(value.input_ids)) {
    return textsIn(value.input_ids.input_ids)
      .map((id) => services.store.input(app.seq, id))
      .filter((row) => row !== undefined);
  }
  if (isObject(value.search)) {
    const { query } = value.search;
    if (!isObject(query))
      throw new Refusal(statusCodes.BULK_OPERATION_INVALID_REQUEST, "the search of a bulk operation has no query");
    if (isRanking(query))
      throw new Refusal(
        statusCodes.BULK_OPERATION_INVALID_REQUEST,
        "ranks find every input; a bulk operation needs filters",
      );
    return searchInputs(services.store, app, value.search);
  }
  const { id } = datasetOf(call, String((value.dataset as JsonObject).id ?? ""));
  return searchInputs(services.store, app, { query: { filters: [{ input: { dataset_ids: [id] } }] } });
}

function apply(call: Call, row: InputRow, operation: JsonObject): void {
  for (const [name, parameters] of Object.entries(operation)) {
    if (isObject(parameters) && Object.hasOwn(operations, name)) operations[name]?.(call, row, parameters);
  }
}

type Operation = (call: Call, row: InputRow, parameters: JsonObject) => void;

/** The operations on one input, by their names in requests. */
const operations: Readonly<Record<string, Operation>> = {
  add_concepts(call, row, { concepts }) {
    const incoming = incomingConcepts(concepts);
    call.services.store.ensureConcepts(row.app, incoming);
    const added = incoming.map(({ id, value }) => ({ id, value }));
    const fields = fieldsOf(row);
    setFields(call, row, { ...fields, concepts: patchConcepts(fields.concepts ?? [], added, "merge") });
  },
  delete_concepts: deleteConcepts,
  add_metadata(call, row, { metadata }) {
    const fields = fieldsOf(row);
    if (isObject(metadata)) setFields(call, row, { ...fields, metadata: { ...fields.metadata, ...metadata } });
  },
  delete_metadata(call, row, { metadata }) {
    const fields = fieldsOf(row);
    const entries = Object.entries(objectIn(metadata));
    const equal = entries.filter(([key, value]) => isDeepStrictEqual(fields.metadata?.[key], value));
    const removal = Object.fromEntries(equal.map(([key]) => [key, true]));
    setFields(call, row, { ...fields, metadata: patchObject(fields.metadata ?? {}, removal, "remove") });
  },
  overwrite_geo(call, row, parameters) {
    setFields(call, row, { ...fieldsOf(row), ...incomingFields(parameters) });
  },
  delete_geo(call, row) {
    const { geo: _, ...rest } = fieldsOf(row);
    setFields(call, row, rest);
  },
  add_to_dataset(call, row, { dataset_id: id }) {
    addToDataset(call, ensureDataset(call, String(id ?? "")), row.seq);
  },
  delete_from_dataset({ services }, row, { dataset_id: id }) {
    const sql = "DELETE FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
    services.store.run(sql, row.app, String(id ?? ""), row.seq);
  },
  delete_annotations({ services }, row) {
    services.store.run("DELETE FROM annotations WHERE app = ? AND input_id = ? AND level = 0", row.app, row.id);
  },
};

function fieldsOf({ fields }: InputRow): Fields {
  return JSON.parse(fields) as Fields;
}

/** Deletes concepts from all annotations of an input by the users in the request. Default: by the user of the app. */
function deleteConcepts(call: Call, row: InputRow, { concepts: list, user_ids: userIds }: JsonObject): void {
  const { store } = call.services;
  const users = textsIn(userIds);
  if (users.length > 0 && !users.includes(call.app.user)) return;
  const concepts = incomingConcepts(list);
  const without = (existing: readonly StoredConcept[] = []) => patchConcepts(existing, concepts, "remove");
  const fields = fieldsOf(row);
  setFields(call, row, { ...fields, concepts: without(fields.concepts) });
  const sql = "SELECT * FROM annotations WHERE app = ? AND input_id = ? AND level = 0";
  for (const annotation of store.all<AnnotationRow>(sql, row.app, row.id)) {
    const data = JSON.parse(annotation.data) as AnnotationData;
    const region = data.region && { ...data.region, concepts: without(data.region.concepts) };
    const changed = JSON.stringify({ ...data, concepts: without(data.concepts), ...(region ? { region } : {}) });
    store.run("UPDATE annotations SET data = ?, modified_at = ? WHERE seq = ?", changed, timestamp(), annotation.seq);
  }
}

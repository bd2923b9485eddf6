/** Routes of bulk operations. */

import { isDeepStrictEqual } from "node:util";
import { isRanking } from "../search/ranks.js";
import { searchInputs } from "../search/search.js";
import { incomingConcepts, incomingFields, isObject } from "../server/incoming.js";
import { Refusal, status } from "../server/status.js";
import type { AnnotationData, AnnotationRow, Fields, InputRow, JsonObject, StoredConcept } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { type Call, objectsOf, pageOf, type Reply, textsOf } from "./context.js";
import { datasetOf } from "./datasets.js";
import { addToDataset, ensureDataset, setFields } from "./inputs.js";
import { patchConcepts, patchObject } from "./patching.js";

const knownOperations = new Set([
  "add_concepts",
  "delete_concepts",
  "add_metadata",
  "delete_metadata",
  "overwrite_geo",
  "delete_geo",
  "add_to_dataset",
  "delete_from_dataset",
  "delete_annotations",
]);

/** POST …/bulk_operations: carried out at once */
export function postBulkOperations(call: Call): Reply {
  const { services, app, body } = call;
  const values = objectsOf(body.bulk_operations, "bulk_operations");
  for (const value of values) checkOperation(value);
  const done = values.map((value) => {
    const rows = sourceOf(call, value);
    const operation = isObject(value.operation) ? value.operation : {};
    services.store.transaction(() => {
      for (const row of rows) apply(call, row, operation);
    });
    const id = newId();
    const record: JsonObject = {
      id,
      app_id: app.id,
      status: status(25400) as unknown as JsonObject,
      progress: rows.length > 0 ? { processed: rows.length, last_processed_id: (rows.at(-1) as InputRow).id } : {},
      created_at: timestamp(),
    };
    const sql = "INSERT INTO operations (app, id, data, created_at) VALUES (?, ?, ?, ?)";
    services.store.run(sql, app.seq, id, JSON.stringify(record), timestamp());
    return record;
  });
  return { json: { bulk_operation: done } };
}

/** Nothing is carried out when one of the operations is not valid. */
function checkOperation(value: JsonObject): void {
  const names = isObject(value.operation) ? Object.keys(value.operation) : [];
  const known = names.filter((name) => knownOperations.has(name));
  if (known.length === 0) throw new Refusal(25404, `the operation ${names.join(", ") || "(none)"} is not known`);
  if (known.length > 1) throw new Refusal(25404, `one operation at a time, not ${known.join(" and ")}`);
  const sources = ["input_ids", "search", "dataset"].filter((name) => isObject(value[name]));
  if (sources.length === 1) return;
  throw new Refusal(25404, "a bulk operation needs one of input_ids, search and dataset");
}

/** GET …/bulk_operations */
export function listBulkOperations({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT data FROM operations WHERE app = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  const rows = services.store.all<{ data: string }>(sql, app.seq, size, offset);
  return shown(rows.map((row) => JSON.parse(row.data) as JsonObject));
}

/** GET …/bulk_operations/{id} */
export function getBulkOperation(call: Call): Reply {
  return { json: { bulk_operation: recordOf(call, call.parts[0] ?? "") } };
}

/** PATCH …/bulk_operations: they are over, so nothing is left to cancel */
export function cancelBulkOperations(call: Call): Reply {
  return shown(idsOf(call).map((id) => recordOf(call, id)));
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
  if (!row) throw new Refusal(11101, `the bulk operation "${id}" does not exist`);
  return JSON.parse(row.data) as JsonObject;
}

/** A list that is not shown when it is empty. */
function shown(operations: JsonObject[]): Reply {
  return { json: operations.length > 0 ? { bulk_operation: operations } : {} };
}

function idsOf({ body }: Call): string[] {
  const ids = textsOf(body.ids);
  if (ids.length === 0) throw new Refusal(11102, "ids is empty");
  return ids;
}

function sourceOf(call: Call, value: JsonObject): InputRow[] {
  const { services, app } = call;
  if (isObject(value.input_ids)) {
    return textsOf(value.input_ids.input_ids)
      .map((id) => services.store.input(app.seq, id))
      .filter((row) => row !== undefined);
  }
  if (isObject(value.search)) {
    const { query } = value.search;
    if (!isObject(query)) throw new Refusal(25404, "the search of a bulk operation has no query");
    if (isRanking(query)) throw new Refusal(25404, "ranks find every input; a bulk operation needs filters");
    return searchInputs(services.store, app, value.search);
  }
  const { id } = datasetOf(call, String((value.dataset as JsonObject).id ?? ""));
  return searchInputs(services.store, app, { query: { filters: [{ input: { dataset_ids: [id] } }] } });
}

function apply(call: Call, row: InputRow, operation: JsonObject): void {
  const { store } = call.services;
  const fields = JSON.parse(row.fields) as Fields;
  const given = (name: string) => (isObject(operation[name]) ? operation[name] : undefined);
  const added = given("add_concepts");
  if (added) {
    const concepts = incomingConcepts(added.concepts);
    store.ensureConcepts(row.app, concepts);
    const plain = concepts.map(({ id, value }) => ({ id, value }));
    setFields(call, row, { ...fields, concepts: patchConcepts(fields.concepts ?? [], plain, "merge") });
  } else if (given("delete_concepts")) {
    deleteConcepts(call, row, given("delete_concepts") as JsonObject);
  } else if (given("add_metadata")) {
    const metadata = given("add_metadata")?.metadata;
    if (isObject(metadata)) setFields(call, row, { ...fields, metadata: { ...fields.metadata, ...metadata } });
  } else if (given("delete_metadata")) {
    const metadata = given("delete_metadata")?.metadata;
    const pairs = isObject(metadata) ? Object.entries(metadata) : [];
    const same = pairs
      .filter(([key, value]) => isDeepStrictEqual(fields.metadata?.[key], value))
      .map(([key]) => [key, true]);
    setFields(call, row, {
      ...fields,
      metadata: patchObject(fields.metadata ?? {}, Object.fromEntries(same), "remove"),
    });
  } else if (given("overwrite_geo")) {
    setFields(call, row, { ...fields, ...incomingFields(given("overwrite_geo") as JsonObject) });
  } else if (given("delete_geo")) {
    const { geo: _, ...rest } = fields;
    setFields(call, row, rest);
  } else if (given("add_to_dataset")) {
    addToDataset(call, ensureDataset(call, String(given("add_to_dataset")?.dataset_id ?? "")), row.seq);
  } else if (given("delete_from_dataset")) {
    const dataset = String(given("delete_from_dataset")?.dataset_id ?? "");
    store.run("DELETE FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?", row.app, dataset, row.seq);
  } else if (given("delete_annotations")) {
    store.run("DELETE FROM annotations WHERE app = ? AND input_id = ? AND level = 0", row.app, row.id);
  }
}

/** Takes concepts from all annotations of an input that were made by the given users; by default, by the one who asks. */
function deleteConcepts(call: Call, row: InputRow, { concepts: given, user_ids: userIds }: JsonObject): void {
  const { store } = call.services;
  const users = textsOf(userIds);
  if (users.length > 0 && !users.includes(call.app.user)) return;
  const concepts = incomingConcepts(given);
  const without = (there: readonly StoredConcept[] | undefined) => patchConcepts(there ?? [], concepts, "remove");
  const fields = JSON.parse(row.fields) as Fields;
  setFields(call, row, { ...fields, concepts: without(fields.concepts) });
  const sql = "SELECT * FROM annotations WHERE app = ? AND input_id = ? AND level = 0";
  for (const annotation of store.all<AnnotationRow>(sql, row.app, row.id)) {
    const data = JSON.parse(annotation.data) as AnnotationData;
    const region = data.region && { ...data.region, concepts: without(data.region.concepts) };
    const changed = JSON.stringify({ ...data, concepts: without(data.concepts), ...(region ? { region } : {}) });
    store.run("UPDATE annotations SET data = ?, modified_at = ? WHERE seq = ?", changed, timestamp(), annotation.seq);
  }
}

/** The operations of bulk operations, on one input. */

import { isDeepStrictEqual } from "node:util";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import type { AnnotationData, AnnotationRow, Fields, InputRow, StoredConcept } from "../../store/model.js";
import { timestamp } from "../../store/store.js";
import { incomingConcepts, incomingFields } from "../../wire/incoming-fields.js";
import { objectIn, textsIn } from "../../wire/lenient-json.js";
import type { Call } from "../context.js";
import { addToDataset, ensureDataset } from "../dataset-members.js";
import { setFields } from "../inputs/input-rows.js";
import { patchConcepts, patchObject } from "../patching.js";
import { datasetAt } from "./splits.js";

/** Whether the emulator has the operation. */
export function isOperation(name: string): boolean {
  return Object.hasOwn(operations, name);
}

/** Carries an operation out on one input. `share` is the place of the input among all, from 0 to 1. */
export function applyOperation(call: Call, row: InputRow, operation: JsonObject, share: number): void {
  for (const [name, parameters] of Object.entries(operation)) {
    if (isObject(parameters) && isOperation(name)) operations[name]?.(call, row, parameters, share);
  }
}

type Operation = (call: Call, row: InputRow, parameters: JsonObject, share: number) => void;

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
  split_into_datasets(call, row, parameters, share) {
    const dataset = datasetAt(parameters, share);
    if (dataset !== undefined) addToDataset(call, ensureDataset(call, dataset), row.seq);
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

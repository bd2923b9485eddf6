/** Carries an action out on one input, by the routes of the API. */

import { isSameJson, type JsonObject } from "../../../core/util/json/json-values.js";
import type { Call } from "../../routes/context.js";
import { deleteDatasetInputs, postDatasetInputs } from "../../routes/dataset-inputs.js";
import type { AnnotationRow, Fields, InputRow } from "../../store/model.js";
import { ItemRefusal, Refusal } from "../../wire/refusals.js";
import type { ActionInputRow, DeletedState } from "./action-rows.js";
import { type FieldAction, isFieldAction, patched, patchOf, sendPatch } from "./patches.js";
import type { ActionRequest, Outcome } from "./shapes.js";

/** What happened to one input. */
export interface Result {
  outcome: Outcome;
  reason?: string | undefined;
  /** What an undo restores. */
  before?: JsonObject | DeletedState;
  /** Its file, which the store keeps for an undo. */
  sha256?: string | null;
}

/** Carries an action out on an input. @param takenAt when the input was selected */
export function applyAction(call: Call, action: ActionRequest, item: ActionInputRow, takenAt: string): Result {
  const { services, app } = call;
  const sql = "SELECT * FROM inputs WHERE seq = ? AND app = ? AND deleting = 0";
  const [row] = services.store.all<InputRow>(sql, item.input, app.seq); // `get` adds a field of the driver
  if (!row) return { outcome: "gone", reason: "it was deleted since it was selected" };
  try {
    if (isFieldAction(action)) return patch(call, action, row);
    if (action.kind === "delete") return remove(call, row, takenAt);
    return action.kind === "add-to-dataset" ? join(call, action.dataset, row) : leave(call, action.dataset, row);
  } catch (error) {
    if (error instanceof Refusal || error instanceof ItemRefusal) return { outcome: "failed", reason: error.message };
    throw error;
  }
}

function patch(call: Call, action: FieldAction, row: InputRow): Result {
  const fields = JSON.parse(row.fields) as Fields;
  const change = patchOf(action, fields);
  if (change === undefined) return { outcome: "unchanged" };
  if (typeof change === "string") return { outcome: "failed", reason: change };
  if (isSameJson(patched(fields, change) as JsonObject, fields as JsonObject)) return { outcome: "unchanged" };
  const reason = sendPatch(call, row.id, change);
  return reason === undefined ? { outcome: "changed", before: fields as JsonObject } : { outcome: "failed", reason };
}

function join(call: Call, dataset: string, row: InputRow): Result {
  if (joinedAt(call, dataset, row) !== undefined) return { outcome: "unchanged" };
  const body = { dataset_inputs: [{ input: { id: row.id } }] };
  postDatasetInputs({ ...call, parts: [dataset], body });
  return { outcome: "changed", before: { joinedAt: joinedAt(call, dataset, row) ?? "" } };
}

function leave(call: Call, dataset: string, row: InputRow): Result {
  const at = joinedAt(call, dataset, row);
  if (at === undefined) return { outcome: "unchanged" };
  deleteDatasetInputs({ ...call, parts: [dataset], body: { input_ids: [row.id] } });
  return { outcome: "changed", before: { joinedAt: at } };
}

/** Returns when an input was added to a dataset. Undefined: it is not in it. */
export function joinedAt({ services, app }: Call, dataset: string, { seq }: Pick<InputRow, "seq">): string | undefined {
  const sql = "SELECT created_at FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
  return services.store.get<{ created_at: string }>(sql, app.seq, dataset, seq)?.created_at;
}

/** Returns the state of an input for an undo. The caller records it before it deletes the input, so that the store keeps the file. */
function remove({ services, app }: Call, row: InputRow, takenAt: string): Result {
  const { store } = services;
  const annotations = store.all<AnnotationRow>(
    "SELECT * FROM annotations WHERE app = ? AND input_id = ? ORDER BY seq",
    ...[app.seq, row.id],
  );
  const isNewer = [row, ...annotations].some((one) => one.modified_at > takenAt);
  if (isNewer) return { outcome: "conflict", reason: "it was changed since it was selected, so it was not deleted" };
  const sql = "SELECT dataset, created_at FROM dataset_inputs WHERE input = ? ORDER BY dataset";
  const datasets = store.all<DeletedState["datasets"][number]>(sql, row.seq);
  return { outcome: "changed", before: { row, annotations, datasets }, sha256: row.sha256 };
}
